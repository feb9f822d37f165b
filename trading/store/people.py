"""Who is who: persons, their identities on the platforms, their roles, codes, sessions and chats."""

from collections.abc import Collection
from datetime import timedelta

from trading.domain.people import Person, Place, Role
from trading.store.store import Store

TOPICS = frozenset({"reports", "alerts", "trades"})


class PeopleStore:
    """The book of persons. Roles are those for the person's current account and for '*' together."""

    def __init__(self, store: Store, *, account: str = "main", language: str = "en", zone: str = "UTC") -> None:
        """`account`, `language` and `zone` are what a newly created person starts with."""

    async def find(self, place: Place) -> Person | None: ...
    async def person(self, person_id: int) -> Person | None: ...
    async def owner(self) -> Person | None:
        """The first owner, or None while nobody has paired."""

    async def new_code(
        self,
        person_id: int | None,
        roles: Collection[Role],
        valid_for: timedelta,
        *,
        accounts: Collection[str] = ("*",),
    ) -> str:
        """A single-use code: for `person_id` one more identity, for None a new person with `roles` on `accounts`."""

    async def pair(self, place: Place, name: str, code: str) -> Person | None: ...
    async def link(self, platform: str, user_id: str, person_id: int) -> None:
        """Make a platform id one of a person's own without a code (the terminal, a web session)."""

    async def set_language(self, person_id: int, language: str) -> Person: ...
    async def set_zone(self, person_id: int, zone: str) -> Person: ...
    async def set_account(self, person_id: int, account: str) -> Person: ...
    async def new_session(self, person_id: int, valid_for: timedelta) -> str: ...
    async def session(self, token: str) -> Person | None: ...
    async def end_session(self, token: str) -> None: ...
    async def chats(self, topic: str, account: str) -> list[str]:
        """Addresses of the chats that want this topic of this account, and whose person may see it."""

    async def subscribe(self, address: str, person_id: int, account: str, topics: set[str]) -> None:
        """What a chat wants to hear of an account ('*': of each that has no entry of its own)."""

    async def chat_topics(self, address: str, account: str = "*") -> set[str]: ...
