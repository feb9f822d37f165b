"""Who may use the worker processes, and when: the one who uses the fewest first, then whoever asked first."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from trading.clock import Clock
from trading.domain.errors import Refused
from trading.domain.jobs import Asker, Going, JobState, JobView
from trading.domain.search import SearchProgress

T = TypeVar("T")

POLL_SECONDS = 0.25
REMEMBERED = 100  # jobs that are over and can still be looked at or asked again
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are read for another


class Stopped(Refused):
    """Somebody ended the job before it was done."""


@dataclass(slots=True)
class _Job:
    id: str
    asker: Asker
    what: str
    asked_at: datetime
    state: JobState = JobState.WAITING
    share: float = 0.0
    ended_at: datetime | None = None
    stopped_by: str = ""
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """`places` jobs run at once; one person has at most `per_person` of them waiting or running."""

    def __init__(self, clock: Clock, *, places: int, per_person: int) -> None:
        self._clock, self._places, self._per_person = clock, places, per_person
        self._jobs: dict[str, _Job] = {}

    async def run(
        self, asker: Asker, what: str, work: Callable[[str], AsyncGenerator[T, None]]
    ) -> AsyncGenerator[Going | T, None]:
        """The place in the queue now and then, and, once it is its turn, what `work` tells.

        Raises Refused when the person has too many already, or when somebody stops it.
        """
        job = self._enter(asker, what)
        end = JobState.FAILED
        try:
            while not job.turn.is_set():
                yield Going(job=job.id, place=self._place(job))
                await self._wait(job)
                _go_on(job)
            yield Going(job=job.id)
            async with aclosing(work(job.id)) as heard:
                while (told := await _next(heard, job)) is not None:
                    if isinstance(told, Going | SearchProgress):
                        job.share = told.share
                    yield told
            end = JobState.DONE
        finally:
            self._leave(job, JobState.STOPPED if job.stopped_by else end)

    def stop(self, job_id: str, by: str) -> JobView:
        """End a job within moments, whether it waits or runs. Raises Refused when there is none to end."""
        job = self._find(job_id)
        if job.state.is_over:
            raise Refused(f"The job {job_id} is over already: {job.state}.")
        job.stopped_by = job.stopped_by or by
        return self._view(job)

    def view(self, job_id: str) -> JobView:
        """One job; raises Refused when it is not known (any more)."""
        return self._view(self._find(job_id))

    def views(self) -> tuple[JobView, ...]:
        """What runs, what waits in its order, then what is over, the newest first."""
        running = [job for job in self._jobs.values() if job.state is JobState.RUNNING]
        over = [job for job in self._jobs.values() if job.state.is_over]
        return tuple(self._view(job) for job in (*running, *self._waiting(), *reversed(over)))

    # --- turns ------------------------------------------------------------------------------------------

    def _enter(self, asker: Asker, what: str) -> _Job:
        mine = sum(job.asker.id == asker.id and not job.state.is_over for job in self._jobs.values())
        if mine >= self._per_person:
            raise Refused(
                f"You may have {self._per_person} jobs at a time; wait for one of yours, or end one (/jobs shows them)."
            )
        job = _Job(id=self._new_id(), asker=asker, what=what, asked_at=self._clock())
        self._jobs[job.id] = job
        self._admit()
        return job

    def _leave(self, job: _Job, state: JobState) -> None:
        job.state, job.ended_at = state, self._clock()
        over = [one.id for one in self._jobs.values() if one.state.is_over]
        for old in over[:-REMEMBERED]:
            del self._jobs[old]
        self._admit()

    def _admit(self) -> None:
        """Give every free place to whose turn it is."""
        while self._running() < self._places and (waiting := self._waiting()):
            waiting[0].state = JobState.RUNNING
            waiting[0].turn.set()

    def _running(self, asker: int | None = None) -> int:
        return sum(
            job.state is JobState.RUNNING and asker in (None, job.asker.id) for job in self._jobs.values()
        )

    def _waiting(self) -> list[_Job]:
        """In the order of their turns; the sort is stable, so whoever asked first comes first among equals."""
        waiting = [job for job in self._jobs.values() if job.state is JobState.WAITING]
        return sorted(waiting, key=lambda job: self._running(job.asker.id))

    def _place(self, job: _Job) -> int:
        return self._waiting().index(job) + 1 if job.state is JobState.WAITING else 0

    @staticmethod
    async def _wait(job: _Job) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await job.turn.wait()
        except TimeoutError:
            return

    # --- looking ----------------------------------------------------------------------------------------

    def _find(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise Refused(f"There is no job '{job_id}'; /jobs shows those there are.")
        return self._jobs[job_id]

    def _view(self, job: _Job) -> JobView:
        return JobView(
            id=job.id,
            asker=job.asker,
            what=job.what,
            state=job.state,
            share=job.share,
            place=self._place(job),
            asked_at=job.asked_at,
            ended_at=job.ended_at,
        )

    def _new_id(self) -> str:
        """Three letters that are easy to type and belong to no other job."""
        while True:
            found = "".join(secrets.choice(_LETTERS) for _ in range(3))
            if found not in self._jobs:
                return found


async def _next(heard: AsyncGenerator[T, None], job: _Job) -> T | None:
    """What is told next, None at the end; what takes long is left as soon as somebody stops the job."""
    step = asyncio.create_task(_step(heard))
    try:
        while not step.done():
            await asyncio.wait({step}, timeout=POLL_SECONDS)
            _go_on(job)
        return step.result()
    finally:
        if not step.done():
            step.cancel()
            await asyncio.wait({step})


async def _step(heard: AsyncGenerator[T, None]) -> T | None:
    return await anext(heard, None)


def _go_on(job: _Job) -> None:
    if job.stopped_by:
        reason = f"Stopped by {job.stopped_by}."
        raise Stopped(reason)
