"""Things worth telling a person."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Severity(IntEnum):
    INFO = 1
    WARNING = 2
    CRITICAL = 3
    EMERGENCY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell. Notices with the same `key` are one incident."""

    severity: Severity
    topic: str
    title: str
    account: str | None
    key: str
    at: datetime
    facts: tuple[tuple[str, str], ...] = ()
