"""Simulated execution for backtest and paper: the next price after the decision, fees and slippage included."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from trading.domain.actions import CancelAll, Submit
from trading.domain.events import CandlesClosed, DeskEvent, OrderChanged, OrderFilled, PricesSeen
from trading.domain.market import Instrument, too_much
from trading.domain.order import Fill, Order, OrderIntent, OrderStatus, Side
from trading.execution.filling import USUAL, Filling

FEE_DIGITS = Decimal("1e-12")
_THIN = "the candle's volume gives no more"
_EMPTY = "the candle's volume gives nothing"


def fee_of(money: Decimal, rate: Decimal) -> Decimal:
    """What the exchange keeps of this much. Raises Refused for more money than can be counted exactly."""
    try:
        return (money * rate).quantize(FEE_DIGITS)
    except InvalidOperation:
        raise too_much() from None


class Simulated:
    """Fills market orders at the first price after the decision: the next candle's open, or a quote if that is sooner.

    Slippage makes buys dearer and sales cheaper. A buy takes no more than the cash at hand: when the price jumped,
    the order fills for what the cash can pay. Nothing ever fills at a price from before the decision, but for what
    stood before the candle: an order whose level the candle touched fills inside it, at that level. `filling` may ask
    for other assumptions.
    """

    note = ""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        fee: Decimal | None,
        slippage: Decimal,
        cash: Callable[[], Decimal],
        filling: Filling = USUAL,
    ) -> None:
        self._instruments, self._fee, self._slippage, self._cash = instruments, fee, slippage, cash
        self._filling = filling
        self._waiting: dict[str, Order] = {}
        self._left: dict[str, Decimal] = {}  # what may still be taken of each symbol's newest candle

    @property
    def waiting(self) -> frozenset[str]:
        """Symbols with an order that waits for a price."""
        return frozenset(order.intent.symbol for order in self._waiting.values())

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self._waiting)

    def restore(self, live: Iterable[Order]) -> None:
        self._waiting = {order.client_id: order for order in live}

    def take(self, action: Submit | CancelAll) -> Iterable[DeskEvent]:
        if isinstance(action, CancelAll):
            return self._cancel_all()
        intent = action.cleared.intent
        if intent.client_id in self._waiting:
            return []
        order = Order(
            intent=intent,
            status=OrderStatus.OPEN,
            filled=Decimal(0),
            average_price=None,
            fee=Decimal(0),
            changed_at=intent.decided_at,
            note=self.note,
        )
        self._waiting[order.client_id] = order
        opened = OrderChanged(intent.decided_at, order)
        if intent.touched is not None:
            return [opened, *self._fill(order, intent.touched, intent.decided_at)]
        if self._filling.at_close:
            return [opened, *self._fill(order, intent.price_at_decision, intent.decided_at)]
        return [opened]

    def before(self, event: DeskEvent) -> Iterator[DeskEvent]:
        if self._filling.volume_share is not None and not self._measure(event):
            return
        if not self._waiting:
            return
        if isinstance(event, CandlesClosed):
            first = {c.symbol: (c.opened_at, c.open) for c in event.candles if c.sound}
        elif isinstance(event, PricesSeen):
            first = {symbol: (event.at, price) for symbol, price in event.prices.items()}
        else:
            return
        for order in list(self._waiting.values()):
            at, price = first.get(order.intent.symbol, (None, 0.0))
            if at is not None and at >= order.intent.decided_at + self._filling.latency:
                yield from self._fill(order, price, at)

    @property
    def slippage(self) -> Decimal:
        """What makes every price worse, as a share of it."""
        return self._slippage

    def rate(self, symbol: str) -> Decimal:
        """The fee's share of the money moved."""
        return self._instruments[symbol].taker_fee if self._fee is None else self._fee

    @property
    def usual(self) -> bool:
        """Whether orders fill at the next open, at once and as a whole."""
        return self._filling == USUAL

    def at_once(self, intent: OrderIntent, seen: float | Decimal, at: datetime) -> Fill | None:
        """The fill of an order that meets its price the moment it was decided; None where not all of it is had."""
        price, amount, rate = self._met(intent, seen)
        if amount == 0:
            return None
        return self._made(intent, amount, price, rate, at)

    def _cancel_all(self) -> list[DeskEvent]:
        canceled = list(self._waiting.values())
        self._waiting.clear()
        return [
            OrderChanged(order.changed_at, replace(order, status=OrderStatus.CANCELED)) for order in canceled
        ]

    def _measure(self, event: DeskEvent) -> bool:
        """Take note of the volume that can be had; an opening price comes without any, so nothing fills on it."""
        if isinstance(event, CandlesClosed):
            share = self._filling.volume_share or Decimal(0)
            self._left.update({c.symbol: Decimal(repr(c.volume)) * share for c in event.candles})
        return not isinstance(event, PricesSeen)

    def _fill(self, order: Order, seen: float | Decimal, at: datetime) -> Iterator[DeskEvent]:
        intent = order.intent
        price, wanted, rate = self._met(intent, seen)
        amount = self._to_be_had(wanted, self._instruments[intent.symbol])
        del self._waiting[order.client_id]
        if amount == 0:
            note = _EMPTY if wanted else "the cash at hand no longer pays for the smallest step"
            yield OrderChanged(at, replace(order, status=OrderStatus.EXPIRED, changed_at=at, note=note))
            return
        fill = self._made(intent, amount, price, rate, at)
        yield OrderFilled(at, fill)
        done = replace(
            order, status=OrderStatus.FILLED, filled=amount, average_price=price, fee=fill.fee, changed_at=at
        )
        if amount < wanted:
            done = replace(done, status=OrderStatus.EXPIRED, note=_THIN)
        yield OrderChanged(at, done)

    def _met(self, intent: OrderIntent, seen: float | Decimal) -> tuple[Decimal, Decimal, Decimal]:
        """The price, the amount and the fee's rate of an order that meets a price."""
        instrument = self._instruments[intent.symbol]
        price = instrument.price(Decimal(str(seen)) * (1 + intent.side.sign * self._slippage))
        rate = self.rate(intent.symbol)
        return price, self._wanted(intent, price, rate, instrument), rate

    def _made(
        self, intent: OrderIntent, amount: Decimal, price: Decimal, rate: Decimal, at: datetime
    ) -> Fill:
        return Fill(
            id=f"{intent.client_id}.1",
            client_id=intent.client_id,
            sleeve=intent.sleeve,
            symbol=intent.symbol,
            side=intent.side,
            amount=amount,
            price=price,
            fee=fee_of(amount * price, rate),
            fee_currency=self._instruments[intent.symbol].quote,
            at=at,
            reason=intent.reason,
        )

    def _wanted(self, intent: OrderIntent, price: Decimal, rate: Decimal, instrument: Instrument) -> Decimal:
        """What the order asks for, as far as the cash pays for it."""
        if intent.side is not Side.BUY:
            return intent.amount
        most = max(self._cash(), Decimal(0)) / (price * (1 + rate))
        if self._filling.all_in is not None and not intent.reduce_only:
            return instrument.amount(most * self._filling.all_in)
        return intent.amount if intent.amount <= most else instrument.amount(most)

    def _to_be_had(self, amount: Decimal, instrument: Instrument) -> Decimal:
        """As much of it as the candle's volume gives."""
        if self._filling.volume_share is None:
            return amount
        left = self._left.get(instrument.symbol, Decimal(0))
        amount = min(amount, instrument.amount(left))
        self._left[instrument.symbol] = left - amount
        return amount
