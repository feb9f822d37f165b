"""What each chat wants to hear, and whose it is."""

from collections.abc import Collection

from sqlalchemy import select

from trading.domain.errors import Refused
from trading.domain.people import Person, Role
from trading.store.pairing import TOPICS
from trading.store.persons import Persons
from trading.store.tables import ChatRow, GrantRow, PersonRow, table
from trading.store.writing import put


class ChatBook(Persons):
    """Chats, their topics and their persons. Nobody hears of an account they have no role on."""

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
        chat, grants, persons = table(ChatRow), table(GrantRow), table(PersonRow)
        query = (
            select(chat.c.address, chat.c.account, chat.c.topics, chat.c.person_id)
            .join(grants, grants.c.person_id == chat.c.person_id)
            .join(persons, persons.c.id == chat.c.person_id)
            .where(persons.c.disabled_at.is_(None))
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
