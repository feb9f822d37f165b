"""The one writer: transactions one after another, and those that wait share the next one."""

import asyncio
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, TypeVar

from sqlalchemy import Connection

from trading.store.lanes import Job, Lane

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Wish:
    job: Job[Any]
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class _Batch:
    """Wishes that share a transaction, and how far it got."""

    wishes: list[_Wish]
    begun: bool = False
    answers: list[Any] = field(default_factory=list)

    def run(self, connection: Connection) -> None:
        self.begun = True
        for wish in self.wishes:
            self.answers.append(wish.job(connection))

    @property
    def failed_in_a_job(self) -> bool:
        """Whether a job was to blame, before the commit was asked for: then nothing has happened."""
        return self.begun and len(self.answers) < len(self.wishes)


@dataclass(slots=True)
class Writer:
    """Runs jobs in transactions. Jobs that come while one commits go together into the next, so that a
    hundred of them cost one visit to the disk. A job that fails takes nobody with it: the others run again
    alone, so a job may run twice, but is committed once at most.
    """

    lane: Lane
    _wishes: list[_Wish] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, job: Job[T]) -> T:
        """What the job answers, once it is committed. Cancelling the caller does not tear the transaction."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_seen)
        self._wishes.append(_Wish(job, answer))
        await asyncio.shield(self._flush(answer))
        return answer.result()

    async def close(self) -> None:
        """Wait for what is being written, then let go of the connection."""
        async with self._lock:
            await self.lane.close()

    async def _flush(self, answer: asyncio.Future[Any]) -> None:
        """Write all that waits, unless somebody else's transaction has taken ours along."""
        async with self._lock:
            if answer.done():
                return
            wishes, self._wishes = self._wishes, []
            if await self._together(wishes):
                return
            for wish in wishes:
                await self._together([wish])

    async def _together(self, wishes: list[_Wish]) -> bool:
        """One transaction for all of them; False when it has to be done one by one instead."""
        batch = _Batch(wishes)
        (failure,) = await asyncio.gather(self.lane.run(batch.run), return_exceptions=True)
        if failure is not None and batch.failed_in_a_job and len(wishes) > 1:
            return False
        for wish, answer in zip_longest(wishes, batch.answers):
            if failure is None:
                wish.answer.set_result(answer)
            else:
                wish.answer.set_exception(failure)
        return True


def _seen(answer: asyncio.Future[Any]) -> None:
    """Nobody may be there to hear of a failure when the caller was cancelled."""
    if not answer.cancelled():
        answer.exception()
