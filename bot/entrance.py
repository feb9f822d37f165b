"""How browsers become somebody: by a code, or by what Telegram says of whoever opened the Mini App."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from bot.web.initdata import visit_of
from trading.domain.people import Person, Place, Session

TOPICS = {"reports", "alerts", "trades"}


class Guests(Protocol):
    """Who is who, as an entrance needs it; kept by trading/store/people.py."""

    async def enter(self, place: Place, name: str, code: str) -> Session | None:
        """Use up a code; whose it was, and who let them in."""

    async def find(self, place: Place) -> Person | None:
        """The person behind a platform id, or None."""

    async def link(self, platform: str, user_id: str, person_id: int) -> None:
        """Make a platform id one of a person's own."""

    async def subscribe(self, address: str, person_id: int, account: str, topics: set[str]) -> None:
        """From now on the chat hears these topics."""


class Inbox(Protocol):
    """What has come before; kept by the store."""

    async def first_time(self, platform: str, update_id: str) -> bool:
        """Remember something; False when it was seen before."""


async def enter(
    people: Guests, code: str, name: str, newcomer: Callable[[], Awaitable[object]] | None = None
) -> Session | None:
    """A browser with a good code becomes the web chat of the code's person."""
    visitor = Place(platform="web", user_id=f"entry-{secrets.token_hex(8)}", chat_id="entry", private=True)
    session = await people.enter(visitor, name, code)
    if session is not None:
        await _give_web_chat(people, session.person)
        if newcomer is not None:
            await newcomer()
    return session


async def _give_web_chat(people: Guests, person: Person) -> None:
    await people.link("web", str(person.id), person.id)
    await people.subscribe(f"web:{person.id}", person.id, "*", TOPICS)


async def visit(
    people: Guests, inbox: Inbox, token: str, clock: Callable[[], datetime], told: str
) -> Session | None:
    """Somebody who opened the Mini App becomes their own web chat, when the desk knows them on Telegram."""
    found = visit_of(told, token, clock())
    if found is None:
        return None
    place = Place(platform="telegram", user_id=found.user_id, chat_id=found.user_id, private=True)
    person = await people.find(place)
    if person is None or not await inbox.first_time("webapp", found.mark):
        return None
    await _give_web_chat(people, person)
    return Session(person=person, origin="telegram")
