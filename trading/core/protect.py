"""Protective levels: where a position is sold inside a candle, and how the levels move when one has closed.

Only what is held is protected; nothing here is ever short. Prices are measured, so they are floats, rounded to 1e-8
as recorded candles are: every gear that works them out gets the very same level.
"""

import math
from dataclasses import dataclass

from trading.domain.market import Candle
from trading.domain.order import Reason
from trading.domain.protection import Protection

GRID = 1e8
UNKNOWN = -1.0  # in place of an average true range
EXACT = 2.0**51  # a price of more steps than this has no such digits


def snap(price: float) -> float:
    """The price to eight decimals, halves to the even one."""
    steps = price * GRID
    return price if steps >= EXACT else round(steps) / GRID


@dataclass(slots=True)
class Guard:
    """What is known of one protected position."""

    entry: float  # its average price
    since: int  # seconds; when it was opened
    amount: float  # the most that was held, for the shares of the tiers
    swing: float  # the ATR at the entry, or the first one known after it; 0 where nothing asks for it
    best: float  # the highest price since the entry
    trail: float = 0.0  # the highest that best less its ATRs has been; 0 where there is none
    taken: int = 0  # tiers that were sold
    tried: int = 0  # the close (seconds) of the candle in which a sale was last asked for
    sold: float = 0.0  # of the next tier, where its order was filled in part so far


@dataclass(frozen=True, slots=True)
class Touch:
    """A level was met: at which price, why, and how much of the whole position goes (None: all that is left)."""

    price: float
    reason: Reason
    share: float | None = None


def begin(p: Protection, entry: float, since: int, amount: float, swing: float) -> Guard:
    """The guard of a position that was just opened."""
    entry = snap(entry)
    guard = Guard(entry, since, amount, swing, entry)
    if p.atr_trail and swing != UNKNOWN:
        guard.trail = snap(entry - p.atr_trail * swing)
    return guard


def enlarge(guard: Guard, entry: float, amount: float) -> None:
    """More was bought: the levels follow the average price, what was seen since stays."""
    guard.entry, guard.amount = snap(entry), amount
    guard.best = max(guard.best, guard.entry)


def stop_level(p: Protection, guard: Guard) -> float:
    """Where the stop stands that may act at any time: the nearer of the two there may be; 0 where there is none.

    While nobody knows the average true range only the other one stands.
    """
    fixed = snap(guard.entry * (1.0 - p.stop)) if p.stop else 0.0
    if not p.atr_stop or guard.swing == UNKNOWN:
        return fixed
    return max(fixed, snap(guard.entry - p.atr_stop * guard.swing))


def trail_level(p: Protection, guard: Guard) -> float:
    """Where the trailing stops stand; 0 while there is none."""
    follows = p.trail and guard.best >= snap(guard.entry * (1.0 + p.trail_from))
    return max(guard.trail, snap(guard.best * (1.0 - p.trail))) if follows else guard.trail


def target(p: Protection, guard: Guard) -> tuple[float, float | None]:
    """The next price at which something is taken, and how much; no price is far away."""
    if guard.taken < len(p.tiers):
        gain, share = p.tiers[guard.taken]
        return snap(guard.entry * (1.0 + gain)), share
    return (snap(guard.entry * (1.0 + p.take)), None) if p.take else (math.inf, None)


def holds(p: Protection, guard: Guard, at: int, bar: int) -> bool:
    """Whether at this time only the stop may end the position."""
    return at - guard.since < p.min_hold * bar


def overdue(p: Protection, guard: Guard, at: int, bar: int) -> bool:
    """Whether the position has been held for as long as it may be."""
    return p.time_stop > 0 and at - guard.since >= p.time_stop * bar


def seen(guard: Guard, candle: Candle) -> tuple[float, float, float]:
    """Open, high and low of the candle, as far as the position lived through it: of the one it was opened within,
    only the close is known to have come after."""
    if int(candle.opened_at.timestamp()) < guard.since:
        return candle.close, candle.close, candle.close
    return candle.open, candle.high, candle.low


def touched(p: Protection, guard: Guard, candle: Candle, bar: int) -> Touch | None:
    """What this candle met first of the levels that stood before it; asked again after every sale."""
    opened, high, low = seen(guard, candle)
    held_back = holds(p, guard, int(candle.opened_at.timestamp()), bar)
    stop, why = stop_level(p, guard), Reason.STOP
    goal, share = math.inf, None
    if not held_back:
        trail = trail_level(p, guard)
        if trail > stop:
            stop, why = trail, Reason.TRAILING_STOP
        goal, share = target(p, guard)
    if opened <= stop:
        return Touch(opened, why)
    if opened >= goal:
        return Touch(opened, Reason.TAKE_PROFIT, share)
    if low <= stop and (high < goal or p.both_touched == "stop"):
        return Touch(stop, why)
    return Touch(goal, Reason.TAKE_PROFIT, share) if high >= goal else None


def closed(p: Protection, guard: Guard, candle: Candle, swing: float | None) -> None:
    """Move the levels after a candle that was survived; `swing` is the newest ATR, where one is known."""
    guard.best = max(guard.best, seen(guard, candle)[1])
    if guard.swing == UNKNOWN and swing is not None:
        guard.swing = swing
    if p.atr_trail and swing is not None:
        guard.trail = max(guard.trail, snap(guard.best - p.atr_trail * swing))
