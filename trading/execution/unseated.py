"""Real money without a seat at its exchange: nothing leaves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from trading.domain.actions import CancelAll, Submit
from trading.domain.events import DeskEvent
from trading.domain.market import Instrument
from trading.domain.order import Order
from trading.execution.filling import USUAL, Filling


class Unseated:
    """Stands where Live will be once the exchange account is taken; a command line without a desk never gets further.

    What the desk asks for stays reserved and is looked after by whoever takes the seat: nothing of it has left.
    """

    waiting: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        fee: Decimal | None,
        slippage: Decimal,
        cash: Callable[[], Decimal],
        filling: Filling = USUAL,
    ) -> None:
        self.restored: list[Order] = []

    def take(self, action: Submit | CancelAll) -> Iterable[DeskEvent]:
        return []

    def before(self, event: DeskEvent) -> Iterator[DeskEvent]:
        return iter(())

    def restore(self, live: Iterable[Order]) -> None:
        self.restored = list(live)
