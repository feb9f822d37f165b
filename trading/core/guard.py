"""What the desk does for its rules: turns of day, week and month, the ladder of warnings, closures, whole cases."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

from trading.core import stopping, targets
from trading.core.plan import intent_for
from trading.core.sleeve import Line
from trading.domain.actions import Action, Publish
from trading.domain.depth import Depth
from trading.domain.events import DrawdownWarned, FeedLost, FeedRestored, LimitsChanged
from trading.domain.market import Candle, is_price
from trading.domain.order import OrderIntent, OrderKind, Reason, Side
from trading.domain.risk import Cleared, Halt, HaltKind, Limits, RiskDecision, per_cent
from trading.portfolio.sizing import fixed_share
from trading.risk.account import is_lost
from trading.risk.market import Market
from trading.risk.rules import Case

if TYPE_CHECKING:
    from trading.core.desk import Desk

ZERO = Decimal(0)
NEVER = datetime.fromtimestamp(0, UTC)
PRICES = "prices"  # who closes entries for want of them
BOOK_LASTS = timedelta(minutes=1)  # an older order book says nothing about now


def case(desk: "Desk", intent: OrderIntent, at: datetime) -> Case:
    """Everything the rules may look at. An exit needs little, and nothing that could be missing."""
    account, instrument = desk.account(at), desk.instruments[intent.symbol]
    if intent.reduce_only:
        if account.pending:
            account = replace(account, pending=desk.orders.blocking)
        return Case(
            intent=intent, account=account, instrument=instrument, limits=desk.limits, halts=desk.halts.all
        )
    return Case(
        intent=intent,
        account=account,
        instrument=instrument,
        limits=desk.limits,
        halts=desk.halts.all,
        live=desk.orders.live,
        past=desk.risk.past(intent.sleeve, at),
        market=_market(desk, at),
        depth=_depth(desk, intent.symbol, at),
        closure=desk.calendar.at(at),
        strategies=_strategies(desk),
    )


def standing(desk: "Desk") -> Case:
    """The account as it stands: an order of nothing, for meters and for what rules would compare."""
    symbol = next(iter(desk.instruments))
    at = desk.last_candle_at or NEVER
    nothing = OrderIntent(
        client_id="",
        sleeve="",
        symbol=symbol,
        side=Side.BUY,
        kind=OrderKind.MARKET,
        amount=ZERO,
        limit_price=None,
        reduce_only=False,
        reason=Reason.SIGNAL,
        price_at_decision=desk.book.prices.get(symbol, ZERO),
        decided_at=at,
    )
    return case(desk, nothing, at)


def usual(desk: "Desk", sleeve: str, symbol: str) -> Decimal | None:
    """How much this sleeve buys of a symbol when it wants to be in; None: no price is known."""
    price, at = desk.book.prices.get(symbol), desk.last_candle_at
    if price is None or at is None:
        return None
    owner, instrument = desk.sleeves[sleeve], desk.instruments[symbol]
    line = desk.lines.get((sleeve, symbol), Line())
    in_full = replace(line, acted=targets.sized(desk, owner, symbol, 1.0, at))
    full = targets.target(desk, owner, symbol, in_full, price)
    if full > 0:
        return full
    # no weight or size is known yet
    return fixed_share(1.0, desk.book.equity, owner.share, len(owner.symbols), price, instrument)


def wanted(desk: "Desk", sleeve: str, symbol: str) -> Case | None:
    """What the gate would be asked if this sleeve bought its usual size of a symbol now; None: too little."""
    full, at = usual(desk, sleeve, symbol), desk.last_candle_at
    if full is None or at is None:
        return None
    intent = intent_for(
        account=desk.book.name,
        sleeve=sleeve,
        instrument=desk.instruments[symbol],
        target=full,
        held=ZERO,
        price=desk.book.prices[symbol],
        reason=Reason.SIGNAL,
        at=at,
    )
    return None if intent is None else case(desk, intent, at)


def order_share(desk: "Desk", sleeve: str) -> float:
    """What one order of this sleeve may take."""
    own = desk.limits.sleeves.get(sleeve)
    return min(desk.limits.order_share, own.order_share) if own else desk.limits.order_share


def _market(desk: "Desk", at: datetime) -> Market | None:
    """The past as rules read it, made once for all orders of a moment."""
    if not desk.limits.needs_history:
        return None
    known = desk.risk.market
    if known is None or known[0] != at:
        now = int(at.timestamp())
        market = Market(lambda symbol: desk.answers.history(symbol, now), desk.answers.history_seconds)
        known = desk.risk.market = (at, market)
    return known[1]


def _depth(desk: "Desk", symbol: str, at: datetime) -> Depth | None:
    depth = desk.depths.get(symbol)
    return depth if depth is not None and at - depth.at <= BOOK_LASTS else None


def _strategies(desk: "Desk") -> dict[str, str]:
    if desk.limits.strategy_exposure == inf:
        return {}
    return {name: sleeve.strategy.name for name, sleeve in desk.sleeves.items()}


def answered(desk: "Desk", asked: Case, answer: Cleared | RiskDecision) -> None:
    """Remember what was asked for /why, and what left for the rules about pace."""
    desk.risk.asked[asked.intent.sleeve, asked.intent.symbol] = (asked, answer)
    if isinstance(answer, Cleared) and not answer.intent.reduce_only:
        desk.risk.left(answer.intent, asked.instrument.taker_fee)


def turn(desk: "Desk", at: datetime) -> list[Action]:
    """On the first candle of a day: what was lost in the day, the week and the month before is over."""
    if desk.book.day is None or desk.book.day == desk.risk.day:
        return []
    actions: list[Action] = []
    week, month = desk.risk.turn(desk.book.day, desk.book.day_start_equity)
    for kind, over, by in (
        (HaltKind.DAILY_LOSS, True, "the new day"),
        (HaltKind.WEEKLY_LOSS, week, "the new week"),
        (HaltKind.MONTHLY_LOSS, month, "the new month"),
    ):
        if over and kind in desk.halts:
            actions += stopping.resume(desk, at, kind, by)
    return actions


def take_limits(desk: "Desk", event: LimitsChanged) -> list[Action]:
    """Hold the account to new limits, at once; what was refused by the old ones is asked again."""
    before, desk.limits, desk.risk.market = desk.limits, event.limits, None
    for line in desk.lines.values():
        line.refusal = ""
    opened = _open_again(desk, before, event) if desk.seen else []
    if desk.halts.killed or not desk.seen:
        return []
    actions = opened + stopping.watch(desk, event.at)
    return actions if desk.halts.killed else actions + watch(desk, event.at)


def _open_again(desk: "Desk", before: Limits, event: LimitsChanged) -> list[Action]:
    """A period's loss that the loosened limit allows closes nothing any more; a stricter limit never opens."""
    actions: list[Action] = []
    for kind, name, start in (
        (HaltKind.DAILY_LOSS, "daily_loss", desk.book.day_start_equity),
        (HaltKind.WEEKLY_LOSS, "weekly_loss", desk.risk.week_start_equity),
        (HaltKind.MONTHLY_LOSS, "monthly_loss", desk.risk.month_start_equity),
    ):
        limit = getattr(event.limits, name)
        if kind not in desk.halts or limit <= getattr(before, name):
            continue
        if not is_lost(desk.book.equity, start, limit):
            actions += stopping.resume(desk, event.at, kind, event.by)
            continue
        since = desk.halts.since(kind, event.at)
        desk.halts.lift(kind)  # it goes on, for the limit that is in force now
        desk.halts.raise_(replace(_lost(desk, kind, limit, event.at), since=since))
    return actions


