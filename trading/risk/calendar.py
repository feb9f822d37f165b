"""When entries are closed around events: which closure holds at a moment, and which come next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trading.domain.risk import Closure


@dataclass(frozen=True, slots=True)
class Calendar:
    """The closures of one account, in order of their beginning."""

    closures: tuple[Closure, ...] = ()

    @classmethod
    def of(cls, closures: Iterable[Closure]) -> "Calendar":
        return cls(tuple(sorted(closures, key=lambda c: (c.since, c.until, c.id))))

    def at(self, moment: datetime) -> Closure | None:
        """The closure that holds, the one that ends last where several do. Its end is outside."""
        found: Closure | None = None
        for closure in self.closures:
            if closure.since > moment:
                break
            if moment < closure.until and (found is None or closure.until > found.until):
                found = closure
        return found

    def after(self, moment: datetime, count: int) -> tuple[Closure, ...]:
        """What holds now and what comes next."""
        return tuple(c for c in self.closures if c.until > moment)[:count]
