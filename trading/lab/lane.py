"""One sleeve in one market on the shortest road of a backtest: in with its share of the equity, out of all of it."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trading.core.sleeve import Line, Sleeve
from trading.domain.market import Instrument
from trading.domain.order import Dealt, Reason, Side
from trading.execution.sim import Simulated, fee_of
from trading.lab.track import NEARLY, Track
from trading.portfolio.sizing import fixed_share

LEAP = 0.03  # between a close and the next open; further away, an order may have to be followed by another
STEPS = 100  # smaller amounts are so few steps that one more or less changes what is decided


class Act(NamedTuple):
    """An order as it leaves the gate, and the price at which all of it fills."""

    lane: "Lane"
    exposure: float
    side: Side
    amount: Decimal
    met: Decimal
    money: Decimal  # that changes hands, without the fee
    fee: Decimal
    size: float = 0.0  # of a purchase, the amount as a measured number
    value: float = 0.0  # and what it was worth at the close it was decided on


class Lane:
    """What is the same for every order there, and the orders themselves."""

    def __init__(
        self,
        sleeve: Sleeve,
        instrument: Instrument,
        line: Line,
        track: Track,
        executor: Simulated,
        most: Decimal,
    ) -> None:
        self.key, self.line, self.instrument = (sleeve.name, instrument.symbol), line, instrument
        self.close = track.closes[instrument.symbol].item
        self._track, self._rate, self._most = track, executor.rate(instrument.symbol), most
        self._share, self._parts = sleeve.share, len(sleeve.symbols)
        self._buys, self._sells = 1 + executor.slippage, 1 - executor.slippage
        self._fewest = STEPS * instrument.amount_step
        dearest = float(max(self._rate, instrument.taker_fee))
        self.dear = (
            1 + dearest
        ) * NEARLY  # what a unit of money costs when it is spent, with a hair's margin

    def act(self, index: int, exposure: float, held: Decimal | None, equity: Decimal | None) -> Act | None:
        """From flat into the market, or out of all of it; None where it is anything else, or too small to be plain."""
        instrument = self.instrument
        first, last = self._track.follows(index, instrument.symbol), self.close(index)
        if first is None or abs(first / last - 1) > LEAP:
            return None
        if held is None and exposure > 0 and equity is not None:
            side, slips, price = Side.BUY, self._buys, Decimal(repr(last))
            amount = fixed_share(exposure, equity, self._share, self._parts, price, instrument)
            if self._most < 1 and amount * price > self._most * equity:
                amount = instrument.amount(self._most * equity / price)
            if amount < instrument.min_amount or amount * price < instrument.min_cost:
                return None
        elif held is not None and exposure == 0:
            side, slips = Side.SELL, self._sells
            amount = instrument.amount(held)
            if amount != held:
                return None
        else:
            return None
        if amount < self._fewest:
            return None
        met = instrument.price(Decimal(repr(first)) * slips)
        money = amount * met
        fee = fee_of(money, self._rate)
        if side is Side.SELL:
            return Act(self, exposure, side, amount, met, money, fee)
        size = float(amount)
        return Act(self, exposure, side, amount, met, money, fee, size, size * last)

    def fill(self, account: str, act: Act, at: datetime) -> Dealt:
        """What the simulation would have made of it."""
        quote = self.instrument.quote
        return Dealt(
            account,
            *self.key,
            act.side,
            act.amount,
            act.met,
            act.fee,
            quote,
            at,
            Reason.SIGNAL,
            decided_at=at,
        )
