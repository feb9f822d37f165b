"""Things worth telling a person, and the incidents they belong to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    INFO = 1
    WARNING = 2
    CRITICAL = 3
    EMERGENCY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell. Notices of an account with the same `key` are one incident.

    over:      the incident `key` has ended, and this is the news of it.
    told:      False: nothing is said, but the incident is counted or ended.
    lasts:     the incident ends by itself when it is not seen again for so long; None: something must end it.
    cool_down: seen again so soon after its end, it is the same incident and no new message.
    """

    severity: Severity
    topic: str
    title: str
    account: str | None
    key: str
    at: datetime
    facts: tuple[tuple[str, str], ...] = ()
    over: bool = False
    told: bool = True
    lasts: timedelta | None = None
    cool_down: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an incident is called in one language."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that is wrong from its first sight until it is over, however often it is seen."""

    id: str
    account: str
    key: str
    topic: str
    severity: Severity
    said: dict[str, Said] = field(hash=False)  # by language
    count: int
    first_at: datetime
    last_at: datetime
    lasts: timedelta | None = None
    over_at: datetime | None = None
    acked_by: str | None = None
    acked_at: datetime | None = None
    snoozed_until: datetime | None = None
    calls: int = 0  # how often somebody was called because nobody acknowledged it

    @property
    def is_open(self) -> bool:
        return self.over_at is None

    @property
    def is_as_told(self) -> bool:
        """Whether nothing has happened to it since it began."""
        return self.count == 1 and self.is_open and self.acked_by is None

    def words(self, language: str) -> Said:
        """What it is called in a language, or in English."""
        return self.said.get(language) or self.said["en"]

    def is_snoozed(self, now: datetime) -> bool:
        return self.snoozed_until is not None and now < self.snoozed_until


@dataclass(frozen=True, slots=True)
class Seen:
    """What a notice did to its incident: `fresh` ones want a message, others are counted."""

    incident: Incident
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where a living message stands: `ref` is the platform's own name of it, empty when it is to be sent."""

    platform: str
    chat: str
    panel: str
    ref: str

    @property
    def address(self) -> str:
        return f"{self.platform}:{self.chat}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that must arrive, as plain data."""

    id: str
    address: str
    at: datetime
    parcel: dict[str, Any] = field(hash=False)
