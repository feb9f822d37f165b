"""Accounts that people opened in a chat: what they are set up with, and whether they still trade."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from trading.store.store import Store
from trading.store.tables import AccountRow, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """`settings` is what settings.toml would say of the account."""

    name: str
    settings: dict[str, Any]
    opened_by: int
    opened_at: datetime
    closed: bool


class AccountStore:
    """The book of opened accounts. A closed one stays in it: its name is never used again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> list[Opened]:
        """Every account that was ever opened, oldest first."""
        accounts = table(AccountRow)
        rows = await self._store.database.rows(select(accounts).order_by(accounts.c.opened_at))
        return [
            Opened(
                name=row.name,
                settings=row.settings,
                opened_by=row.opened_by,
                opened_at=row.opened_at,
                closed=row.closed_at is not None,
            )
            for row in rows
        ]

    async def add(self, name: str, settings: dict[str, Any], person_id: int) -> None:
        values = {
            "name": name,
            "settings": settings,
            "opened_by": person_id,
            "opened_at": self._store.clock(),
            "closed_at": None,
        }
        added = insert(table(AccountRow)).values(**values)
        await self._store.note_change(f"account {name}", f"opened: {settings}", lambda c: c.execute(added))

    async def change(self, name: str, settings: dict[str, Any]) -> None:
        """From the next start on the account is set up so."""
        accounts = table(AccountRow)
        changed = update(accounts).where(accounts.c.name == name).values(settings=settings)
        await self._store.note_change(
            f"account {name}", f"set up anew: {settings}", lambda c: c.execute(changed)
        )

    async def close(self, name: str) -> None:
        """The account does not trade any more; its books stay."""
        accounts, now = table(AccountRow), self._store.clock()
        closed = update(accounts).where(accounts.c.name == name).values(closed_at=now)
        await self._store.note_change(f"account {name}", "closed", lambda c: c.execute(closed))
