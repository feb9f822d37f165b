"""Hears every event and tells people about the few that matter."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.notify.outbox import Outbox, Parcel
from bot.notify.wording import notice_for
from bot.reply import Button, Reply, Row, Tone
from trading.domain.events import Event
from trading.domain.notice import Notice, Severity
from trading.store.people import PeopleStore

OLD_NEWS = timedelta(
    minutes=5
)  # what is older was lived through in a replay or while away, and is summed up there
GATHER_SECONDS = 1.5  # fills that come together are told together
_TONES = {
    Severity.INFO: Tone.PLAIN,
    Severity.WARNING: Tone.WARNING,
    Severity.CRITICAL: Tone.DANGER,
    Severity.EMERGENCY: Tone.DANGER,
}


class Announcer:
    """A listener of trading. `hear` never waits; `run` gathers, words and hands to the outbox."""

    def __init__(
        self, people: PeopleStore, outbox: Outbox, header: Callable[[str], str], clock: Callable[[], datetime]
    ) -> None:
        self._people, self._outbox, self._header, self._clock = people, outbox, header, clock
        self._heard: list[Notice] = []
        self._news = asyncio.Event()

    def hear(self, account: str, event: Event) -> None:
        """Note what is worth telling."""
        notice = notice_for(account, event)
        if notice is None or self._clock() - notice.at > OLD_NEWS:
            return
        self._heard.append(notice)
        self._news.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._news.clear()
            heard, self._heard = self._heard, []
            for account, topic in dict.fromkeys((n.account, n.topic) for n in heard):
                await self._tell(
                    account or "", topic, [n for n in heard if (n.account, n.topic) == (account, topic)]
                )

    async def tell(self, account: str, topic: str, reply: Reply, urgency: int) -> None:
        """Send a reply to every chat that wants this topic of this account."""
        for address in await self._people.chats(topic, account):
            self._outbox.put(Parcel(address, reply, urgency))

    async def _tell(self, account: str, topic: str, notices: Sequence[Notice]) -> None:
        worst = max(n.severity for n in notices)
        reply = in_one(notices, self._header(account), worst)
        await self.tell(account, topic, reply, int(worst))


def in_one(notices: Sequence[Notice], header: str, worst: Severity) -> Reply:
    """Several notices as one message: the first is the title, the rest are its lines."""
    buttons = (Button("Status", "/status"), Button("Trades", "/trades"))
    if worst >= Severity.CRITICAL:
        buttons = (Button("Status", "/status"), Button("Positions", "/positions"))
    if len(notices) == 1:
        rows = tuple(Row(label, value) for label, value in notices[0].facts)
        return Reply(title=notices[0].title, rows=rows, header=header, tone=_TONES[worst], buttons=(buttons,))
    ordered = sorted(notices, key=lambda n: -n.severity)
    rows = tuple(Row(n.title) for n in ordered[1:12])
    text = f"and {len(ordered) - 12} more" if len(ordered) > 12 else ""
    return Reply(
        title=ordered[0].title, text=text, rows=rows, header=header, tone=_TONES[worst], buttons=(buttons,)
    )
