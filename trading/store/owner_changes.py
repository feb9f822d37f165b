"""Who rules the desk changes slowly: announced a day before it holds, and every owner may call it off."""

from dataclasses import replace
from functools import partial

from sqlalchemy import Connection, select

from trading.domain.errors import Refused
from trading.domain.people import EVERY_ACCOUNT, Change, Person, Role
from trading.store.members import Job, Members, disabling, enabling, giving, taking
from trading.store.tables import GrantRow, PersonRow, table
from trading.store.waiting import announce, changes_of, keep, remove, remove_about, waiting


class OwnerChanges(Members):
    """What `Members` does at once, a day later. Whoever asks is asked for their rights before."""

    async def announce(
        self, by: Person, act: str, person_id: int, account: str, role: Role | None = None
    ) -> Change:
        """Let it hold a day from now, unless it is called off; it takes the place of one about the same person."""
        about = await self._anybody(person_id)
        now = self._store.clock()
        facts = {"act": act, "person_id": person_id, "name": about, "account": account, "role": role}

        def work(connection: Connection) -> Change:
            remove_about(connection, person_id, account)
            return announce(connection, now, by=by.name, by_id=by.id, **facts)

        outcome = " ".join(str(part) for part in (act, role or "", account, "announced") if part)
        return await self._store.note_change(f"person {person_id}", outcome, work)

    async def changes(self) -> list[Change]:
        """What is announced and waits, the next one first."""
        return changes_of(list(await self._store.database.rows(waiting())))

    async def note_told(self, change: Change) -> None:
        """Its owners know."""
        told = replace(change, told=True)
        await self._store.database.write(lambda connection: _keep_waiting(connection, told))

    async def call_off(self, number: int) -> Change:
        """It will not happen. Refused when nothing of this number waits."""
        found = [change for change in await self.changes() if change.id == number]
        gone = bool(found) and await self._store.note_change(
            f"person {found[0].person_id}",
            f"{found[0].act} {found[0].account} called off",
            lambda connection: remove(connection, number),
        )
        if not gone:
            raise Refused(f"No change waits under the number {number}: it was done, or called off.")
        return found[0]

    async def ripen(self) -> list[tuple[Change, str]]:
        """Let hold what has waited long enough; each with why it could not be done (empty: it was)."""
        now, done = self._store.clock(), []
        for change in [change for change in await self.changes() if change.at <= now]:
            reason = ""
            try:
                held = await self._let_hold(change)
            except Refused as refused:
                reason = refused.tell
                held = await self._store.database.write(partial(remove, number=change.id))
            if held:  # else somebody called it off, or another desk let it hold, in this very moment
                done.append((change, reason))
        return done

    async def _let_hold(self, change: Change) -> bool:
        """It waits no longer, and it holds: both or neither. False when it does not wait any more."""
        outcome, job = self._deed(change)

        def work(connection: Connection) -> bool:
            if not remove(connection, change.id):
                return False
            _refuse_when_void(connection, change)
            job(connection)
            return True

        held = await self._store.note_change(f"person {change.person_id}", outcome, work)
        self._forget()
        return held

    def _deed(self, change: Change) -> tuple[str, Job]:
        number, where, now = change.person_id, change.account, self._store.clock()
        match change.act:
            case "role" if change.role is not None:
                return f"made {change.role} of {where}", giving(number, where, change.role, now)
            case "drop":
                return f"no role any more on {where}", taking(number, where, now)
            case "disable":
                return "disabled", disabling(number, now)
        return "enabled", enabling(number)

    async def _anybody(self, person_id: int) -> str:
        """The name of somebody who may be disabled."""
        found = [member for member in await self.everybody() if member.person.id == person_id]
        if not found:
            raise Refused(f"There is no person {person_id}.")
        return found[0].person.name


def _refuse_when_void(connection: Connection, change: Change) -> None:
    """Whoever asked must still own what they asked about, a day later; and whom it is about must still be somebody."""
    if change.act in ("role", "drop") and not _is_somebody(connection, change.person_id):
        raise Refused(f"There is no person {change.person_id}.")
    if change.by_id is None:
        return
    grants = table(GrantRow).c
    owns = select(grants.role).where(
        grants.person_id == change.by_id,
        grants.role == Role.OWNER.value,
        grants.account.in_([change.account, EVERY_ACCOUNT]),
    )
    if not _is_somebody(connection, change.by_id) or connection.execute(owns.limit(1)).first() is None:
        raise Refused(f"{change.by}, who asked for it, is no owner any more.")


def _is_somebody(connection: Connection, person_id: int) -> bool:
    persons = table(PersonRow).c
    query = select(persons.id).where(persons.id == person_id, persons.disabled_at.is_(None))
    return connection.execute(query).first() is not None


def _keep_waiting(connection: Connection, change: Change) -> None:
    """It may have been called off meanwhile: then it stays away."""
    if remove(connection, change.id):
        keep(connection, change)
