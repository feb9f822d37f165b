"""A compiled run booked to the last digit: the gear says when and which way, the desk's own arithmetic how much.

For the plainest and most frequent question, one strategy that is in or out of one market without limits, this
leaves the same account behind as stepping the desk through every candle, in a fraction of the time; tests/parity
holds the two together, to every id and digit. Where the gear and the exact amounts disagree by more than rounding,
the desk itself does the work.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from trading.build import Room
from trading.core.plan import client_id
from trading.core.signals import Board
from trading.domain.account import Mode
from trading.domain.order import Fill, Reason, Side
from trading.domain.report import EquityPoint
from trading.execution.sim import FEE_DIGITS
from trading.lab import compiled, kernel
from trading.lab.compiled import Market, Rules, Run
from trading.lab.job import NO_LIMITS, Job
from trading.portfolio.sizing import fixed_share

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
    if job.limits != NO_LIMITS or float(job.fee) > 0.004 or compiled.cannot(job):
        return None  # above that fee the cash would cut orders down at the gate
    market = Market.of(job.recorded[0], job.timeframe)
    gear = (
        compiled.fastest() if "numba" in sys.modules else compiled.PLAIN
    )  # a lone run is over before it is loaded
    wishes = compiled.wanted(market, job.strategy, job.params, gear)
    if not (np.isnan(wishes) | (wishes == 0.0) | (wishes == 1.0)).all():
        return None
    if job.begin is not None:
        cut = int(np.searchsorted(market.opened, int(job.begin.timestamp())))
        market, wishes = market[cut:], wishes[cut:].copy()
    run = compiled.trade(market, wishes, Rules.of(job), gear)
    if run is None or run.killed >= 0:
        return None
    room = job.open_room(Mode.BACKTEST, Board(job.base))
    books = _Books(job, room, market)
    for fill, amount in zip(books.fills(run), run.amounts.tolist(), strict=True):
        if fill.amount < FEWEST or abs(float(fill.amount) - abs(amount)) > CLOSE * abs(amount):
            return None
        room.recorder.fills.append(fill)
    room.recorder.equity = books.equity(run)
    books.finish()
    return room


class _Books:
    """The account's book, fill by fill."""

    def __init__(self, job: Job, room: Room, market: Market) -> None:
        (self._symbol,) = job.symbols
        (self._sleeve,) = room.desk.sleeves.values()
        self._instrument = room.desk.instruments[self._symbol]
        self._room, self._book, self._market = room, room.desk.book, market
        self._fee, self._slippage = job.fee, job.slippage
        self._taken, self._most = 0, 0.0  # tiers sold, and the most that was held, since the entry
        self._cash, self._held = [float(job.cash)], [0.0]

    def fills(self, run: Run) -> Iterator[Fill]:
        """Every fill as the desk and the simulation would have made it, booked."""
        rows = zip(run.bars.tolist(), run.why.tolist(), run.amounts.tolist(), run.met.tolist(), strict=True)
        for bar, why, moved, met in rows:
            held = self._book.held(self._sleeve.name, self._symbol)
            side = Side.BUY if moved > 0 else Side.SELL
            price = self._instrument.price(Decimal(repr(met)) * (1 + side.sign * self._slippage))
            amount = self._amount(bar, why, moved, held)
            if side is Side.BUY:
                most = max(self._book.cash, Decimal(0)) / (price * (1 + self._fee))
                amount = amount if amount <= most else self._instrument.amount(most)
            fill = self._fill(bar, why, side, amount, price)
            self._book.apply(fill)
            self._note(fill, why)
            yield fill

    def _amount(self, bar: int, why: int, moved: float, held: Decimal) -> Decimal:
        """What was ordered: all of it, a tier's part, or the difference to the target."""
        if moved < 0 and abs(abs(moved) - float(held)) <= CLOSE * abs(moved):
            return held
        if why >= kernel.STOP:
            share = self._sleeve.protection.tiers[self._taken][1]
            return self._instrument.amount(Decimal(repr(self._most)) * Decimal(repr(share)))
        price = Decimal(repr(float(self._market.close[bar - 1])))
        equity, tiers = self._book.cash + held * price, self._sleeve.protection.tiers
        left = max(1.0 - sum(share for _, share in tiers[: self._taken]), 0.0) if self._taken else 1.0
        target = fixed_share(left, equity, 1.0, 1, price, self._instrument)
        return self._instrument.amount(abs(target - held))

    def _fill(self, bar: int, why: int, side: Side, amount: Decimal, price: Decimal) -> Fill:
        inside = why >= kernel.STOP
        decided = _moment(self._market.closed[bar if inside else bar - 1])
        name, reason = self._sleeve.name, REASONS[why]
        number = client_id(
            self._book.name, name, self._symbol, side, reason, decided, self._taken if inside else 0
        )
        return Fill(
            id=f"{number}.1",
            client_id=number,
            sleeve=name,
            symbol=self._symbol,
            side=side,
            amount=amount,
            price=price,
            fee=(amount * price * self._fee).quantize(FEE_DIGITS),
            fee_currency=self._instrument.quote,
            at=decided if inside else _moment(self._market.opened[bar]),
            reason=reason,
        )

    def _note(self, fill: Fill, why: int) -> None:
        held = float(self._book.held(self._sleeve.name, self._symbol))
        if held == 0:
            self._taken = 0
        elif fill.side is Side.BUY:
            self._taken, self._most = (self._taken if self._held[-1] else 0), held
        elif why == kernel.TARGET:
            self._taken += 1
        self._cash.append(float(self._book.cash))
        self._held.append(held)

    def equity(self, run: Run) -> list[EquityPoint]:
        """At closes on the recorder's grid, and after every fill at the last price known by then."""
        market, cash, held = self._market, np.array(self._cash), np.array(self._held)
        filled = np.where(run.why >= kernel.STOP, market.closed[run.bars], market.opened[run.bars])
        grid = np.flatnonzero(market.closed % self._room.recorder.every == 0)
        state = np.searchsorted(filled, market.closed[grid], "right")
        worth = cash[state] + held[state] * market.close[grid]
        ends = np.flatnonzero(np.diff(filled, append=-1) != 0)  # the last of each moment's fills
        ends = ends[~np.isin(filled[ends], market.closed[grid])]
        after = cash[ends + 1] + held[ends + 1] * market.close[run.bars[ends] - 1]
        times, values = np.concatenate((market.closed[grid], filled[ends])), np.concatenate((worth, after))
        order = np.argsort(times, kind="stable")
        return [
            EquityPoint(datetime.fromtimestamp(at, UTC), value)
            for at, value in zip(times[order].tolist(), values[order].tolist(), strict=True)
        ]

    def finish(self) -> None:
        """Mark the book with the last close."""
        last = _moment(self._market.closed[-1])
        self._book.mark(last, {self._symbol: Decimal(repr(float(self._market.close[-1])))})
        self._room.desk.seen[self._symbol] = last


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
