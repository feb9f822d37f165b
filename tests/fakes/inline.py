"""The house's database without threads: the same tables and statements, one after the other, with faults to order."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, make_url
from sqlalchemy.pool import SingletonThreadPool

from trading.domain.errors import Broken

T = TypeVar("T")
_COMPILED: dict[Any, Any] = {}  # statements, compiled once for every database of a test run


class Crash(BaseException):
    """The process is gone, at this very point."""


class InlineDatabase:
    """Used like trading.store.database.Database. `at_commit` hears of each transaction: "before" or "after", and
    what it is for."""

    pragmas: tuple[str, ...] = (
        "PRAGMA synchronous=OFF",
        "PRAGMA journal_mode=MEMORY",
    )  # nobody pulls the plug

    def __init__(self, path: Path) -> None:
        pool = SingletonThreadPool(partial(self._opened, path))  # type: ignore[arg-type]
        engine = Engine(pool, _shared().dialect, make_url(f"sqlite:///{path}"))
        self._engine = engine.execution_options(compiled_cache=_COMPILED)
        self._kept: Connection | None = None  # one for everything, as long as it is open
        self.at_commit: Callable[[str], None] = lambda moment: None
        self.full = False  # as a disk may be
        self.writes = 0

    async def write(self, job: Callable[[Connection], T]) -> T:
        if self.full:
            raise Broken("The disk is full. Nothing was half-written.")
        with self._transaction() as connection:
            answer = job(connection)
            self.at_commit(f"before {_purpose(job)}")
        self.writes += 1
        self.at_commit(f"after {_purpose(job)}")
        return answer

    async def read(self, job: Callable[[Connection], T]) -> T:
        with self._transaction() as connection:
            return job(connection)

    async def rows(self, query: Executable) -> Sequence[Row[Any]]:
        return await self.read(lambda connection: connection.execute(query).all())

    def look(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a test finds on disk by itself, as SQLite keeps it, without the house's own statements."""
        cursor = self._raw.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    async def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        raw, connection = self._raw, self._kept
        assert connection is not None
        raw.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            raw.rollback()
            raise
        raw.commit()

    @property
    def _raw(self) -> sqlite3.Connection:
        if self._kept is None:
            self._kept = self._engine.connect()
        raw = self._kept.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw

    def _opened(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in self.pragmas:
            connection.execute(pragma)
        return connection


def _purpose(job: Callable[[Connection], Any]) -> str:
    """What a transaction is for, by the name of the function that is it or that made it."""
    name = getattr(job, "func", job).__qualname__
    return name.partition(".<locals>")[0].rpartition(".")[2].strip("_")


@cache
def _shared() -> Engine:
    """Whose dialect all of them use, so that a statement is compiled once, not once for every file."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    return engine
