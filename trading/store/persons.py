"""Who is who: persons and their identities on the platforms, always as the database says; kept in memory where
nobody else writes it."""

from collections.abc import Callable, Collection, Sequence
from datetime import time
from typing import Any

from sqlalchemy import select, update

from trading.domain.errors import Refused
from trading.domain.people import EVERY_ACCOUNT, Person, Place, Quiet, Role
from trading.store.codes import Guesses
from trading.store.keyring import Keyring
from trading.store.pairing import Newcomer
from trading.store.store import Store
from trading.store.tables import GrantRow, IdentityRow, PersonRow, table


class Persons:
    """The book of persons. Every change made through here is seen by the next question.

    A disabled person is nobody: not found by any platform id, session or number.
    """

    def __init__(
        self,
        store: Store,
        *,
        account: str = "main",
        language: str = "en",
        zone: str = "UTC",
        opens: Callable[[], dict[str, Any]] = dict,
        taken: Callable[[], Collection[str]] = tuple,
        ring: Callable[[], Keyring] | None = None,
    ) -> None:
        """`account`, `language` and `zone` are what a newly created person starts with; `opens` is what an
        account of their own is set up with, `taken` names those there are, `ring` seals second factors."""
        self._store = store
        self._newcomer = Newcomer(account=account, language=language, zone=zone, opens=opens, taken=taken)
        self._ring = ring
        self._guesses = Guesses()
        self._wrong_codes = Guesses(most=5)
        self._remembers = store.database.where.path is not None  # other desks may share a PostgreSQL
        self._persons: dict[int, Person] = {}
        self._identities: dict[tuple[str, str], int] = {}
        self._changes = 0

    async def find(self, place: Place) -> Person | None:
        """The person behind a platform id, or None."""
        key = (place.platform, place.user_id)
        person_id = self._identities.get(key)
        if person_id is None:
            before = self._changes
            known = table(IdentityRow).c
            found = await self._store.database.rows(
                select(known.person_id).where(known.platform == key[0], known.user_id == key[1])
            )
            if not found:
                return None
            person_id = int(found[0].person_id)
            if self._remembers and before == self._changes:
                self._identities[key] = person_id
        return await self.person(person_id)

    async def person(self, person_id: int) -> Person | None:
        """The person with this number, or None."""
        if person_id in self._persons:
            return self._persons[person_id]
        before = self._changes
        persons, grants = table(PersonRow), table(GrantRow)
        found = await self._store.database.rows(
            select(persons, grants.c.role, grants.c.account.label("granted"))
            .outerjoin(grants, grants.c.person_id == persons.c.id)
            .where(persons.c.id == person_id, persons.c.disabled_at.is_(None))
        )
        if not found:
            return None
        person = person_of(found)
        if self._remembers and before == self._changes:
            self._persons[person_id] = person
        return person

    async def owner(self) -> Person | None:
        """The first owner of everything, or None while nobody has paired."""
        return next(iter(await self.owners(EVERY_ACCOUNT)), None)

    async def owners(self, account: str) -> list[Person]:
        """Everybody who owns an account, those who own every account included; the first comes first."""
        grants, persons = table(GrantRow).c, table(PersonRow).c
        query = (
            select(grants.person_id)
            .join(table(PersonRow), persons.id == grants.person_id)
            .where(grants.role == Role.OWNER.value, grants.account.in_([account, EVERY_ACCOUNT]))
            .where(persons.disabled_at.is_(None))
            .distinct()
            .order_by(grants.person_id)
        )
        found = [await self.person(row.person_id) for row in await self._store.database.rows(query)]
        return [person for person in found if person is not None]

    async def _set(self, person_id: int, **values: Any) -> Person:
        persons = table(PersonRow)
        change = update(persons).where(persons.c.id == person_id).values(**values)
        await self._store.database.write(lambda connection: connection.execute(change))
        self._forget()
        return await self._known(person_id)

    async def _known(self, person_id: int) -> Person:
        person = await self.person(person_id)
        if person is None:
            raise Refused(f"There is no person {person_id}.")
        return person

    def _forget(self) -> None:
        """An answer that was being read while this happened is not remembered either."""
        self._changes += 1
        self._persons.clear()
        self._identities.clear()


def person_of(found: Sequence[Any]) -> Person:
    """A person from their rows, one for each role; an account they have no role on any more is not theirs."""
    first = found[0]
    grants = frozenset((row.granted, Role(row.role)) for row in found if row.role is not None)
    places = {account for account, _ in grants}
    account = first.account
    if places and not places & {account, EVERY_ACCOUNT}:
        account = min(places)
    return Person(
        id=first.id,
        name=first.name,
        roles=frozenset(role for where, role in grants if where in (account, EVERY_ACCOUNT)),
        language=first.language,
        zone=first.zone,
        account=account,
        grants=grants,
        quiet=_quiet(first.quiet_from, first.quiet_until),
        theme=first.theme or "dark",
    )


def _quiet(start: str | None, end: str | None) -> Quiet | None:
    return Quiet(time.fromisoformat(start), time.fromisoformat(end)) if start and end else None
