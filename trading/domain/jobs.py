"""Work that was asked for and takes a while: who asked, how far it is, what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """From the queue to its end."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_over(self) -> bool:
        return self not in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whose work it is, and the line that asked for it."""

    id: int
    name: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job as it stands; `place` counts from 1 while it waits and is 0 after."""

    id: str
    asker: Asker
    what: str
    state: JobState
    share: float
    place: int
    asked_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """News of a job under way: its place in the queue (0: it is its turn), how much is done, what went wrong."""

    job: str  # empty where nothing queues
    place: int = 0
    share: float = 0.0
    begun_again: bool = False  # its process was killed; nothing but time is lost
