"""Bring a database up or down, see whether it matches the models, and write the next migration."""

import asyncio
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from migrations.backup import copy_of
from migrations.matching import OPTIONS
from trading.domain.errors import SettingsError
from trading.store.address import Address
from trading.store.lease import holder
from trading.store.tables import Row
from trading.store.trouble import at_start, sentence

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What was done: from which revision to which (None: no tables), and the copy made before."""

    where: str
    before: str | None
    after: str | None
    copy: Path | None


async def upgrade(url: str, revision: str = "head") -> Migrated:
    """Bring the database (made when missing) up to date without blocking the loop; all of it or nothing.

    A SQLite file that exists is copied first, unless there is nothing to do. Raises SettingsError.
    """
    return await asyncio.to_thread(upgrade_now, url, revision)


def upgrade_now(url: str, revision: str = "head") -> Migrated:
    """As `upgrade`, for callers without a loop."""
    where = Address.parse(url)
    if where.path is not None:
        _make_file(where)
    return _migrate(where, command.upgrade, revision)


def downgrade_now(url: str, revision: str = "-1") -> Migrated:
    """Take migrations back, one unless told otherwise. What only newer tables held is left in the copy."""
    return _migrate(_existing(url), command.downgrade, revision)


def differences(url: str) -> list[str]:
    """What is not as the models say, in a line each; empty when the database is up to date."""
    where = _existing(url)
    with _connected(where) as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)
        at, head = context.get_current_revision(), _scripts().get_current_head()
        found = [] if at == head else [f"the database is at revision {at}, the newest is {head}"]
        return found + [_line(one) for one in compare_metadata(context, Row.metadata)]


def new(message: str) -> Path:
    """Write the next migration: what the models have and the migrations do not."""
    scripts = _scripts()
    number = f"{len(list(scripts.walk_revisions())) + 1:04d}"
    with TemporaryDirectory() as folder:
        where = Address.parse(f"sqlite:///{folder}/models.db")
        _make_file(where)
        _migrate(where, command.upgrade, "head")
        with _connected(where) as connection:
            made: Any = command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    return Path(made.path)


def _migrate(where: Address, move: Any, revision: str) -> Migrated:
    with _connected(where) as connection:
        before = _revision(connection)
        if before == (_scripts().get_current_head() if revision == "head" else revision):
            return Migrated(where=str(where), before=before, after=before, copy=None)
        _nobody_else(where)
        copy = copy_of(where.path, before, datetime.now(UTC)) if where.path and before else None
        move(_config(connection), revision)
        _check_keys(connection)
        connection.commit()
        return Migrated(where=str(where), before=before, after=_revision(connection), copy=copy)


def _config(connection: Connection) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(HERE, file_template="%(rev)s_%(slug)s")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts=OPTIONS).get_current_revision()


@contextmanager
def _connected(where: Address) -> Iterator[Connection]:
    engine = _engine(where)
    try:
        with _in_words(where), engine.connect() as connection:
            connection.begin()
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7281903)")  # one migration at a time
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _in_words(where: Address) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise SettingsError(f"Nothing was migrated: {sentence(error, where)}.") from error
    except CommandError as error:
        raise SettingsError(
            f"The database {where} cannot be migrated ({str(error).rstrip('.')}); "
            "a database of a newer version needs that version, or the copy made before its migration."
        ) from error


def _engine(where: Address) -> Engine:
    if where.path is None:
        return create_engine(where.url, poolclass=NullPool, hide_parameters=True)
    engine = create_engine(
        where.sqlite("rw"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": 5.0, "isolation_level": None},  # so that creating tables can be undone, too
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _existing(url: str) -> Address:
    where = Address.parse(url)
    if where.path is not None and not where.path.exists():
        raise SettingsError(f"There is no database at {where}; run 'python -m migrations up' to make one.")
    return where


def _make_file(where: Address) -> None:
    """The file and its folder are for their owner only."""
    path = where.path or Path()
    with at_start(where):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _nobody_else(where: Address) -> None:
    """A running desk must not have its tables changed under it."""
    desk = holder(where.path.parent) if where.path is not None else None
    if desk is None or desk.get("pid") == os.getpid():
        return
    who = f" (process {desk['pid']} since {desk['since']})" if "pid" in desk else ""
    raise SettingsError(f"The desk that uses the database {where} is running{who}; stop it before migrating.")


def _check_keys(connection: Connection) -> None:
    """SQLite does not check foreign keys while tables are rebuilt, so it is done afterwards."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SettingsError(
            f"The migration would leave rows of '{broken[0][0]}' that point nowhere; it was undone."
        )


def _line(difference: Any) -> str:
    if isinstance(difference, list):
        return "; ".join(_line(one) for one in difference)
    return " ".join(str(part) for part in difference if part is not None)


def tables(url: str) -> set[str]:
    """The tables that are there."""
    with _connected(_existing(url)) as connection:
        return set(inspect(connection).get_table_names())
