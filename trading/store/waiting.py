"""Changes of who rules, announced before they hold: a row of facts for each, until it holds or is called off."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, select

from trading.domain.people import Change, Role
from trading.store.tables import MetaRow, table
from trading.store.writing import put

NOTICE: Final = timedelta(hours=24)  # how long everybody who owns the account can object
_PREFIX: Final = "owner change "
_LAST: Final = "last owner change"  # numbers are never used again: a late button must not mean another change


def announce(connection: Connection, now: datetime, **of: Any) -> Change:
    """Write a change down that holds from a day from now on."""
    number = _next_number(connection)
    change = Change(id=number, at=now + NOTICE, told=False, **of)
    keep(connection, change)
    return change


def keep(connection: Connection, change: Change) -> None:
    """Let this be what is known of the change."""
    put(connection, MetaRow, [{"key": f"{_PREFIX}{change.id}", "value": _text(change)}])


def remove(connection: Connection, number: int) -> bool:
    """Whether it was still waiting."""
    meta = table(MetaRow)
    return bool(connection.execute(delete(meta).where(meta.c.key == f"{_PREFIX}{number}")).rowcount)


def remove_about(connection: Connection, person_id: int, account: str | None = None) -> None:
    """Nothing is announced about this person any more, on the account or anywhere."""
    for change in changes_of(connection.execute(waiting()).all()):
        if change.person_id == person_id and account in (None, change.account):
            remove(connection, change.id)


def waiting() -> Select[Any]:
    """The query for `changes_of`."""
    meta = table(MetaRow).c
    return select(meta.value).where(meta.key.like(f"{_PREFIX}%"))


def changes_of(rows: Sequence[Any]) -> list[Change]:
    """What waits, the next one first."""
    return sorted(_changes(rows), key=lambda change: (change.at, change.id))


def _changes(rows: Sequence[Any]) -> Iterator[Change]:
    for row in rows:
        told = json.loads(row.value)
        role = Role(told["role"]) if told["role"] else None
        yield Change(**told | {"role": role, "at": datetime.fromisoformat(told["at"])})


def _text(change: Change) -> str:
    facts = {name: getattr(change, name) for name in Change.__slots__}
    return json.dumps(facts | {"at": change.at.isoformat()})


def _next_number(connection: Connection) -> int:
    meta = table(MetaRow)
    last = connection.execute(select(meta.c.value).where(meta.c.key == _LAST)).scalar()
    number = int(last or 0) + 1
    put(connection, MetaRow, [{"key": _LAST, "value": str(number)}])
    return number
