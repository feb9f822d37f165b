"""What waits for one chat, and what may leave next: in order, at a pace people can bear."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.notify.parcels import MOST_ROWS, Parcel
from trading.domain.notice import Severity

MOST_WAITING = 500
MANY = 5  # urgent messages that wait together; beyond it they share messages, a dozen titles in each
KEPT = {
    Severity.INFO: timedelta(hours=6)
}  # what is merely good to know is of no use after an outage of hours
KEPT_LONGEST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Pace:
    """So many messages that do not hurry in so many seconds; the rest waits and is told as one."""

    most: int = 4
    seconds: float = 60.0


@dataclass(slots=True)
class Lane:
    """A queue for one chat; there is one for what hurries and one for the rest."""

    pace: Pace | None  # None: whatever waits may leave
    waiting: deque[Parcel] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    spared: int = 0  # dropped for want of room, and to be counted in what is told next
    failures: int = 0
    _left: deque[float] = field(default_factory=deque)  # when messages left

    def put(self, parcel: Parcel) -> Parcel | None:
        """Take it in; the least urgent and oldest is handed back when there are too many."""
        self.waiting.append(parcel)
        self.news.set()
        if len(self.waiting) <= MOST_WAITING:
            return None
        least = min(self.waiting, key=lambda p: (p.severity, p.at))
        self.waiting.remove(least)
        self.spared += 1
        return least

    def stale(self, now: datetime) -> list[Parcel]:
        """Take out what has waited too long."""
        old = [
            p
            for p in self.waiting
            if now - max(p.at, p.not_before or p.at) > KEPT.get(p.severity, KEPT_LONGEST)
        ]
        for parcel in old:
            self.waiting.remove(parcel)
        return old

    def next(self, now: datetime, steady: float) -> tuple[list[Parcel], float]:
        """What leaves as one message; or nothing, and how many seconds to wait."""
        due = [p for p in self.waiting if p.not_before is None or p.not_before <= now]
        if not due:
            held = [p.not_before for p in self.waiting if p.not_before is not None]
            return [], max((min(held) - now).total_seconds(), 0.01) if held else 0.0
        if self.pace is None:
            return self._urgent(due), 0.0
        while self._left and steady - self._left[0] >= self.pace.seconds:
            self._left.popleft()
        if len(self._left) >= self.pace.most:
            return [], self.pace.seconds - (steady - self._left[0])
        return _run(due), 0.0

    def done(self, parcels: list[Parcel], steady: float) -> None:
        """These have left, or never will."""
        gone = {p.id for p in parcels}
        self.waiting = deque(p for p in self.waiting if p.id not in gone)
        if self.pace is not None:
            self._left.append(steady)

    @staticmethod
    def _urgent(due: list[Parcel]) -> list[Parcel]:
        return due[:1] if len(due) <= MANY else _run(due)[: MOST_ROWS + 1]


def _run(due: list[Parcel]) -> list[Parcel]:
    """The first, together with those behind it that can be told in one message: incidents, or other news.

    They are kept apart, because a message of incidents is changed with them.
    """
    if not due[0].may_merge:
        return due[:1]
    end = next((place for place, p in enumerate(due) if not p.may_merge), len(due))
    return [p for p in due[:end] if bool(p.incident) == bool(due[0].incident)]
