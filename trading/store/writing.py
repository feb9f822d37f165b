"""How rows get into tables on both databases, and how the steps of a tick become rows."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Delete, Insert
from sqlmodel import SQLModel

from trading.store import ledger
from trading.store.ledger import Values
from trading.store.records import Step
from trading.store.tables import (
    CashFlowRow,
    EquityRow,
    EventRow,
    FillRow,
    HaltRow,
    OrderRow,
    PositionRow,
    SignalRow,
    SnapshotRow,
    table,
)

_KEYS = {
    FillRow: ("account", "symbol", "id"),
    EventRow: ("account", "at", "digest"),
}  # else primary


def put(connection: Connection, row: type[SQLModel], values: Sequence[Values]) -> None:
    """Insert rows; one with a known key takes the place of the old one."""
    if values:
        connection.execute(_put(connection.dialect.name, row), list(values))


def add(connection: Connection, row: type[SQLModel], values: Sequence[Values]) -> None:
    """Insert rows; one with a known key is ignored."""
    if values:
        connection.execute(_add(connection.dialect.name, row), list(values))


def add_new(connection: Connection, row: type[SQLModel], values: Values) -> bool:
    """Insert one row; False when its key is known already."""
    key = next(iter(table(row).primary_key))
    added = connection.execute(_add(connection.dialect.name, row).values(values).returning(key))
    return added.first() is not None


def replace(connection: Connection, row: type[SQLModel], values: dict[str, Sequence[Values]]) -> None:
    """Let an account have exactly these rows."""
    if not values:
        return
    connection.execute(_clear(row), [{"of": account} for account in values])
    rows = [one for of_account in values.values() for one in of_account]
    if rows:
        connection.execute(table(row).insert(), rows)


def write_steps(connection: Connection, steps: Sequence[Step]) -> None:
    """All that the steps leave behind, table by table; of two states of one thing the later stays."""
    orders = {
        (step.account, order.client_id): ledger.order_row(step.account, order)
        for step in steps
        for order in step.orders
    }
    put(connection, OrderRow, list(orders.values()))
    add(connection, FillRow, [ledger.fill_row(s.account, fill) for s in steps for fill in s.fills])
    add(connection, EventRow, [ledger.event_row(s.account, news) for s in steps for news in s.news])
    put(connection, SignalRow, [ledger.signal_row(s.account, one) for s in steps for one in s.signals])
    add(connection, CashFlowRow, [ledger.flow_row(s.account, flow) for s in steps for flow in s.flows])
    put(connection, EquityRow, _equity(steps))
    replace(
        connection,
        PositionRow,
        {
            s.account: [ledger.position_row(s.account, one) for one in s.positions]
            for s in steps
            if s.positions is not None
        },
    )
    replace(
        connection,
        HaltRow,
        {s.account: [ledger.halt_row(s.account, h) for h in s.halts] for s in steps if s.halts is not None},
    )
    put(connection, SnapshotRow, _snapshots(steps))


def _equity(steps: Iterable[Step]) -> list[Values]:
    return [
        ledger.equity_row(step.account, step.equity, step.cash, step.drawdown)
        for step in steps
        if step.equity is not None
    ]


def _snapshots(steps: Iterable[Step]) -> list[Values]:
    last = {step.account: step for step in steps if step.snapshot is not None}
    return [{"account": step.account, "at": step.at, "state": step.snapshot} for step in last.values()]


@cache
def _put(dialect: str, row: type[SQLModel]) -> Insert:
    into = table(row)
    insert = _insert(dialect, into)
    changed = {c.name: insert.excluded[c.name] for c in into.columns if not c.primary_key}
    if not changed:
        return insert.on_conflict_do_nothing()  # type: ignore[no-any-return]
    return insert.on_conflict_do_update(index_elements=list(into.primary_key), set_=changed)  # type: ignore[no-any-return]


@cache
def _add(dialect: str, row: type[SQLModel]) -> Insert:
    into = table(row)
    key = _KEYS.get(row) or tuple(column.name for column in into.primary_key)
    return _insert(dialect, into).on_conflict_do_nothing(index_elements=list(key))  # type: ignore[no-any-return]


@cache
def _clear(row: type[SQLModel]) -> Delete:
    of = table(row)
    return delete(of).where(of.c.account == bindparam("of"))


def _insert(dialect: str, into: Table) -> Any:
    return sqlite.insert(into) if dialect == "sqlite" else postgresql.insert(into)
