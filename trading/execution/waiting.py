"""Orders before they leave: the queue of one account, exits first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.domain.errors import TradingError
from trading.domain.order import Order, OrderIntent, OrderStatus
from trading.execution.journal import Consent


def as_order(intent: OrderIntent, status: OrderStatus, at: datetime, note: str = "") -> Order:
    """An order that nothing was filled of."""
    return Order(
        intent=intent,
        status=status,
        filled=Decimal(0),
        average_price=None,
        fee=Decimal(0),
        changed_at=at,
        note=note,
    )


# An order as it may leave now; raises TradingError when it may not.
Ready = Callable[[], Awaitable[OrderIntent]]


@dataclass(slots=True)
class Wish:
    """An intent that may leave, the yes it needs, its last check, and who waits to hear whether it left."""

    intent: OrderIntent
    consent: Consent | None = None
    ready: Ready | None = None
    done: asyncio.Future[str | None] | None = None

    def answer(self, against: str | None) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(against)

    def fail(self, error: TradingError) -> None:
        """It did not leave, for a reason that its last check has dealt with."""
        if self.done is not None and not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # whoever asked may have gone away


@dataclass(slots=True)
class Queue:
    """What waits to be sent; whatever reduces a position goes before whatever adds to one."""

    _wishes: list[Wish] = field(default_factory=list)

    def put(self, wish: Wish) -> None:
        self._wishes.append(wish)

    def take(self, may_go: Callable[[Wish], bool]) -> Wish | None:
        """The first that may go now, in order; exits first."""
        for wish in sorted(self._wishes, key=lambda w: not w.intent.reduce_only):
            if may_go(wish):
                self._wishes.remove(wish)
                return wish
        return None

    def clear(self) -> list[Wish]:
        """Everything that waits, and nothing waits any more."""
        wishes, self._wishes = self._wishes, []
        return wishes

    @property
    def waiting(self) -> tuple[OrderIntent, ...]:
        return tuple(wish.intent for wish in self._wishes)

    @property
    def intents(self) -> frozenset[str]:
        return frozenset(wish.intent.client_id for wish in self._wishes)

    def __len__(self) -> int:
        return len(self._wishes)
