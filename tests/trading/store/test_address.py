"""What database.url may say, and how it is shown."""

import sys
from pathlib import Path

import pytest

from trading.domain.errors import SettingsError
from trading.store.address import Address


def test_a_relative_file_lies_below_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert Address.parse("sqlite:///data/tradewind.db").path == tmp_path / "data" / "tradewind.db"


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"])
def test_an_absolute_file_has_four_slashes_whatever_the_driver(scheme):
    where = Address.parse(f"{scheme}:////srv/tradewind.db")

    assert where.path == Path("/srv/tradewind.db")
    assert str(where) == "/srv/tradewind.db"


def test_a_file_may_be_called_anything():
    where = Address.parse("sqlite:////srv/50%25 öl.db")

    assert where.sqlite("ro").database == "file:/srv/50%25%20%C3%B6l.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgres_is_shown_by_name_and_host_only(scheme):
    where = Address.parse(f"{scheme}://mina:hunter2@db.example:5433/desk?password=hunter3")

    assert where.path is None
    assert where.url.drivername == "postgresql+psycopg"
    assert str(where) == "desk on db.example"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "is not a database address"),
        ("tradewind.db", "is not a database address"),
        ("postgresql://mina:hunter2@host:port/desk", "is not a database address"),
        ("sqlite://", "names no SQLite file"),
        ("sqlite:///:memory:", "names no SQLite file"),
        ("sqlite://srv/hunter2.db", "names no SQLite file"),
        ("mysql://mina:hunter2@host/desk", "starts with 'mysql', which is not supported"),
        ("postgresql+asyncpg://mina:hunter2@host/desk", "starts with 'postgresql+asyncpg'"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(url, says):
    with pytest.raises(SettingsError) as told:
        Address.parse(url)

    assert says in told.value.tell
    assert "write sqlite:///path/to/file.db or postgresql://" in told.value.tell
    assert "hunter" not in told.value.tell


def test_without_its_driver_postgres_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(SettingsError) as told:
        Address.parse("postgresql://host/desk")

    assert told.value.tell == (
        "database.url names PostgreSQL, but its driver is not installed; "
        "install the extra 'postgres' (make extra-postgres)."
    )
