"""What all tables share: one metadata, names for constraints, and the kinds of columns."""

from typing import Any, cast

from sqlalchemy import Double, MetaData, Table
from sqlmodel import Field, SQLModel

from trading.store.columns import BigId, Json, Money, PlainText, UtcTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
CLUSTERED = {"sqlite_with_rowid": False}  # the rows lie in the order of their key
NUMBERED_ONCE = {"sqlite_autoincrement": True}  # a number is never used again


class Row(SQLModel):
    """What all tables share. Names of constraints are fixed, so that a migration can find them."""

    metadata = MetaData(naming_convention=NAMES)


def text(**more: Any) -> Any:
    return Field(sa_type=PlainText, **more)


def money(**more: Any) -> Any:
    return Field(sa_type=Money, **more)


def time(**more: Any) -> Any:
    return Field(sa_type=UtcTime, **more)


def number(**more: Any) -> Any:
    return Field(sa_type=Double, **more)


def json(**more: Any) -> Any:
    return Field(sa_type=Json, **more)


def counted() -> Any:
    return Field(default=None, primary_key=True, sa_type=cast(Any, BigId))


def table(row: type[SQLModel]) -> Table:
    """The table behind a class."""
    return cast(Table, cast(Any, row).__table__)
