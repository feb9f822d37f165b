"""Who rules the desk changes slowly: announced a day before it holds, and every owner may call it off."""

from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from trading.domain.errors import Refused
from trading.domain.people import Change, Person, Role
from trading.store.members import Members
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
                await self._refuse_when_void(change)
                await self._let_hold(change)
            except Refused as refused:
                reason = refused.tell
            await self._store.database.write(partial(remove, number=change.id))
            done.append((change, reason))
        return done

    async def _let_hold(self, change: Change) -> None:
        match change.act:
            case "role" if change.role is not None:
                await self.give(change.person_id, change.account, change.role)
            case "drop":
                await self.take_away(change.person_id, change.account)
            case "disable":
                await self.disable(change.person_id)
            case "enable":
                await self.enable(change.person_id)

    async def _refuse_when_void(self, change: Change) -> None:
        """Whoever asked must still own what they asked about, a day later."""
        if change.by_id is None:
            return
        asker = await self.person(change.by_id)
        if asker is None or Role.OWNER not in asker.roles_on(change.account):
            raise Refused(f"{change.by}, who asked for it, is no owner any more.")

    async def _anybody(self, person_id: int) -> str:
        """The name of somebody who may be disabled."""
        found = [member for member in await self.everybody() if member.person.id == person_id]
        if not found:
            raise Refused(f"There is no person {person_id}.")
        return found[0].person.name


def _keep_waiting(connection: Connection, change: Change) -> None:
    """It may have been called off meanwhile: then it stays away."""
    if remove(connection, change.id):
        keep(connection, change)
