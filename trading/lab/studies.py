"""Searches that outlive their process: what was tried, written a batch at a time, read by all who take part.

SQLite keeps them in `studies.db` of the data folder. PostgreSQL keeps them in a schema of their own, so that the
desk's migrations never meet these tables, and any number of machines add to the same study.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateTable

from trading.domain.errors import Refused
from trading.store.address import Address
from trading.strategies.parameters import nearest

SCHEMA = "tradewind_search"
MAY_DIFFER = ("trials", "data", "from", "to", "symbols")  # the candles themselves are compared
_tables = MetaData()
_studies = Table(
    "studies",
    _tables,
    Column("name", String(64), primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("settings", Text, nullable=False),
)
_batches = Table(
    "batches",
    _tables,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("study", ForeignKey("studies.name"), nullable=False, index=True),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("tries", Text, nullable=False),
)


class Studies:
    """Opened by every process that takes part. Raises Refused when the place cannot be used."""

    def __init__(self, url: str) -> None:
        address = Address.parse(url)
        if address.path is not None:
            self._engine = _file(address.path)
        else:
            engine = create_engine(address.url)
            self._engine = engine.execution_options(schema_translate_map={None: SCHEMA})
        try:
            self._make_tables(schema=address.path is None)
        except IntegrityError:  # on PostgreSQL another process made them at the very same moment
            self._make_tables(schema=address.path is None)

    def _make_tables(self, *, schema: bool) -> None:
        """What is there already stays as it is, whoever made it, even between a look and a touch."""
        with self._begun() as connection:
            if schema:
                connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            for table in _tables.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def close(self) -> None:
        self._engine.dispose()

    def settings(self, name: str) -> dict[str, Any] | None:
        """What the study was begun with; None when there is none of that name."""
        with self._begun() as connection:
            found = connection.execute(select(_studies.c.settings).where(_studies.c.name == name)).scalar()
        return None if found is None else dict(orjson.loads(found))

    def joined(self, name: str) -> dict[str, Any]:
        """As `settings`; raises Refused, naming the nearest, when there is none."""
        found = self.settings(name)
        if found is None:
            raise Refused(f"There is no study '{name}' to join; {nearest(name, self.names())}.")
        return found

    def names(self) -> list[str]:
        with self._begun() as connection:
            return [row.name for row in connection.execute(select(_studies.c.name))]

    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        """Begin a study, or go on with one of the same settings; raises Refused when they differ."""
        text = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode()
        try:
            with self._begun() as connection:
                row = {"name": name, "made_at": datetime.now(UTC), "settings": text}
                connection.execute(insert(_studies).values(row))
        except IntegrityError:
            there, wanted = self.joined(name), orjson.loads(text)
            other = next(
                (key for key in wanted if key not in MAY_DIFFER and there.get(key) != wanted[key]), None
            )
            if other is not None:
                raise Refused(
                    f"The study {name} is there already, with another {other} ({_shown(there.get(other))}, not "
                    f"{_shown(wanted[other])}); choose another name, or go on with it by --join {name}."
                ) from None

    def add(self, name: str, tries: list[dict[str, Any]]) -> int:
        """Write what was tried, at once or not at all; the number of this batch."""
        with self._begun() as connection:
            row = {"study": name, "made_at": datetime.now(UTC), "tries": orjson.dumps(tries).decode()}
            done = connection.execute(insert(_batches).values(row))
            assert done.inserted_primary_key is not None
            return int(done.inserted_primary_key[0])

    def since(self, name: str, seen: set[int]) -> list[dict[str, Any]]:
        """What others have added; their batches are put into `seen`."""
        with self._begun() as connection:
            ids = connection.execute(select(_batches.c.id).where(_batches.c.study == name)).scalars()
            fresh = [number for number in ids if number not in seen]
            if not fresh:
                return []
            wanted = select(_batches.c.tries).where(_batches.c.id.in_(fresh)).order_by(_batches.c.id)
            texts = list(connection.execute(wanted).scalars())
        seen.update(fresh)
        return [one for text in texts for one in orjson.loads(text)]

    @contextmanager
    def _begun(self) -> Iterator[Any]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            raise Refused(f"The studies cannot be read or written ({kind}).") from error


def _file(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"The folder {path.parent} cannot be written ({error.strerror}).") from None
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "isolation_level": None})

    @event.listens_for(engine, "begin")
    def _ahead(connection: Connection) -> None:
        """Take the lock first: SQLite waits for others only where a transaction begins as a writer's."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
