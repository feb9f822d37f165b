"""Who is who: persons, their identities on the platforms, their roles, codes, sessions and chats."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Row, delete, select, update

from trading.domain.errors import Refused
from trading.domain.people import Person, Place, Role
from trading.store.codes import Guesses, code_hash, new_code, new_token, token_hash
from trading.store.pairing import TOPICS, Newcomer, use_code
from trading.store.store import Store
from trading.store.tables import ChatRow, GrantRow, IdentityRow, PairingRow, PersonRow, SessionRow, table
from trading.store.writing import put

__all__ = ["TOPICS", "PeopleStore"]

_SEEN_EVERY = timedelta(minutes=5)  # how exactly a session knows when it was last used


class PeopleStore:
    """The book of persons. Roles are those for the person's current account and for '*' together.

    Persons are kept in memory; every change made through here is seen by the next question.
    """

    def __init__(
        self, store: Store, *, account: str = "main", language: str = "en", zone: str = "UTC"
    ) -> None:
        """`account`, `language` and `zone` are what a newly created person starts with."""
        self._store = store
        self._newcomer = Newcomer(account=account, language=language, zone=zone)
        self._guesses = Guesses()
        self._persons: dict[int, Person] = {}
        self._identities: dict[tuple[str, str], int] = {}
        self._changes = 0

    # --- who ------------------------------------------------------------------------------------------------

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
            if before == self._changes:
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
            .where(persons.c.id == person_id)
        )
        if not found:
            return None
        person = _person(found)
        if before == self._changes:
            self._persons[person_id] = person
        return person

    async def owner(self) -> Person | None:
        """The first owner of everything, or None while nobody has paired."""
        grants = table(GrantRow).c
        query = select(grants.person_id).where(grants.role == Role.OWNER.value, grants.account == "*")
        found = await self._store.database.rows(query.order_by(grants.person_id).limit(1))
        return await self.person(found[0].person_id) if found else None

    # --- codes ----------------------------------------------------------------------------------------------

    async def new_code(
        self,
        person_id: int | None,
        roles: Collection[Role],
        valid_for: timedelta,
        *,
        accounts: Collection[str] = ("*",),
    ) -> str:
        """A code that works once: for `person_id` it adds an identity; for None it makes a new person with
        `roles` on `accounts`. Only its hash is kept."""
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
        }
        await self._store.database.write(lambda connection: put(connection, PairingRow, [values]))
        return code

    async def pair(self, place: Place, name: str, code: str) -> Person | None:
        """Use up a code: link this platform id to its person, and let the chat hear of everything.

        None when the code is wrong, used or expired, and for a while after ten wrong ones whatever the code.
        """
        now, sender = self._store.clock(), f"{place.platform}:{place.user_id}"
        if self._guesses.too_many(sender, now):
            return None
        hashed = code_hash(code)
        job = partial(use_code, hashed=hashed, place=place, name=name, now=now, newcomer=self._newcomer)
        person_id = await self._store.database.write(job)
        if person_id is None:
            self._guesses.note(sender, now)
            return None
        self._guesses.forgive(sender)
        self._forget()
        return await self.person(person_id)

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

    async def set_account(self, person_id: int, account: str) -> Person:
        """The account the person's commands mean from now on; Refused when they have no role on it."""
        grants = table(GrantRow).c
        query = select(grants.role).where(grants.person_id == person_id, grants.account.in_([account, "*"]))
        if not await self._store.database.rows(query.limit(1)):
            raise Refused(f"There is no account '{account}' for you.")
        return await self._set(person_id, account=account)

    # --- web sessions ---------------------------------------------------------------------------------------

    async def new_session(self, person_id: int, valid_for: timedelta) -> str:
        """A token for a browser of this person. Only its hash is kept."""
        await self._known(person_id)
        token, now = new_token(), self._store.clock()
        values = {
            "token_hash": token_hash(token),
            "person_id": person_id,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + valid_for,
        }
        sessions = table(SessionRow)

        def start(connection: Connection) -> None:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            connection.execute(sessions.insert(), [values])

        await self._store.database.write(start)
        return token

    async def session(self, token: str) -> Person | None:
        """Whose browser this is; None when the session has ended."""
        now, hashed, sessions = self._store.clock(), token_hash(token), table(SessionRow)
        found = await self._store.database.rows(
            select(sessions.c.person_id, sessions.c.seen_at).where(
                sessions.c.token_hash == hashed, sessions.c.expires_at > now
            )
        )
        if not found:
            return None
        if now - found[0].seen_at >= _SEEN_EVERY:
            seen = update(sessions).where(sessions.c.token_hash == hashed).values(seen_at=now)
            await self._store.database.write(lambda connection: connection.execute(seen))
        return await self.person(found[0].person_id)

    async def end_session(self, token: str) -> None:
        """From now on the token means nobody."""
        sessions = table(SessionRow)
        end = delete(sessions).where(sessions.c.token_hash == token_hash(token))
        await self._store.database.write(lambda connection: connection.execute(end))

    # --- chats ----------------------------------------------------------------------------------------------

    async def chats(self, topic: str, account: str, *, roles: Collection[Role] | None = None) -> list[str]:
        """Addresses of the chats that want this topic of this account, and whose person may see it: has a
        role on the account, one of `roles` when given."""
        return sorted(await self._wanting(topic, account, roles))

    async def readers(self, topic: str, account: str) -> list[tuple[str, Person]]:
        """The same chats, each with the person it belongs to, in whose language and zone it is told."""
        wanting = await self._wanting(topic, account, None)
        return [(address, await self._known(person_id)) for address, person_id in sorted(wanting.items())]

    async def _wanting(self, topic: str, account: str, roles: Collection[Role] | None) -> dict[str, int]:
        """Address and person of every chat that wants a topic."""
        chat, grants = table(ChatRow), table(GrantRow)
        query = (
            select(chat.c.address, chat.c.account, chat.c.topics, chat.c.person_id)
            .join(grants, grants.c.person_id == chat.c.person_id)
            .where(chat.c.account.in_([account, "*"]), grants.c.account.in_([account, "*"]))
        )
        if roles is not None:
            query = query.where(grants.c.role.in_([role.value for role in roles]))
        wanted: dict[str, tuple[list[str], int]] = {}
        for row in await self._store.database.rows(query):
            if row.account != "*" or row.address not in wanted:  # the account's own entry goes first
                wanted[row.address] = row.topics, row.person_id
        return {address: person for address, (topics, person) in wanted.items() if topic in topics}

    async def subscribe(self, address: str, person_id: int, account: str, topics: set[str]) -> None:
        """What a chat wants to hear of an account ('*': of each that has no entry of its own)."""
        if unknown := topics - TOPICS:
            raise Refused(f"'{min(unknown)}' is not a topic; the topics are {', '.join(sorted(TOPICS))}.")
        await self._known(person_id)
        values = {"address": address, "account": account, "person_id": person_id, "topics": sorted(topics)}
        await self._store.database.write(lambda connection: put(connection, ChatRow, [values]))

    async def chat_topics(self, address: str, account: str = "*") -> set[str]:
        """What a chat wants to hear of an account."""
        chat = table(ChatRow).c
        query = select(chat.account, chat.topics).where(
            chat.address == address, chat.account.in_([account, "*"])
        )
        found = {row.account: row.topics for row in await self._store.database.rows(query)}
        return set(found.get(account, found.get("*", ())))

    # --- inside ---------------------------------------------------------------------------------------------

    async def _set(self, person_id: int, **values: str) -> Person:
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


def _person(found: Any) -> Person:
    first: Row[Any] = found[0]
    return Person(
        id=first.id,
        name=first.name,
        roles=frozenset(Role(row.role) for row in found if row.granted in (first.account, "*")),
        language=first.language,
        zone=first.zone,
        account=first.account,
    )
