"""The shortest road: in at a wish to be in, out at a wish to be out, where no rule could say anything else.

For accounts without protection and without rules about pace or past candles, where cash pays for everything and every
limit is far. It leaves behind what the long road would have, to the last digit; whatever is near or unusual it leaves
alone, having changed nothing but the marks.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import inf
from typing import NamedTuple

from trading.build import Room
from trading.core.plan import client_id, worth_acting
from trading.core.sleeve import Line, Sleeve
from trading.domain.account import Position
from trading.domain.events import OrderFilled
from trading.domain.market import Instrument
from trading.domain.order import Fill, Reason, Side
from trading.execution.sim import FEE_DIGITS, Simulated
from trading.lab.track import NEARLY, Track
from trading.portfolio.sizing import fixed_share
from trading.risk.sent import Sent

LEAP = 0.03  # between a close and the next open; further away, an order may have to be followed by another
STEPS = 100  # smaller amounts are so few steps that one more or less changes what is decided
Key = tuple[str, str]
Wish = tuple[Sleeve, str, float]


class _Act(NamedTuple):
    """An order as it leaves the gate, and the price at which all of it fills."""

    line: Line
    exposure: float
    sleeve: str
    instrument: Instrument
    side: Side
    amount: Decimal
    decided: Decimal
    met: Decimal
    value: float


class Plain:
    """Acts on the wishes of one moment."""

    def __init__(self, room: Room, track: Track, executor: Simulated) -> None:
        self._desk, self._book, self._recorder = room.desk, room.desk.book, room.recorder
        self._track, self._limits = track, room.desk.limits
        self._executor = executor
        self._buys, self._sells = 1 + executor.slippage, 1 - executor.slippage
        self._close_of = {symbol: closes.item for symbol, closes in track.closes.items()}
        self._quantities: dict[Key, tuple[Position, float]] = {}  # turning these into floats is slow
        limits = self._limits
        self._most = min(
            limits.symbol_exposure,
            limits.sleeve_exposure,
            limits.strategy_exposure,
            limits.gross_exposure,
            limits.cluster_exposure,
        )

    @staticmethod
    def fits(room: Room) -> bool:
        """Whether only the cash and shares of the equity can stop an order."""
        limits = room.desk.limits
        endless = (
            min(limits.losses, limits.orders_per_hour, limits.fees_per_hour, limits.capital_share) == inf
        )
        quiet = not (limits.sleeves or limits.needs_history or limits.similar_seconds > 0)
        return endless and quiet and not any(s.protection.on for s in room.desk.sleeves.values())

    def marked(self, index: int, wishes: Sequence[Wish]) -> Decimal | None:
        """The equity, with this candle's closes of what is held or wished for; None where one of them has none."""
        book, fresh, close_of = self._book, self._track.is_fresh, self._close_of
        for _, symbol in book.positions:
            if not fresh(symbol, index):
                return None
        prices, total = book.prices, book.cash
        for _, symbol, _ in wishes:
            if not fresh(symbol, index):
                return None
            prices[symbol] = Decimal(repr(close_of[symbol](index)))
        for (_, symbol), position in book.positions.items():
            price = prices[symbol] = Decimal(repr(close_of[symbol](index)))
            total += position.quantity * price
        if total > book.peak_equity:
            book.peak_equity = total
        return total

    def turn(
        self, index: int, wishes: Sequence[Wish], lines: Sequence[Line], equity: Decimal, at: datetime
    ) -> OrderFilled | bool:
        """The last fill, True where nothing is ordered; False: it is not for this road."""
        acts: list[_Act] = []
        for wish, line in zip(wishes, lines, strict=True):
            exposure = round(wish[2], 6) if wish[2] else 0.0
            if worth_acting(exposure, line.acted):
                act = self._act(index, wish, line, exposure, equity)
                if act is None:
                    return False
                acts.append(act)
        if not self._allowed(acts, equity):
            return False
        for line, (_, _, wanted) in zip(lines, wishes, strict=True):
            line.wanted, line.barred = wanted, line.barred and wanted != 0
        if not acts:
            return True
        for act in acts:
            if act.side is Side.BUY:
                self._leaves(act, at)
        return [self._filled(act, index, at) for act in acts][-1]

    # --- what is decided --------------------------------------------------------------------------------------

    def _act(self, index: int, wish: Wish, line: Line, exposure: float, equity: Decimal) -> _Act | None:
        """From flat into the market, or out of all of it; None where it is anything else, or too small to be plain."""
        sleeve, symbol, _ = wish
        instrument, held = self._desk.instruments[symbol], self._book.positions.get((sleeve.name, symbol))
        first, last = self._track.follows(index, symbol), self._close_of[symbol](index)
        if first is None or abs(first / last - 1) > LEAP:
            return None
        price = self._book.prices[symbol]
        if held is None and exposure > 0:
            side, slips = Side.BUY, self._buys
            amount = fixed_share(exposure, equity, sleeve.share, len(sleeve.symbols), price, instrument)
            if amount < instrument.min_amount or amount * price < instrument.min_cost:
                return None
        elif held is not None and exposure == 0:
            side, slips = Side.SELL, self._sells
            amount = instrument.amount(held.quantity)
            if amount != held.quantity:
                return None
        else:
            return None
        if amount < STEPS * instrument.amount_step:
            return None
        met = instrument.price(Decimal(str(first)) * slips)
        return _Act(line, exposure, sleeve.name, instrument, side, amount, price, met, float(amount) * last)

    def _allowed(self, acts: list[_Act], equity: Decimal) -> bool:
        """Whether nothing stops a purchase, also before anything is sold: every share of the equity is kept."""
        limits, positions = self._limits, self._book.positions
        bought = [act for act in acts if act.side is Side.BUY]
        if not bought:
            return True
        if len({symbol for _, symbol in positions}) < len(positions):
            return False  # several sleeves hold the same: the rules tell them apart
        whole, cash = float(equity), float(self._book.cash)
        at_work = whole - cash
        for act in bought:
            at_work += act.value
            fee = 1 + float(max(self._executor.rate(act.instrument.symbol), act.instrument.taker_fee))
            cash -= max(act.value, float(act.amount * act.met)) * fee * NEARLY
            if act.value * NEARLY > limits.order_share * whole:
                return False
        few = len(positions) + len(bought) <= limits.positions
        return few and whole > 0 and cash >= 0 and at_work * NEARLY <= self._most * whole

    # --- what is left behind ----------------------------------------------------------------------------------

    def _leaves(self, act: _Act, at: datetime) -> None:
        """As RiskMemory remembers an entry that went out."""
        risk, instrument = self._desk.risk, act.instrument
        risk.forget(at)
        cost = act.amount * act.decided * instrument.taker_fee
        risk.sent.append(Sent(at, act.sleeve, instrument.symbol, act.side, act.amount, cost))

    def _filled(self, act: _Act, index: int, at: datetime) -> OrderFilled:
        """Book an order that fills as a whole."""
        desk, symbol, line = self._desk, act.instrument.symbol, act.line
        number = client_id(self._book.name, act.sleeve, symbol, act.side, Reason.SIGNAL, at)
        fill = Fill(
            id=f"{number}.1",
            client_id=number,
            sleeve=act.sleeve,
            symbol=symbol,
            side=act.side,
            amount=act.amount,
            price=act.met,
            fee=(act.amount * act.met * self._executor.rate(symbol)).quantize(FEE_DIGITS),
            fee_currency=act.instrument.quote,
            at=at,
            reason=Reason.SIGNAL,
        )
        self._book.apply(fill)
        closed = desk.trips.follow(fill)
        if closed is not None:
            desk.risk.closed(closed)
        line.acted, line.reached, line.rest, line.refusal = act.exposure, True, False, ""
        event = OrderFilled(at, fill)
        self._recorder.filled(fill, self._worth(index))
        return event

    def _worth(self, index: int) -> float:
        """As the recorder measures the equity, at this candle's closes."""
        worth, known = float(self._book.cash), self._quantities
        for key, position in sorted(self._book.positions.items()):
            seen = known.get(key)
            if seen is None or seen[0] is not position:
                seen = known[key] = (position, float(position.quantity))
            worth += seen[1] * self._close_of[key[1]](index)
        return worth
