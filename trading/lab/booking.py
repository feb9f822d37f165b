"""A run booked to the last digit: wishes or the compiled gear say when and which way, the desk's arithmetic how much.

For the plainest and most frequent question, one strategy that is in or out of one market and meets no limit on its
way, this leaves the same account behind as stepping the desk through every candle, in a fraction of the time;
tests/parity holds the two together, to every id and digit. Where anything else than that happens, the desk itself
does the work.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from trading.build import Room
from trading.core.book import Book
from trading.core.frames import Floats, Ints
from trading.core.signals import Board
from trading.domain.account import Mode
from trading.domain.order import Dealt, Reason, Side
from trading.domain.report import EquityPoint
from trading.execution.sim import fee_of
from trading.lab import compiled, kernel
from trading.lab.compiled import Kernel, Kinds, Market, Rules
from trading.lab.job import NO_LIMITS, Job
from trading.lab.track import NEARLY
from trading.portfolio.sizing import fixed_share
from trading.recorder import numbered
from trading.risk.rules import Limits

MOSTLY = Decimal("0.95")
LEAP = 0.03  # between a close and the next open
CLOSE = 1e-6  # a share by which amounts of the two may differ; rounding makes 1e-8 at most
FEWEST = Decimal("1e-6")  # smaller amounts are so few steps that one more or less changes what is decided
REASONS = {
    kernel.SIGNAL: Reason.SIGNAL,
    kernel.TIME: Reason.TIME_STOP,
    kernel.STOP: Reason.STOP,
    kernel.TRAIL: Reason.TRAILING_STOP,
    kernel.TARGET: Reason.TAKE_PROFIT,
}


def booked(job: Job) -> Room | None:
    """The account after this job; None when it is one for the desk."""
    if job.limits.order_share < 1 or float(job.fee) > 0.004 or compiled.cannot(job):
        return None  # above that fee the cash would cut orders down at the gate
    loaded = "numba" in sys.modules  # a lone run is over before it is
    gear = compiled.fastest() if loaded else compiled.PLAIN
    market = Market.of(job.recorded[0], job.timeframe, gear)
    wishes = compiled.wanted(market, job.strategy, job.params, gear)
    if not (np.isnan(wishes) | (wishes == 0.0) | (wishes == 1.0)).all():
        return None
    if job.begin is not None:
        cut = int(np.searchsorted(market.opened, int(job.begin.timestamp())))
        market, wishes = market[cut:], wishes[cut:].copy()
    orders = None if job.parts[0].protection.on else _by_wishes(market, wishes)
    if orders is None:
        orders = _by_gear(market, wishes, job, gear)
    if orders is None:
        return None
    room = job.open_room(Mode.BACKTEST, Board(job.base))
    books = _Books(job, room, market)
    if not books.all_filled(orders) or not books.far_from(job.limits, orders):
        return None
    room.recorder.equity = books.equity(orders)
    books.finish()
    return room


class _Orders(NamedTuple):
    """What was ordered: one row for each fill, oldest first."""

    bars: Ints
    why: Kinds
    amounts: Floats  # with their signs; of wishes alone these are just 1 and -1
    met: Floats
    counted: bool  # whether the amounts are known, as floats


def _by_gear(market: Market, wishes: Floats, job: Job, gear: Kernel) -> _Orders | None:
    """By the loops of the compiled gear, which know protective levels."""
    run = compiled.trade(market, wishes, replace(Rules.of(job), limits=NO_LIMITS), gear)
    return None if run is None else _Orders(run.bars, run.why, run.amounts, run.met, True)


def _by_wishes(market: Market, wishes: Floats) -> _Orders | None:
    """In at every first wish to be in, out at every first wish to be out, each at the next open."""
    silent = np.isnan(wishes)
    first = int(silent.argmin())  # what is before is warm-up
    if silent[first:].any():
        said = np.flatnonzero(~silent)
        turns = said[np.diff(wishes[said], prepend=0.0) != 0]
    else:
        turns = np.flatnonzero(wishes[1:] != wishes[:-1]) + 1
        turns = np.concatenate(([first] if wishes[first] != 0 else [], turns[turns > first])).astype(np.int64)
    bars = turns[turns + 1 < len(wishes)] + 1
    met, before = market.open[bars], market.close[bars - 1]
    if (np.abs(met / before - 1) > LEAP).any():
        return None  # so far from the price it was decided on, an order may have to be followed by another
    signs = np.where(np.arange(len(bars)) % 2 == 0, 1.0, -1.0)
    return _Orders(bars, np.zeros(len(bars), np.int8), signs, met, False)


class _Books:
    """The account's money, fill by fill."""

    def __init__(self, job: Job, room: Room, market: Market) -> None:
        (self._symbol,) = job.symbols
        (self._sleeve,) = room.desk.sleeves.values()
        self._instrument = room.desk.instruments[self._symbol]
        self._room, self._book, self._market = room, room.desk.book, market
        self._fee, self._slippage = job.fee, job.slippage
        self._taken, self._most = 0, 0.0  # tiers sold, and the most that was held, since the entry
        self._cash, self._held = [float(job.cash)], [0.0]
        self._begun = 0  # the fill with which what is held now began

    def all_filled(self, orders: _Orders) -> bool:
        """Book every fill as the desk and the simulation would have made it; False where the desk must say more."""
        book, instrument, sides = self._book, self._instrument, (1 - self._slippage, 1 + self._slippage)
        inside = orders.why >= kernel.STOP
        decided = self._market.closed[orders.bars - ~inside]
        rows = zip(
            orders.why.tolist(),
            orders.amounts.tolist(),
            orders.met.tolist(),
            self._market.close[orders.bars - 1].tolist(),
            decided.tolist(),
            np.where(inside, decided, self._market.opened[orders.bars]).tolist(),
            strict=True,
        )
        held = Decimal(0)
        for why, moved, met, before, decision, moment in rows:
            buys = moved > 0
            price = instrument.price(Decimal(repr(met)) * sides[buys])
            amount = ordered = self._amount(why, moved, before, held, orders.counted)
            if buys:
                most = max(book.cash, Decimal(0)) / (price * (1 + self._fee))
                amount = amount if amount <= most else instrument.amount(most)
            fill = self._fill(why, buys, amount, price, decision, moment)
            if amount < FEWEST or not _as_expected(amount, ordered, moved, orders.counted):
                return False
            sign = 1 if buys else -1
            book.cash -= sign * amount * price + fill.fee
            book.fees += fill.fee
            held += sign * amount
            self._note(why, buys, held)
            self._room.recorder.deals.append(fill)
        book.fills = len(orders.bars)
        return True

    def _amount(self, why: int, moved: float, before: float, held: Decimal, counted: bool) -> Decimal:
        """What was ordered: all of it, a tier's part, or the difference to the target."""
        if moved < 0 and (not counted or abs(abs(moved) - float(held)) <= CLOSE * abs(moved)):
            return held
        if why >= kernel.STOP:
            share = self._sleeve.protection.tiers[self._taken][1]
            return self._instrument.amount(Decimal(repr(self._most)) * Decimal(repr(share)))
        price = Decimal(repr(before))
        equity, tiers = self._book.cash + held * price, self._sleeve.protection.tiers
        left = max(1.0 - sum(share for _, share in tiers[: self._taken]), 0.0) if self._taken else 1.0
        target = fixed_share(left, equity, 1.0, 1, price, self._instrument)
        return self._instrument.amount(abs(target - held))

    def _fill(
        self, why: int, buys: bool, amount: Decimal, price: Decimal, decision: int, moment: int
    ) -> Dealt:
        decided = _moment(decision)
        return Dealt(
            account=self._book.name,
            sleeve=self._sleeve.name,
            symbol=self._symbol,
            side=Side.BUY if buys else Side.SELL,
            amount=amount,
            price=price,
            fee=fee_of(amount * price, self._fee),
            fee_currency=self._instrument.quote,
            at=decided if moment == decision else _moment(moment),
            reason=REASONS[why],
            decided_at=decided,
            part=self._taken if why >= kernel.STOP else 0,
        )

    def _note(self, why: int, buys: bool, held: Decimal) -> None:
        if held == 0:
            self._taken, self._begun = 0, len(self._cash)
        elif buys:
            self._taken, self._most = (self._taken if self._held[-1] else 0), float(held)
        elif why == kernel.TARGET:
            self._taken += 1
        self._cash.append(float(self._book.cash))
        self._held.append(float(held))

    def far_from(self, limits: Limits, orders: _Orders) -> bool:
        """Whether no loss limit was reached at any close, seen with a hair's margin."""
        if limits.daily_loss >= 1 and limits.drawdown >= 1:
            return True
        market = self._market
        state = np.searchsorted(orders.bars, np.arange(len(market.close)), "right")
        cash, held = np.array(self._cash)[state], np.array(self._held)[state]
        worth = cash + held * market.close
        top = np.maximum.accumulate(np.maximum(worth, self._cash[0]))
        turns = np.flatnonzero(np.diff(market.days) != 0) + 1  # the first candle of each day but the first
        begins = np.concatenate(([self._cash[0]], cash[turns] + held[turns] * market.close[turns - 1]))
        start = begins[np.searchsorted(turns, np.arange(len(worth)), "right")]
        floor = np.maximum(top * (1 - limits.drawdown), start * (1 - limits.daily_loss))
        return bool((worth > floor * NEARLY).all())

    def equity(self, orders: _Orders) -> list[EquityPoint]:
        """At closes on the recorder's grid, and after every fill at the last price known by then."""
        market, cash, held = self._market, np.array(self._cash), np.array(self._held)
        filled = np.where(orders.why >= kernel.STOP, market.closed[orders.bars], market.opened[orders.bars])
        grid = np.flatnonzero(market.closed % self._room.recorder.every == 0)
        state = np.searchsorted(filled, market.closed[grid], "right")
        worth = cash[state] + held[state] * market.close[grid]
        ends = np.flatnonzero(np.diff(filled, append=-1) != 0)  # the last of each moment's fills
        ends = ends[~np.isin(filled[ends], market.closed[grid])]
        after = cash[ends + 1] + held[ends + 1] * market.close[orders.bars[ends] - 1]
        times, values = np.concatenate((market.closed[grid], filled[ends])), np.concatenate((worth, after))
        order = np.argsort(times, kind="stable")
        return [
            EquityPoint(datetime.fromtimestamp(at, UTC), value)
            for at, value in zip(times[order].tolist(), values[order].tolist(), strict=True)
        ]

    def finish(self) -> None:
        """Put what is held into the book, and mark it with the last close."""
        last_trade = Book(self._book.name, self._book.currency, self._book.cash)
        for deal in self._room.recorder.deals[self._begun :]:
            last_trade.apply(numbered(deal))
        self._book.positions = last_trade.positions
        last = _moment(self._market.closed[-1])
        self._book.mark(last, {self._symbol: Decimal(repr(float(self._market.close[-1])))})
        self._room.desk.seen[self._symbol] = last


def _as_expected(amount: Decimal, ordered: Decimal, moved: float, counted: bool) -> bool:
    """Whether it is what the gear counted; without one, nearly all that was ordered, so that nothing follows it."""
    if counted:
        return abs(float(amount) - abs(moved)) <= CLOSE * abs(moved)
    return amount >= ordered * MOSTLY


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
