"""Approving for somebody else: up to a sum, until a moment."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert, select, update

from trading.domain.errors import Refused
from trading.domain.people import Delegation, Person, Role
from trading.store.persons import Persons
from trading.store.tables import DelegationRow, table

APPROVING = frozenset({Role.OWNER, Role.APPROVER})


class Delegations(Persons):
    """Only those who may approve themselves hand it on; that is asked before."""

    async def delegate(self, by: Person, person_id: int, account: str, cap: Decimal, until: datetime) -> None:
        """Hand it on; an earlier delegation to the same person on the same account ends."""
        person = await self._known(person_id)
        if not person.roles_on(account):
            raise Refused(f"{person.name} has no role on {account}; invite them as a viewer first.")
        await self.end_delegation(person_id, account)
        values = {
            "person_id": person_id,
            "account": account,
            "cap": cap,
            "given_by": by.id,
            "given_at": self._store.clock(),
            "expires_at": until,
            "revoked_at": None,
        }
        given = insert(table(DelegationRow)).values(**values)
        what = f"delegation of {account} to person {person_id}"
        await self._store.note_change(what, f"up to {cap} until {until:%Y-%m-%d}", lambda c: c.execute(given))

    async def end_delegation(self, person_id: int, account: str) -> bool:
        """Take it back; whether there was one."""
        now, given = self._store.clock(), table(DelegationRow)
        mine = (given.c.person_id == person_id) & (given.c.account == account)
        still = given.c.revoked_at.is_(None) & (given.c.expires_at > now)
        end = update(given).where(mine & still).values(revoked_at=now)
        what = f"delegation of {account} to person {person_id}"
        return await self._store.note_change(what, "ended", lambda c: bool(c.execute(end).rowcount))

    async def delegations(self, account: str, now: datetime) -> list[Delegation]:
        """Those in force on an account. One whose giver may not approve any more is not."""
        given = table(DelegationRow)
        query = select(given).where(
            given.c.account == account, given.c.revoked_at.is_(None), given.c.expires_at > now
        )
        found = []
        for row in await self._store.database.rows(query.order_by(given.c.id)):
            person, giver = await self.person(row.person_id), await self.person(row.given_by)
            if person is None or giver is None or not giver.roles_on(account) & APPROVING:
                continue
            if not person.roles_on(account):
                continue
            found.append(
                Delegation(id=row.id, person=person, account=account, cap=row.cap, until=row.expires_at)
            )
        return found

    async def may_approve(self, person: Person, account: str, amount: Decimal, now: datetime) -> bool:
        """Whether this person may say yes to an order of this worth, in the account's currency, now."""
        known = await self.person(person.id)
        if known is None:
            return False
        if known.roles_on(account) & APPROVING:
            return True
        given = await self.delegations(account, now)
        return any(one.person.id == person.id and abs(amount) <= one.cap for one in given)
