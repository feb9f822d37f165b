"""Failures in a row, counted for each kind of question to an exchange; the fifth closes entries."""

from collections.abc import Callable
from dataclasses import dataclass, field

LIMIT = 5
REST = 60.0  # seconds until one question may try again


@dataclass(slots=True)
class _Count:
    failed: int = 0
    opened_at: float | None = None
    probing: bool = False


@dataclass(slots=True)
class Failures:
    """One breaker for each class: orders, cancels, reads. An answer that says no is no failure."""

    monotonic: Callable[[], float]
    trip: Callable[[str], None]  # told with the reason when a class has failed so often in a row
    _counts: dict[str, _Count] = field(default_factory=dict)

    def worked(self, kind: str) -> None:
        self._counts[kind] = _Count()

    def failed(self, kind: str, reason: str) -> None:
        count = self._counts.setdefault(kind, _Count())
        count.failed += 1
        if count.probing or count.failed >= LIMIT:
            first = count.opened_at is None
            count.opened_at, count.probing = self.monotonic(), False
            if first:
                self.trip(f"{count.failed} failures in a row ({kind}); the last: {reason}")

    def against(self, kind: str) -> str | None:
        """Why this kind of question should not be asked now; after a rest exactly one may try."""
        count = self._counts.get(kind)
        if count is None or count.opened_at is None:
            return None
        if self.monotonic() - count.opened_at >= REST:
            count.opened_at = self.monotonic()  # if this one never leaves, another may try after a rest
            count.probing = True
            return None
        return f"the exchange failed {count.failed} times in a row ({kind})"

    @property
    def open(self) -> bool:
        """Whether any class is shut at this moment."""
        return any(count.opened_at is not None for count in self._counts.values())
