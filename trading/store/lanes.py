"""Ways off the event loop into a database: threads for SQLite, the driver's own waiting for PostgreSQL."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")
Job = Callable[[Connection], T]


class Lane(Protocol):
    """Runs jobs, each in a transaction of its own (readers: each as the database was at one moment)."""

    async def run(self, job: Job[T]) -> T:
        """What the job answers, after the commit; its error after a rollback."""

    async def close(self) -> None:
        """Let go of the connections."""


class ThreadLane:
    """A job takes one trip to a thread, however many statements it has; a trip per statement costs five times
    as much."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")

    async def run(self, job: Job[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.dispose)
        self._threads.shutdown(wait=False)

    def _run(self, job: Job[T]) -> T:
        with self._engine.begin() as connection:
            return job(connection)


class LoopLane:
    """For drivers that wait on the loop themselves."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, job: Job[T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(job)

    async def close(self) -> None:
        await self._engine.dispose()
