"""The house's database without threads: the same tables and statements, one after the other, with faults to order."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, event, make_url
from sqlalchemy.pool import SingletonThreadPool

from trading.domain.errors import Broken

T = TypeVar("T")
_COMPILED: dict[Any, Any] = {}  # statements, compiled once for every database of a test run


class Crash(BaseException):
    """The process is gone, at this very point."""


class InlineDatabase:
    """Used like trading.store.database.Database. `at_commit` is called with "before" and "after" each transaction."""

    def __init__(self, path: Path) -> None:
        pool = SingletonThreadPool(lambda: sqlite3.connect(path, isolation_level=None))
        engine = Engine(pool, _shared().dialect, make_url(f"sqlite:///{path}"))
        self._engine = engine.execution_options(compiled_cache=_COMPILED)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(self._engine, "connect", _quick)
        self.at_commit: Callable[[str], None] = lambda moment: None
        self.full = False  # as a disk may be
        self.writes = 0

    async def write(self, job: Callable[[Connection], T]) -> T:
        if self.full:
            raise Broken("The disk is full. Nothing was half-written.")
        with self._engine.begin() as connection:
            answer = job(connection)
            self.at_commit("before")
        self.writes += 1
        self.at_commit("after")
        return answer

    async def read(self, job: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return job(connection)

    async def rows(self, query: Executable) -> Sequence[Row[Any]]:
        return await self.read(lambda connection: connection.execute(query).all())

    async def close(self) -> None:
        self._engine.dispose()


@cache
def _shared() -> Engine:
    """Whose dialect all of them use, so that a statement is compiled once, not once for every file."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    return engine


def _quick(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # no test here pulls the plug
    connection.execute("PRAGMA journal_mode=MEMORY")
