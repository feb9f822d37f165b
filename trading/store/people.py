"""The book of people as a whole: who they are, how they get in, what they set, what they may."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select

from trading.domain.errors import Refused
from trading.domain.people import EVERY_ACCOUNT, LOCAL, Person, Place, Quiet, Role, Session
from trading.store.chat_book import ChatBook
from trading.store.codes import code_hash, new_code
from trading.store.delegations import Delegations
from trading.store.factors import Factors
from trading.store.owner_changes import OwnerChanges
from trading.store.pairing import TOPICS, use_code
from trading.store.sessions import Sessions
from trading.store.tables import GrantRow, IdentityRow, PairingRow, table
from trading.store.writing import put

__all__ = ["TOPICS", "PeopleStore"]


class PeopleStore(Sessions, ChatBook, OwnerChanges, Factors, Delegations):
    """One for the house. Every change made through here is seen by the next question."""

    # --- codes ----------------------------------------------------------------------------------------------

    async def new_code(
        self,
        person_id: int | None,
        roles: Collection[Role],
        valid_for: timedelta,
        *,
        accounts: Collection[str] = (EVERY_ACCOUNT,),
        origin: str | None = None,
    ) -> str:
        """A code that works once: for `person_id` it adds an identity; for None it makes a new person with
        `roles` on `accounts`. Only its hash is kept. `origin`: the platform it was asked for on."""
        if person_id is None and not (roles and accounts):
            raise Refused("A code for a new person needs a role and an account.")
        if person_id is not None and await self.person(person_id) is None:
            raise Refused(f"There is no person {person_id}.")
        code, now = new_code(), self._store.clock()
        values = {
            "code_hash": code_hash(code),
            "person_id": person_id,
            "roles": sorted(role.value for role in roles),
            "accounts": sorted(accounts),
            "created_at": now,
            "expires_at": now + valid_for,
            "used_at": None,
            "origin": origin,
        }
        await self._store.database.write(lambda connection: put(connection, PairingRow, [values]))
        return code

    async def pair(self, place: Place, name: str, code: str) -> Person | None:
        """Use up a code: link this platform id to its person, and let the chat hear of everything.

        None when the code is wrong, used or expired, and for a while after ten wrong ones whatever the code.
        """
        entered = await self.enter(place, name, code)
        return entered.person if entered else None

    async def enter(self, place: Place, name: str, code: str) -> Session | None:
        """As `pair`, and who let them in: the terminal's own code, or a chat in which it was asked for."""
        now, sender = self._store.clock(), f"{place.platform}:{place.user_id}"
        if self._guesses.too_many(sender, now):
            return None
        hashed, codes = code_hash(code), table(PairingRow).c
        job = partial(use_code, hashed=hashed, place=place, name=name, now=now, newcomer=self._newcomer)
        known = await self._store.database.rows(select(codes.code_hash).where(codes.code_hash == hashed))
        used = await self._store.database.write(job) if known else None  # a guess costs the disk nothing
        person = None
        if used is not None:
            self._forget()
            person = await self.person(used.person_id)
        if used is None or person is None:
            self._guesses.note(sender, now)
            return None
        self._guesses.forgive(sender)
        return Session(person=person, origin=used.origin or LOCAL)

    async def link(self, platform: str, user_id: str, person_id: int) -> None:
        """Make a platform id one of a person's own without a code (the terminal, a web session)."""
        await self._known(person_id)
        values = {
            "platform": platform,
            "user_id": user_id,
            "person_id": person_id,
            "linked_at": self._store.clock(),
        }
        await self._store.database.write(lambda connection: put(connection, IdentityRow, [values]))
        self._forget()

    # --- what a person may set ------------------------------------------------------------------------------

    async def set_language(self, person_id: int, language: str) -> Person:
        """The language the person is answered in."""
        return await self._set(person_id, language=language)

    async def set_zone(self, person_id: int, zone: str) -> Person:
        """The zone the person's times are shown in; Refused when there is no such zone."""
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Refused(
                f"'{zone}' is not a time zone; write one like Asia/Seoul, Europe/Berlin or UTC."
            ) from None
        return await self._set(person_id, zone=zone)

    async def set_theme(self, person_id: int, theme: str) -> Person:
        """How pictures are drawn for the person: light or dark."""
        return await self._set(person_id, theme=theme)

    async def set_quiet(self, person_id: int, quiet: Quiet | None) -> Person:
        """The hours in which the person is told only what cannot wait; None: there are none."""
        start, end = (f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}") if quiet else (None, None)
        return await self._set(person_id, quiet_from=start, quiet_until=end)

    async def set_account(self, person_id: int, account: str) -> Person:
        """The account the person's commands mean from now on; Refused when they have no role on it."""
        grants = table(GrantRow).c
        mine = grants.account.in_([account, EVERY_ACCOUNT])
        query = select(grants.role).where(grants.person_id == person_id, mine)
        if not await self._store.database.rows(query.limit(1)):
            raise Refused(f"There is no account '{account}' for you.")
        return await self._set(person_id, account=account)
