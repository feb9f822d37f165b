"""Looking after people: who there is, what they may, and whom the desk does not know any more."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from trading.domain.errors import Refused
from trading.domain.people import EVERY_ACCOUNT, RULING, Member, Role
from trading.store.pairing import void_invitations
from trading.store.persons import Persons, person_of
from trading.store.tables import GrantRow, IdentityRow, PairingRow, PersonRow, SessionRow, table
from trading.store.waiting import remove_about

Job = Callable[[Connection], None]


class Members(Persons):
    """Whoever changes something here is asked for their rights before; what must always hold is held here."""

    async def everybody(self) -> list[Member]:
        """All persons, in the order in which they came; the disabled ones too."""
        persons, grants, known = table(PersonRow), table(GrantRow), table(IdentityRow).c
        query = (
            select(persons, grants.c.role, grants.c.account.label("granted"))
            .outerjoin(grants, grants.c.person_id == persons.c.id)
            .order_by(persons.c.id)
        )
        rows: dict[int, list[Any]] = defaultdict(list)
        for row in await self._store.database.rows(query):
            rows[row.id].append(row)
        platforms: dict[int, list[str]] = defaultdict(list)
        for row in await self._store.database.rows(select(known.person_id, known.platform).distinct()):
            platforms[row.person_id].append(row.platform)
        return [
            Member(
                person=person_of(of_one),
                platforms=tuple(sorted(platforms[number])),
                disabled=of_one[0].disabled_at is not None,
            )
            for number, of_one in rows.items()
        ]

    async def give(self, person_id: int, account: str, role: Role) -> None:
        """Let this be the one role the person has on the account ('*': on all); in force with their next line."""
        await self._known(person_id)
        now = self._store.clock()
        await self._change(person_id, f"made {role} of {account}", giving(person_id, account, role, now))

    async def take_away(self, person_id: int, account: str) -> None:
        """Take every role on an account away. Raises Refused when there is none."""
        await self._known(person_id)
        job = taking(person_id, account, self._store.clock())
        await self._change(person_id, f"no role any more on {account}", job)

    async def disable(self, person_id: int) -> None:
        """From now on this person is nobody: no line, no button, no browser, no message, no code of theirs.

        Invitations that were not used yet are void, whoever made them: the person may have one in hand.
        """
        await self._known(person_id)
        await self._change(person_id, "disabled", disabling(person_id, self._store.clock()))

    async def enable(self, person_id: int) -> None:
        """The person is somebody again, with the roles they had."""
        await self._change(person_id, "enabled", enabling(person_id))

    async def _change(self, person_id: int, outcome: str, job: Job) -> None:
        await self._store.note_change(f"person {person_id}", outcome, job)
        self._forget()


# --- each change by itself, for the transaction of whoever makes it --------------------------------------------


def giving(person_id: int, account: str, role: Role, now: datetime) -> Job:
    def work(connection: Connection) -> None:
        _void_what_they_made(connection, person_id, account, now, but=role)
        connection.execute(_grants_of(person_id, account))
        given = {"person_id": person_id, "account": account, "role": role.value}
        connection.execute(insert(table(GrantRow)).values(**given))
        remove_about(connection, person_id, account)
        _refuse_without_owner(connection)

    return work


def taking(person_id: int, account: str, now: datetime) -> Job:
    def work(connection: Connection) -> None:
        _void_what_they_made(connection, person_id, account, now)
        if not connection.execute(_grants_of(person_id, account)).rowcount:
            raise Refused("This person has no role there.")
        remove_about(connection, person_id, account)
        _refuse_without_owner(connection)

    return work


def disabling(person_id: int, now: datetime) -> Job:
    def work(connection: Connection) -> None:
        persons, codes, sessions = table(PersonRow), table(PairingRow), table(SessionRow)
        mine = persons.c.id == person_id
        connection.execute(update(persons).where(mine).values(disabled_at=now))
        _refuse_without_owner(connection)
        theirs = (codes.c.person_id == person_id) & codes.c.used_at.is_(None)
        connection.execute(update(codes).where(theirs).values(used_at=now))
        void_invitations(connection, now)
        connection.execute(delete(sessions).where(sessions.c.person_id == person_id))
        remove_about(connection, person_id)

    return work


def enabling(person_id: int) -> Job:
    persons = table(PersonRow)
    again = update(persons).where(persons.c.id == person_id).values(disabled_at=None)

    def work(connection: Connection) -> None:
        connection.execute(again)

    return work


def _void_what_they_made(
    connection: Connection, person_id: int, account: str, now: datetime, but: Role | None = None
) -> None:
    """Whoever ceases to rule may have an invitation in hand that would bring them back: none is good any more."""
    grants = table(GrantRow).c
    ruling = [role.value for role in RULING if role is not but]
    query = select(grants.role).where(
        grants.person_id == person_id, grants.account == account, grants.role.in_(ruling)
    )
    if connection.execute(query.limit(1)).first() is not None:
        void_invitations(connection, now)


def _grants_of(person_id: int, account: str) -> Any:
    grants = table(GrantRow)
    return delete(grants).where(grants.c.person_id == person_id, grants.c.account == account)


def _refuse_without_owner(connection: Connection) -> None:
    """The house always has somebody who owns all of it; a change that would leave nobody is undone."""
    grants, persons = table(GrantRow).c, table(PersonRow).c
    owners = (
        select(grants.person_id)
        .join(table(PersonRow), persons.id == grants.person_id)
        .where(grants.role == Role.OWNER.value, grants.account == EVERY_ACCOUNT)
        .where(persons.disabled_at.is_(None))
    )
    if connection.execute(owners.limit(1)).first() is None:
        raise Refused("Somebody must own the desk; make another person its owner first.")
