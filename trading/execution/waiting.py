"""Orders before they leave: the queue of one account, exits first."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

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


# An order as it may leave at this moment; None: it has to be asked about anew.
Look = Callable[[], OrderIntent | None]


@dataclass(slots=True, eq=False)
class Wish:
    """An intent that may leave, the yes it needs, the last look at it, and what whoever waits for it is to know."""

    intent: OrderIntent
    consent: Consent | None = None
    look: Look | None = None
    stale: bool = False  # its turn had come, and it was not as it should be: others go first
    leaving: bool = False  # it is being sent, or was; whoever sends it tells what became of it
    over: bool = False
    against: str | None = None  # why it did not leave, once it is over
    moved: asyncio.Event = field(default_factory=asyncio.Event)  # it is stale, or over

    def may_leave(self) -> bool:
        """At its turn: the last look, which waits for nothing."""
        if self.look is None or self.stale:
            return not self.stale
        found = self.look()
        if found is None:
            self.stale = True
            self.moved.set()
            return False
        self.intent = found
        return True

    def renew(self, intent: OrderIntent) -> None:
        """It was asked about anew, and may leave like this."""
        self.intent, self.stale = intent, False

    def answer(self, against: str | None) -> None:
        """It has left, or why it has not; what was said first counts."""
        if not self.over:
            self.over, self.against = True, against
            self.moved.set()


@dataclass(slots=True)
class Queue:
    """What waits to be sent; whatever reduces a position goes before whatever adds to one."""

    _wishes: list[Wish] = field(default_factory=list)

    def put(self, wish: Wish) -> None:
        """Let it wait for its turn; one that waits already keeps its place."""
        if wish not in self._wishes:
            self._wishes.append(wish)

    def drop(self, wish: Wish) -> None:
        """Nobody wants it any more; nothing happens where it does not wait."""
        if wish in self._wishes:
            self._wishes.remove(wish)

    def take(self, may_go: Callable[[Wish], bool]) -> Wish | None:
        """The first that may go now, in order; exits first."""
        for wish in sorted(self._wishes, key=lambda w: not w.intent.reduce_only):
            if may_go(wish):
                self._wishes.remove(wish)
                wish.leaving = True
                return wish
        return None

    def refuse(self, why: str) -> None:
        """Nothing leaves any more: whoever waits for what becomes of a yes is told."""
        for wish in [wish for wish in self._wishes if wish.consent is not None]:
            self._wishes.remove(wish)
            wish.answer(why)

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
