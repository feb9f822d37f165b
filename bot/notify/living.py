"""Messages that live as long as their incident: counted, ended and acknowledged in place."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.notify.cards import bundle_card, incident_card
from bot.notify.parcels import MOST_ROWS, Parcel, in_order
from bot.platforms import Closed, Platform, Sent
from bot.words import Words
from trading.domain.errors import TradingError
from trading.domain.notice import Incident, Notice, Said, Seen, Shown
from trading.service import Trading

log = structlog.get_logger("living")

EDIT_SECONDS = 10.0  # between two edits of what an incident's messages say
EDITS_AT_ONCE = 20  # in one round; the rest waits for the next


@dataclass(frozen=True, slots=True)
class Shows:
    """What a message shows beside the incident it is noted under: whose words, and which others it lists."""

    language: str
    zone: str
    names: tuple[str, ...] = ()  # empty: that incident alone
    more: int = 0  # told with them, and not listed

    def __str__(self) -> str:
        others = f" {','.join(self.names)} {self.more}" if self.names else ""
        return f"{self.language} {self.zone}{others}"

    @classmethod
    def read(cls, text: str) -> "Shows":
        """What `str` has written."""
        language, zone, *others = text.split(" ")
        if not others:
            return cls(language, zone)
        return cls(language, zone, tuple(others[0].split(",")), int(others[1]))


class Living:
    """The incidents and their messages."""

    def __init__(self, trading: Trading, platforms: Mapping[str, Platform]) -> None:
        self._incidents, self._store = trading.incidents, trading.incidents.store
        self._platforms, self._header, self._clock = platforms, trading.header, trading.clock
        self._changed: dict[str, None] = {}

    def see(self, notice: Notice, said: dict[str, Said]) -> Seen:
        """Count it, or begin a new one."""
        return self._incidents.see(notice, said)

    async def ack(self, incident: Incident, by: str) -> Incident:
        """Somebody did it themselves, so they know of it."""
        return await self._incidents.ack(incident.id, by)

    def over(self, notice: Notice) -> Incident | None:
        """It has ended."""
        return self._incidents.over(notice.account or "", notice.key, notice.at)

    async def keep(self) -> None:
        """Write down what changed; a database that cannot is tried again with the next."""
        try:
            await self._incidents.keep()
        except TradingError as error:
            log.error("incidents_not_written", reason=error.tell)

    async def delivered(self, parcels: Sequence[Parcel], sent: Sent) -> None:
        """This message shows the incidents of these parcels from now on: its own, or several as they are listed."""
        first, listed = parcels[0], list(dict.fromkeys(p.incident for p in in_order(parcels)))
        platform, _, chat = first.address.partition(":")
        shows = Shows(first.language, first.zone)
        if len(parcels) > 1:
            names = tuple(listed[: MOST_ROWS + 1])
            shows = Shows(first.language, first.zone, names, len(listed) - len(names))
        shown = [
            Shown(platform=platform, chat=chat, panel=f"incident/{name}/{shows}", ref=sent.ref)
            for name in shows.names or listed
        ]
        await self._store.show(shown, self._clock())
        self._changed |= dict.fromkeys(listed)  # they may have changed while this was on its way

    async def run(self) -> None:
        """Draw what has changed, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(EDIT_SECONDS)
            self._incidents.expire()
            await self.draw()
            await self.keep()

    async def draw(self) -> None:
        """Bring the messages of changed incidents up to date; what cannot be reached is tried again."""
        self._changed |= dict.fromkeys(self._incidents.changed())
        done: set[tuple[str, str]] = set()  # a message that shows several is drawn once
        for name in list(self._changed)[:EDITS_AT_ONCE]:
            self._changed.pop(name, None)
            try:
                incident = await self._incidents.find(name)
                if incident.is_as_told:
                    continue
                for shown in await self._store.shown(f"incident/{name}/"):
                    if (shown.address, shown.ref) not in done:
                        done.add((shown.address, shown.ref))
                        await self._edit(incident, shown)
            except TradingError as error:
                log.error("incident_not_drawn", incident=name, reason=error.tell)

    async def _edit(self, incident: Incident, shown: Shown) -> None:
        platform = self._platforms.get(shown.platform)
        if platform is None or not shown.ref:
            return
        shows = Shows.read(shown.panel.split("/", 2)[2])
        say, now = Words(shows.language), self._clock()
        if shows.names:
            among = [await self._incidents.find(name) for name in shows.names]
            headers = dict.fromkeys(self._header(one.account) for one in among)
            card = bundle_card(among, shows.more, say, shows.zone, " / ".join(list(headers)[:3]), now)
        else:
            card = incident_card(incident, say, shows.zone, self._header(incident.account), now)
        try:
            there = await platform.edit(shown.chat, shown.ref, card)
        except Closed as closed:
            log.info("incident_let_go", address=shown.address, reason=str(closed))
            there = False
        except ConnectionError as error:
            log.info("incident_not_edited", address=shown.address, reason=str(error))
            self._changed[incident.id] = None
            return
        if not there:
            await self._store.hide(shown.address, shown.panel)
