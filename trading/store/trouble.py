"""What a database can complain about, in one sentence a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, StatementError

from trading.domain.errors import Broken, SettingsError
from trading.store.address import Address

_SQLITE = {  # primary result codes of SQLite
    5: "the database {where} is locked by another program; close that program",
    6: "the database {where} is locked by another program; close that program",
    8: "the database {where} cannot be written; make the file and its folder writable for this user",
    10: "the disk under the database {where} fails to read or write; check the disk",
    11: "the database {where} is damaged; put a backup in its place",
    13: "the disk is full and the database {where} cannot grow; free some space",
    14: "the database {where} cannot be opened; check that the file exists and its folder is writable",
    26: "the file {where} is not a database or is damaged; put a backup in its place",
}
_POSTGRES = {  # the first characters of SQLSTATE, longest first
    "53100": "the disk of the database {where} is full; free some space",
    "53": "the database {where} is out of resources; look at its server",
    "25006": "the database {where} may only be read; use the primary server",
    "28": "the database {where} does not accept this user and password; correct database.url",
    "3D": "the database {where} does not exist; create it or correct database.url",
    "42501": "the user of database.url may not use the tables of {where}; grant it the right",
    "08": "the connection to the database {where} was lost; check the server",
    "57P": "the database {where} was shut down; start it",
}
_CONNECTING = {  # the server's words where the driver passes no SQLSTATE on
    "authentication failed": "28",
    "no password supplied": "28",
    "no pg_hba.conf entry": "28",
    "role": "28",
    "database": "3D",
}
_SCHEMA = {"42P01", "42703"}  # undefined table, undefined column
_NOTHING_LOST = "Nothing was half-written."


@contextmanager
def in_words(where: Address) -> Iterator[None]:
    """Turn the database's errors into Broken: what happened, and that nothing was half-written."""
    try:
        yield
    except SQLAlchemyError as error:
        raise Broken(f"{_capital(sentence(error, where))}. {_NOTHING_LOST}") from error


@contextmanager
def at_start(where: Address) -> Iterator[None]:
    """The same at the start, where it means that the settings or the machine need a person: SettingsError."""
    try:
        yield
    except SQLAlchemyError as error:
        if _is_schema(error):
            raise SettingsError(
                f"The database {where} has no tables of this version yet; run 'python -m migrations' first."
            ) from error
        raise SettingsError(f"{_capital(sentence(error, where))}.") from error
    except OSError as error:
        raise SettingsError(f"The database {where} cannot be opened ({error.strerror}).") from error


def sentence(error: SQLAlchemyError, where: Address) -> str:
    """What happened and what would help, without values that were being written."""
    if not isinstance(error, DBAPIError):
        cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
        return f"the store was given what it cannot keep ({cause})"
    known = _known(error.orig)
    if known is not None:
        return known.format(where=where)
    if (
        where.path is None
        and isinstance(error, OperationalError | InterfaceError)
        and not _sqlstate(error.orig)
    ):
        return f"the database {where} cannot be reached; check database.url and that the server runs"
    return f"the database {where} refused ({_first_line(error.orig)})"


def _known(cause: Any) -> str | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)
    state = _sqlstate(cause)
    return next((words for start, words in _POSTGRES.items() if state.startswith(start)), None)


def _is_schema(error: SQLAlchemyError) -> bool:
    cause = getattr(error, "orig", None)
    text = _first_line(cause)
    return _sqlstate(cause) in _SCHEMA or text.startswith(("no such table", "no such column"))


def _sqlstate(cause: Any) -> str:
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return str(state)
    _, fatal, words = str(cause).partition("FATAL: ")
    return next((state for word, state in _CONNECTING.items() if fatal and word in words), "")


def _first_line(cause: Any) -> str:
    """Without the lines after it, in which PostgreSQL repeats the values."""
    return (str(cause).splitlines() or [""])[0].rstrip(".")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
