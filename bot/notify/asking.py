"""Questions to one person: into every chat of theirs, at once, and until they have arrived."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bot.notify.outbox import Outbox
from bot.notify.parcels import Parcel
from bot.reply import Reply
from bot.steps import Tell
from trading.domain.notice import Severity
from trading.domain.people import Person


class Chats(Protocol):
    """Who hears where; kept by trading/store/people.py."""

    async def readers(self, topic: str, account: str) -> list[tuple[str, Person]]:
        """Addresses of the chats that want this topic of this account, and whose they are."""


def asks(people: Chats, outbox: Outbox, clock: Callable[[], datetime]) -> Tell:
    """What hands a question to a person."""

    async def tell(person: Person, reply: Reply) -> None:
        for address, reader in await people.readers("alerts", person.account):
            if reader.id == person.id:
                outbox.put(
                    Parcel(
                        address=address,
                        reply=reply,
                        severity=Severity.WARNING,
                        at=clock(),
                        urgent=True,
                        language=person.language,
                        zone=person.zone,
                    )
                )

    return tell
