"""What the session expects of whoever carries orders out."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from trading.domain.actions import CancelAll, Submit
from trading.domain.events import DeskEvent
from trading.domain.order import Order


class Executor(Protocol):
    """Carries out what the desk asks for. What becomes of it are events, through the same entrance as all others."""

    def take(self, action: Submit | CancelAll) -> Iterable[DeskEvent]:
        """Accept an action. Never waits; asking for the same client id twice is asking once."""

    def before(self, event: DeskEvent) -> Iterator[DeskEvent]:
        """What happened to our orders before this event: they fill at the open of the candle that just closed."""

    @property
    def waiting(self) -> frozenset[str]:
        """Symbols with an order that waits for a price: only where fills are simulated."""

    @property
    def known(self) -> frozenset[str]:
        """Client ids of the orders that are out."""

    def restore(self, live: Iterable[Order]) -> None:
        """Know the orders that were out when the process stopped."""
