"""Where the database is: what `database.url` may say, and how people are shown it (without a password)."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from trading.domain.errors import SettingsError

_RIGHT = "write sqlite:///path/to/file.db or postgresql://user:password@host/name"
_SQLITE = {"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"}
_POSTGRES = {"postgresql", "postgres", "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Address:
    """A checked database address. `path` is the file of a SQLite database, None for PostgreSQL."""

    url: URL
    path: Path | None

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The address behind `text`, or SettingsError that does not repeat it: it may hold a password."""
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise SettingsError(f"database.url is not a database address; {_RIGHT}.") from None
        if url.drivername in _SQLITE:
            if not url.database or url.database == ":memory:" or url.host:
                raise SettingsError(
                    f"database.url names no SQLite file; {_RIGHT} (an absolute path has four slashes)."
                )
            return cls(url.set(drivername="sqlite", query={}), Path(url.database).absolute())
        if url.drivername not in _POSTGRES:
            raise SettingsError(
                f"database.url starts with '{url.drivername}', which is not supported; {_RIGHT}."
            )
        _need_driver()
        return cls(url.set(drivername="postgresql+psycopg"), None)

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        host = self.url.host or self.url.query.get("host") or "localhost"
        return f"{self.url.database or self.url.username} on {host}"

    def sqlite(self, mode: str) -> URL:
        """The file as SQLite opens it: `ro`, `rw` (it must exist) or `rwc`."""
        file = f"file:{quote(str(self.path))}"
        return URL.create("sqlite", database=file, query={"mode": mode, "uri": "true"})


def _need_driver() -> None:
    if importlib.util.find_spec("psycopg") is None:
        raise SettingsError(
            "database.url names PostgreSQL, but its driver is not installed; install the extra 'postgres' "
            "(make extra-postgres)."
        )
