"""The life of an order: which status may follow which, and which orders are still out."""

from collections.abc import Container, Iterable
from decimal import Decimal

from trading.domain.errors import Broken
from trading.domain.market import Instrument
from trading.domain.order import Order, OrderIntent, Side
from trading.domain.order import OrderStatus as S

ALLOWED: dict[S, frozenset[S]] = {
    S.WAITING: frozenset({S.SENDING, S.OPEN, S.FILLED, S.PART_FILLED, S.REFUSED, S.EXPIRED, S.CANCELED}),
    S.SENDING: frozenset({S.OPEN, S.PART_FILLED, S.FILLED, S.REFUSED, S.UNCERTAIN}),
    S.UNCERTAIN: frozenset({S.OPEN, S.PART_FILLED, S.FILLED, S.CANCELED, S.REFUSED, S.EXPIRED}),
    S.OPEN: frozenset({S.PART_FILLED, S.FILLED, S.CANCELING, S.CANCELED, S.EXPIRED}),
    S.PART_FILLED: frozenset({S.PART_FILLED, S.FILLED, S.CANCELING, S.CANCELED, S.EXPIRED}),
    S.CANCELING: frozenset({S.CANCELED, S.FILLED, S.PART_FILLED}),
    S.FILLED: frozenset(),
    S.CANCELED: frozenset({S.FILLED, S.PART_FILLED}),  # a fill may win the race
    S.REFUSED: frozenset(),
    S.EXPIRED: frozenset({S.FILLED, S.PART_FILLED}),
}


class Orders:
    """Orders that are out, by client id. Applying the same change twice changes nothing."""

    def __init__(self, live: Iterable[Order] = ()) -> None:
        self._live = {order.client_id: order for order in live}
        self._by_key: dict[tuple[str, str], int] = {}
        for order in self._live.values():
            self._count(order, 1)

    def apply(self, order: Order) -> None:
        """Take a change. Raises Broken when it cannot follow what we knew."""
        known = self._live.get(order.client_id)
        if known is not None and known.status != order.status and order.status not in ALLOWED[known.status]:
            raise Broken(
                f"Order {order.client_id} went from {known.status} to {order.status}, which cannot happen."
            )
        if known is not None:
            self._count(self._live.pop(order.client_id), -1)
        if order.status.is_live:
            self._live[order.client_id] = order
            self._count(order, 1)

    def forget_unsent(self, known: Container[str]) -> None:
        """Drop reservations that never reached an executor."""
        for order in [o for o in self._live.values() if o.status is S.WAITING and o.client_id not in known]:
            self._count(self._live.pop(order.client_id), -1)

    @property
    def live(self) -> tuple[Order, ...]:
        return tuple(self._live.values())

    def busy(self, sleeve: str, symbol: str) -> bool:
        """Whether an order of this sleeve for this symbol is still out."""
        return self._by_key.get((sleeve, symbol), 0) > 0

    def blocked(self, sleeve: str, symbol: str) -> bool:
        """Whether an exit has to wait: for any order that is out but a purchase in doubt, which may take long to be
        looked up and whose coins nobody counts on. What is surely held can be sold beside it."""
        return self.busy(sleeve, symbol) and (sleeve, symbol) in self.blocking

    @property
    def blocking(self) -> tuple[tuple[str, str], ...]:
        """(sleeve, symbol) of every live order that exits wait for."""
        return tuple((o.intent.sleeve, o.intent.symbol) for o in self._live.values() if not _in_doubt(o))

    def _count(self, order: Order, step: int) -> None:
        key = (order.intent.sleeve, order.intent.symbol)
        self._by_key[key] = self._by_key.get(key, 0) + step


def _in_doubt(order: Order) -> bool:
    return order.status is S.UNCERTAIN and order.intent.side is Side.BUY


def reserved(intent: OrderIntent) -> Order:
    """The order as it counts from the moment the gate cleared it, before any executor has heard of it."""
    return Order(
        intent=intent,
        status=S.WAITING,
        filled=Decimal(0),
        average_price=None,
        fee=Decimal(0),
        changed_at=intent.decided_at,
    )


def claim(order: Order, instrument: Instrument | None) -> Decimal:
    """The cash that a live purchase may still take, its fee included; nobody knows that of a market that is gone."""
    if order.intent.side is not Side.BUY:
        return Decimal(0)
    left, fee = order.intent.amount - order.filled, instrument.taker_fee if instrument else Decimal(0)
    return left * order.intent.price_at_decision * (1 + fee)
