"""The audit as people see it: who acts, a row, how far it goes, and whether it is whole."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """On whose behalf something is written."""

    person: str
    place: str
    account: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: its number and its seal. Published, it proves later that nothing before it was changed."""

    seq: int
    mac: str

    @property
    def short(self) -> str:
        """What fits into a report: enough of the seal that nobody finds another one."""
        return f"{self.seq}-{self.mac[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found; `wrong` is empty when every row is as it was written.

    `unproven`: how many of the oldest were sealed with a master key that was lost; of those nothing can be said.
    """

    rows: int
    head: Head
    wrong: str
    unproven: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who asked for what, where, when, and what came of it."""

    at: datetime
    person: str
    place: str
    account: str | None
    line: str
    outcome: str
    seq: int = 0
