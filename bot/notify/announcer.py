"""Hears every event and tells people about the few that matter."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.notify.outbox import Outbox, Parcel
from bot.notify.wording import notice_for
from bot.reply import Button, Reply, Row, Tone
from bot.words import Words
from trading.domain.events import Event
from trading.domain.notice import Notice, Severity
from trading.domain.people import Person

OLD_NEWS = timedelta(minutes=5)  # what is older was lived through in a replay or while away: summed up there
GATHER_SECONDS = 1.5  # fills that come together are told together
_TONES = {
    Severity.INFO: Tone.PLAIN,
    Severity.WARNING: Tone.WARNING,
    Severity.CRITICAL: Tone.DANGER,
    Severity.EMERGENCY: Tone.DANGER,
}


Wording = Callable[[Person], Awaitable[Reply]]  # a message in its reader's language and zone
ENGLISH = Words("en")


class Readers(Protocol):
    """Who wants to hear what; kept by trading/store/people.py."""

    async def readers(self, topic: str, account: str) -> list[tuple[str, Person]]:
        """Addresses of the chats that want this topic of this account, and whose they are."""


class Announcer:
    """A listener of trading. `hear` never waits; `run` gathers, words and hands to the outbox."""

    def __init__(
        self, people: Readers, outbox: Outbox, header: Callable[[str], str], clock: Callable[[], datetime]
    ) -> None:
        self._people, self._outbox, self._header, self._clock = people, outbox, header, clock
        self._heard: list[tuple[Notice, Event]] = []
        self._news = asyncio.Event()

    def hear(self, account: str, event: Event) -> None:
        """Note what is worth telling."""
        notice = notice_for(account, event, ENGLISH)
        if notice is None or self._clock() - notice.at > OLD_NEWS:
            return
        self._heard.append((notice, event))
        self._news.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._news.clear()
            heard, self._heard = self._heard, []
            for account, topic in dict.fromkeys((n.account, n.topic) for n, _ in heard):
                about = [(n, event) for n, event in heard if (n.account, n.topic) == (account, topic)]
                worst = max(n.severity for n, _ in about)
                await self._tell(account or "", topic, [event for _, event in about], worst)

    async def tell(self, account: str, topic: str, word: Wording, urgency: Severity) -> None:
        """Send a message to every chat that wants this topic; it is made once per language and zone."""
        made: dict[tuple[str, str], Reply] = {}
        for address, person in await self._people.readers(topic, account):
            key = person.language, person.zone
            if key not in made:
                made[key] = await word(person)
            self._outbox.put(Parcel(address, made[key], int(urgency)))

    async def _tell(self, account: str, topic: str, events: Sequence[Event], worst: Severity) -> None:
        async def word(person: Person) -> Reply:
            say = Words(person.language)
            notices = [notice for e in events if (notice := notice_for(account, e, say))]
            return in_one(notices, self._header(account), say)

        await self.tell(account, topic, word, worst)


def in_one(notices: Sequence[Notice], header: str, say: Words) -> Reply:
    """Several notices as one message: the worst is the title, the rest are its lines."""
    worst = max(n.severity for n in notices)
    buttons = (Button(say("Status"), "/status"), Button(say("Trades"), "/trades"))
    if worst >= Severity.CRITICAL:
        buttons = (Button(say("Status"), "/status"), Button(say("Positions"), "/positions"))
    if len(notices) == 1:
        rows = tuple(Row(label, value) for label, value in notices[0].facts)
        return Reply(title=notices[0].title, rows=rows, header=header, tone=_TONES[worst], buttons=(buttons,))
    ordered = sorted(notices, key=lambda n: -n.severity)
    rows = tuple(Row(n.title) for n in ordered[1:12])
    text = say("and {n} more", n=len(ordered) - 12) if len(ordered) > 12 else ""
    return Reply(
        title=ordered[0].title, text=text, rows=rows, header=header, tone=_TONES[worst], buttons=(buttons,)
    )
