"""A migrated, empty database of each kind, and a store on it: every test here runs on both."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from migrations.run import upgrade_now
from tests.fakes.clock import HandClock
from tests.fakes.postgres import Postgres, postgres
from trading.store.people import PeopleStore
from trading.store.store import Store
from trading.store.tables import Row

__all__ = ["postgres"]

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
EMPTIED = [table.name for table in reversed(Row.metadata.sorted_tables)]  # much faster than a new database


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    upgrade_now(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> str:
    postgres.run("CREATE DATABASE shared")
    upgrade_now(postgres.url("shared"))
    return "shared"


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'tradewind.db')}"


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_database: str) -> Iterator[str]:
    yield postgres.url(migrated_database)
    postgres.run("; ".join(f'DELETE FROM "{name}"' for name in EMPTIED), migrated_database)


@pytest.fixture
def own_postgres_url(postgres: Postgres, migrated_database: str) -> Iterator[str]:
    url = postgres.new_database(migrated_database)
    yield url
    postgres.drop(url)


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
async def store(url: str, clock: HandClock) -> AsyncIterator[Store]:
    opened = await Store.open(url, clock)
    yield opened
    await opened.close()


@pytest.fixture
def people(store: Store) -> PeopleStore:
    return PeopleStore(store)