def watch(desk: "Desk", at: datetime) -> list[Action]:
    """What closes entries beside the day's loss: the week, the month, an event; and the ladder's warnings."""
    limits, risk = desk.limits, desk.risk
    actions = watch_calendar(desk, at)
    for kind, limit, start in (
        (HaltKind.WEEKLY_LOSS, limits.weekly_loss, risk.week_start_equity),
        (HaltKind.MONTHLY_LOSS, limits.monthly_loss, risk.month_start_equity),
    ):
        if limit < 1 and kind not in desk.halts and is_lost(desk.book.equity, start, limit):
            actions += stopping.halt(desk, _lost(desk, kind, limit, at))
    if limits.drawdown_warnings:
        actions += _warn(desk, at)
    return actions


def _lost(desk: "Desk", kind: HaltKind, limit: float, at: datetime) -> Halt:
    if kind is HaltKind.WEEKLY_LOSS:
        reason = f"this week's loss reached its limit of -{per_cent(limit)}"
    elif kind is HaltKind.MONTHLY_LOSS:
        reason = f"this month's loss reached its limit of -{per_cent(limit)}"
    else:
        reason = stopping.day_lost(desk, at)
    return Halt(kind=kind, reason=reason, by="risk", since=at)


def judge_prices(desk: "Desk", candles: Iterable[Candle], at: datetime) -> list[Action]:
    """A candle without a price marks nothing and decides nothing: entries are closed until its market has one again.

    The book keeps the last price there was, so what is lost is neither overlooked nor made up, and exits go on.
    """
    actions: list[Action] = []
    for candle in candles:
        halt = next((h for h in desk.halts.all if h.kind is HaltKind.FEED), None)
        if not candle.sound and halt is None:
            low = candle.close if not is_price(candle.close) else candle.low
            reason = f"the newest candle of {candle.symbol} says {low:g}, which is no price"
            found = Halt(kind=HaltKind.FEED, reason=reason, by=PRICES, since=at)
            actions += [*stopping.halt(desk, found), Publish(FeedLost(at, reason))]
        elif candle.sound and halt is not None and halt.by == PRICES and f" {candle.symbol} " in halt.reason:
            actions += [*stopping.resume(desk, at, HaltKind.FEED, PRICES), Publish(FeedRestored(at, 0))]
    return actions


