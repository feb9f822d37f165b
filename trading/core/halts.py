"""What is stopped right now, and why; at most one halt of each kind."""

from collections.abc import Iterable
from datetime import datetime

from trading.domain.risk import Halt, HaltKind


class Halts:
    """The latches of one account. A kill stays until a person lifts it, whatever else happens."""

    def __init__(self, halts: Iterable[Halt] = ()) -> None:
        self._by_kind = {halt.kind: halt for halt in halts}

    def raise_(self, halt: Halt) -> bool:
        """Stop for this reason; False when that kind of halt was there already (the first reason stays)."""
        if halt.kind in self._by_kind:
            return False
        self._by_kind[halt.kind] = halt
        return True

    def lift(self, kind: HaltKind) -> bool:
        """End a halt; False when there was none."""
        return self._by_kind.pop(kind, None) is not None

    def __contains__(self, kind: HaltKind) -> bool:
        return kind in self._by_kind

    def __bool__(self) -> bool:
        return bool(self._by_kind)

    def since(self, kind: HaltKind, otherwise: datetime) -> datetime:
        """When this kind of halt began; `otherwise` when there is none."""
        halt = self._by_kind.get(kind)
        return halt.since if halt else otherwise

    @property
    def all(self) -> tuple[Halt, ...]:
        return tuple(self._by_kind.values())

    @property
    def killed(self) -> bool:
        return HaltKind.KILL in self._by_kind
