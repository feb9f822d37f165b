"""The one writer: transactions one after another, and those that wait share the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")
Job = Callable[[AsyncConnection], Awaitable[T]]


@dataclass(slots=True, eq=False)
class _Wish:
    job: Job[Any]
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class _Run:
    """How far a transaction got."""

    begun: bool = False
    answers: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Writer:
    """Runs jobs in transactions. Jobs that come while one commits go together into the next, so that a
    hundred of them cost one visit to the disk. A job that fails takes nobody with it: the others run again
    alone, so a job may run twice, but is committed once at most.
    """

    engine: AsyncEngine
    _wishes: list[_Wish] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, job: Job[T]) -> T:
        """What the job answers, once it is committed. Cancelling the caller does not tear the transaction."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_seen)
        self._wishes.append(_Wish(job, answer))
        await asyncio.shield(self._flush())
        return answer.result()

    async def close(self) -> None:
        """Wait for what is being written, then let go of the connection."""
        await self._flush()
        async with self._lock:
            await self.engine.dispose()

    async def _flush(self) -> None:
        """Empty the queue; when it returns, every wish made before the call has its answer."""
        async with self._lock:
            batch, self._wishes = self._wishes, []
            if not batch or await self._together(batch):
                return
            for wish in batch:
                await self._together([wish])

    async def _together(self, batch: list[_Wish]) -> bool:
        """One transaction for all of them; False when it has to be done one by one instead."""
        run = _Run()
        (failure,) = await asyncio.gather(self._transact(batch, run), return_exceptions=True)
        if failure is not None and run.begun and len(run.answers) < len(batch) > 1:
            return False  # a job failed, before the commit was asked for: nothing has happened
        for wish, answer in zip_longest(batch, run.answers):
            if failure is None:
                wish.answer.set_result(answer)
            else:
                wish.answer.set_exception(failure)
        return True

    async def _transact(self, batch: list[_Wish], run: _Run) -> None:
        async with self.engine.begin() as connection:
            run.begun = True
            for wish in batch:
                run.answers.append(await wish.job(connection))


def _seen(answer: asyncio.Future[Any]) -> None:
    """Nobody may be there to hear of a failure when the caller was cancelled."""
    if not answer.cancelled():
        answer.exception()
