"""Simulated execution for backtest and paper: the next price after the decision, fees and slippage included."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.domain.actions import CancelAll, Submit
from trading.domain.events import CandlesClosed, DeskEvent, OrderChanged, OrderFilled, PricesSeen
from trading.domain.market import Instrument
from trading.domain.order import Fill, Order, OrderStatus, Side

FEE_DIGITS = Decimal("1e-12")


class Simulated:
    """Fills market orders at the first price after the decision: the next candle's open, or a quote if that is sooner.

    Slippage makes buys dearer and sales cheaper. A buy takes no more than the cash at hand: when the price jumped,
    the order fills for what the cash can pay. Nothing ever fills at a price from before the decision.
    """

    note = ""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        fee: Decimal | None,
        slippage: Decimal,
        cash: Callable[[], Decimal],
    ) -> None:
        self._instruments, self._fee, self._slippage, self._cash = instruments, fee, slippage, cash
        self._waiting: dict[str, Order] = {}

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
        return [OrderChanged(intent.decided_at, order)]

    def before(self, event: DeskEvent) -> Iterator[DeskEvent]:
        if not self._waiting:
            return
        if isinstance(event, CandlesClosed):
            first = {c.symbol: (c.opened_at, c.open) for c in event.candles}
        elif isinstance(event, PricesSeen):
            first = {symbol: (event.at, price) for symbol, price in event.prices.items()}
        else:
            return
        for order in list(self._waiting.values()):
            at, price = first.get(order.intent.symbol, (None, 0.0))
            if at is not None and at >= order.intent.decided_at:
                yield from self._fill(order, price, at)

    def _cancel_all(self) -> list[DeskEvent]:
        canceled = list(self._waiting.values())
        self._waiting.clear()
        return [
            OrderChanged(order.changed_at, replace(order, status=OrderStatus.CANCELED)) for order in canceled
        ]

    def _fill(self, order: Order, seen: float, at: datetime) -> Iterator[DeskEvent]:
        intent, instrument = order.intent, self._instruments[order.intent.symbol]
        price = instrument.price(Decimal(str(seen)) * (1 + intent.side.sign * self._slippage))
        rate = instrument.taker_fee if self._fee is None else self._fee
        amount = (
            self._affordable(intent.amount, price, rate, instrument)
            if intent.side is Side.BUY
            else intent.amount
        )
        if amount == 0:
            del self._waiting[order.client_id]
            note = "the cash at hand no longer pays for the smallest step"
            yield OrderChanged(at, replace(order, status=OrderStatus.EXPIRED, changed_at=at, note=note))
            return
        fill = Fill(
            id=f"{intent.client_id}.1",
            client_id=intent.client_id,
            sleeve=intent.sleeve,
            symbol=intent.symbol,
            side=intent.side,
            amount=amount,
            price=price,
            fee=(amount * price * rate).quantize(FEE_DIGITS),
            fee_currency=instrument.quote,
            at=at,
            reason=intent.reason,
        )
        del self._waiting[order.client_id]
        yield OrderFilled(at, fill)
        done = replace(
            order, status=OrderStatus.FILLED, filled=amount, average_price=price, fee=fill.fee, changed_at=at
        )
        yield OrderChanged(at, done)

    def _affordable(self, amount: Decimal, price: Decimal, rate: Decimal, instrument: Instrument) -> Decimal:
        most = self._cash() / (price * (1 + rate))
        return amount if amount <= most else instrument.amount(max(most, Decimal(0)))
