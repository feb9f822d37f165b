"""The way off the event loop into a database: a few threads, each job one trip."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")
Job = Callable[[Connection], T]


class Lane:
    """Runs jobs, each in a transaction of its own.

    A job takes one trip to a thread, however many statements it has. An asynchronous driver makes several
    trips per statement, which costs ten times as much when a hundred people ask at once.
    """

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")

    async def run(self, job: Job[T]) -> T:
        """What the job answers, after the commit; its error after a rollback."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.dispose)
        self._threads.shutdown(wait=False)

    def _run(self, job: Job[T]) -> T:
        with self._engine.begin() as connection:
            return job(connection)
