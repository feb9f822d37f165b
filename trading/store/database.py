"""The database behind the store: SQLite with one writer and query-only readers, or PostgreSQL, by URL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, MetaData, Row, create_engine, event, select

from trading.domain.errors import SettingsError
from trading.store.address import Address
from trading.store.lanes import Job, Lane
from trading.store.trouble import at_start, in_words
from trading.store.writer import Writer

T = TypeVar("T")

READERS = 3
BUSY = 5.0  # seconds to wait for another program's lock
_EVERY_CONNECTION = ("PRAGMA busy_timeout=5000", "PRAGMA foreign_keys=ON", "PRAGMA mmap_size=0")
# SQLite up to 3.51.2 can corrupt a WAL when two connections write or checkpoint at the same moment. Here only
# the writer does either: readers are opened read-only and never checkpoint, and they leave before the writer.
_WRITER = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    *_EVERY_CONNECTION,
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA journal_size_limit=67108864",
)
_READER = (*_EVERY_CONNECTION, "PRAGMA query_only=ON", "PRAGMA wal_autocheckpoint=0")


@dataclass(frozen=True, slots=True)
class Database:
    """Reads beside one writer. A failure is one sentence (Broken) and leaves no half-written thing."""

    where: Address
    writer: Writer
    readers: Lane

    @classmethod
    async def open(cls, url: str, tables: MetaData) -> "Database":
        """Connect and check that the tables are there and can be written; SettingsError when not."""
        where = Address.parse(url)
        if where.path is not None and not where.path.exists():
            raise SettingsError(f"There is no database at {where} yet; run 'python -m migrations' first.")
        writing, reading = _sqlite(where) if where.path is not None else _postgres(where)
        database = cls(where, Writer(writing), reading)
        try:
            with at_start(where):
                await database.writer.write(partial(_check_writable, tables=tables))
                await database.readers.run(partial(_check_tables, tables=tables))
        except SettingsError:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Readers first: the last one to leave checkpoints, and that is the writer's work."""
        await self.readers.close()
        await self.writer.close()

    async def write(self, job: Job[T]) -> T:
        """Run a job in a transaction; what it answers, once that is on disk."""
        with in_words(self.where):
            return await self.writer.write(job)

    async def read(self, job: Job[T]) -> T:
        """Run a job that only asks. It may do its arithmetic there, too: the loop goes on meanwhile."""
        with in_words(self.where):
            return await self.readers.run(job)

    async def rows(self, query: Executable) -> Sequence[Row[Any]]:
        """Everything a query finds."""
        return await self.read(lambda connection: connection.execute(query).all())


def _check_writable(connection: Connection, tables: MetaData) -> None:
    """SQLite notices at the beginning of the transaction, PostgreSQL when a row is locked."""
    connection.execute(select(tables.sorted_tables[0]).limit(1).with_for_update())


def _check_tables(connection: Connection, tables: MetaData) -> None:
    for table in tables.sorted_tables:
        connection.execute(select(table).limit(0))


_ALWAYS: dict[str, Any] = {
    "hide_parameters": True,
    "max_overflow": 0,
}
_READING: dict[str, Any] = {
    "pool_size": READERS,
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
}


def _sqlite(where: Address) -> tuple[Lane, Lane]:
    plain = {"timeout": BUSY, "isolation_level": None}  # transactions begin where we say
    writing = create_engine(where.sqlite("rw"), pool_size=1, connect_args=plain, **_ALWAYS)
    reading = create_engine(where.sqlite("ro"), connect_args=plain, **_READING, **_ALWAYS)
    event.listen(writing, "connect", _with(_WRITER))
    event.listen(writing, "begin", _begin_at_once)
    event.listen(reading, "connect", _with(_READER))
    return Lane(writing, 1), Lane(reading, READERS)


def _with(pragmas: tuple[str, ...]) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, record: Any) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    return prepare


def _begin_at_once(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres(where: Address) -> tuple[Lane, Lane]:
    always = f"{where.url.query.get('options', '')} -c timezone=UTC -c synchronous_commit=on".strip()
    asking = f"{always} -c default_transaction_read_only=on"
    more: dict[str, Any] = {"pool_pre_ping": True, **_ALWAYS}
    writing = create_engine(where.url, pool_size=1, connect_args={"options": always}, **more)
    reading = create_engine(where.url, connect_args={"options": asking}, **_READING, **more)
    return Lane(writing, 1), Lane(reading, READERS)