def watch_calendar(desk: "Desk", at: datetime) -> list[Action]:
    """Tell when an event closes entries and when it is over; the gate looks at the calendar itself."""
    closure = desk.calendar.at(at) if desk.calendar.closures else None
    halted = next((h for h in desk.halts.all if h.kind is HaltKind.CALENDAR), None)
    if closure is None:
        return stopping.resume(desk, at, HaltKind.CALENDAR, "calendar") if halted else []
    reason = f"{closure.name}, until {closure.until:%Y-%m-%d %H:%M} UTC"
    if halted is not None and halted.reason == reason:
        return []
    desk.halts.lift(HaltKind.CALENDAR)
    return stopping.halt(desk, Halt(kind=HaltKind.CALENDAR, reason=reason, by="calendar", since=at))


def _warn(desk: "Desk", at: datetime) -> list[Action]:
    """Each step of the ladder is told once during a fall; a fall is over when half the lowest step is won back."""
    steps, book, risk = sorted(desk.limits.drawdown_warnings), desk.book, desk.risk
    equity = book.equity
    if not is_lost(equity, book.peak_equity, steps[0] / 2):
        risk.warned = 0.0
        return []
    reached = [s for s in steps if s > risk.warned and is_lost(equity, book.peak_equity, s)]
    if not reached or is_lost(equity, book.peak_equity, desk.limits.drawdown):
        return []
    risk.warned = reached[-1]
    fall = float(1 - equity / book.peak_equity) if book.peak_equity > 0 else 0.0
    return [Publish(DrawdownWarned(at, fall, reached[-1], desk.limits.drawdown))]
