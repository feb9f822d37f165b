"""Messages that live as long as their incident: counted, ended and acknowledged in place."""

import asyncio
from collections.abc import Mapping

import structlog

from bot.notify.cards import incident_card
from bot.notify.parcels import Parcel
from bot.platforms import Platform, Sent
from bot.words import Words
from trading.domain.errors import TradingError
from trading.domain.notice import Incident, Notice, Said, Seen, Shown
from trading.service import Trading

log = structlog.get_logger("living")

EDIT_SECONDS = 10.0  # between two edits of what an incident's messages say
EDITS_AT_ONCE = 20  # in one round; the rest waits for the next


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

    async def delivered(self, parcel: Parcel, sent: Sent) -> None:
        """This message shows the incident from now on."""
        platform, _, chat = parcel.address.partition(":")
        panel = f"incident/{parcel.incident}/{parcel.language} {parcel.zone}"
        await self._store.show(
            [Shown(platform=platform, chat=chat, panel=panel, ref=sent.ref)], self._clock()
        )
        self._changed[parcel.incident] = None  # it may have changed while this was on its way

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
        for name in list(self._changed)[:EDITS_AT_ONCE]:
            self._changed.pop(name, None)
            try:
                incident = await self._incidents.find(name)
                if incident.is_as_told:
                    continue
                for shown in await self._store.shown(f"incident/{name}/"):
                    await self._edit(incident, shown)
            except TradingError as error:
                log.error("incident_not_drawn", incident=name, reason=error.tell)

    async def _edit(self, incident: Incident, shown: Shown) -> None:
        platform = self._platforms.get(shown.platform)
        if platform is None or not shown.ref:
            return
        language, _, zone = shown.panel.split("/", 2)[2].partition(" ")
        header = self._header(incident.account)
        card = incident_card(incident, Words(language), zone, header, self._clock())
        try:
            there = await platform.edit(shown.chat, shown.ref, card)
        except ConnectionError as error:
            log.info("incident_not_edited", address=shown.address, reason=str(error))
            self._changed[incident.id] = None
            return
        if not there:
            await self._store.hide(shown.address, shown.panel)
