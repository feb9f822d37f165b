"""What became of messages: where they stand, which chats are lost, what had to go elsewhere."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from bot.notify.living import Living
from bot.notify.parcels import Parcel
from bot.notify.router import Router
from bot.platforms import Sent
from bot.words import Words
from trading.domain.errors import TradingError
from trading.domain.notice import Said, Severity

if TYPE_CHECKING:
    from bot.notify.announcer import Announcer
    from bot.notify.canary import Canary

log = structlog.get_logger("outbox")


class Arrivals:
    """Told by the outbox; tells people about a chat that is lost, once, in the chats that are not."""

    def __init__(self, living: Living, router: Router) -> None:
        self._living, self._router = living, router
        self._lost: set[str] = set()
        self.announcer: Announcer | None = None  # set once both exist
        self.canary: Canary | None = None  # likewise

    async def delivered(self, parcels: Sequence[Parcel], sent: Sent) -> None:
        """One message shows these."""
        address = parcels[0].address
        if sent.ref and (parcels[0].incident or parcels[0].card):
            try:
                await self._note(parcels, sent)
            except TradingError as error:
                log.error("message_not_noted", address=address, reason=error.tell)
        if self.announcer is None:
            return
        if address in self._lost:
            self._lost.discard(address)
            self.announcer.end_alert("chat_lost", address, "")
        if sent.note:
            log.warning("sent_elsewhere", address=address, reason=sent.note)
            self.announcer.raise_alert("chat_changed", address, "", lambda say: _changed(address, say))

    async def _note(self, parcels: Sequence[Parcel], sent: Sent) -> None:
        """Where it stands, so that it can be edited."""
        if parcels[0].incident:
            await self._living.delivered(parcels, sent)
        elif self.canary is not None:
            await self.canary.delivered(parcels[0], sent)

    async def undelivered(self, parcels: Sequence[Parcel], reason: str, *, closed: bool) -> None:
        """These will never arrive."""
        for parcel in parcels:
            log.warning(
                "message_dropped",
                address=parcel.address,
                title=parcel.reply.title,
                severity=parcel.severity.name,
                reason=reason,
            )
        if not closed or self.announcer is None:
            return
        address = parcels[0].address
        self._lost.add(address)
        self.announcer.raise_alert("chat_lost", address, "", lambda say: _lost(address, parcels, say))
        await self._elsewhere([p for p in parcels if p.severity >= Severity.WARNING])

    async def _elsewhere(self, parcels: Sequence[Parcel]) -> None:
        """What must be known goes to the owner in private, unless they were told there anyway."""
        if not parcels or self.announcer is None:
            return
        told = {t.address for t in await self._router.targets("alerts", "*", Severity.WARNING)} | self._lost
        targets = [t for t in await self._router.owners() if t.address not in told]
        for parcel in parcels:
            self.announcer.redirect(parcel, targets)


def _lost(address: str, parcels: Sequence[Parcel], say: Words) -> Said:
    title = say("{chat} takes no messages any more, so others are told instead", chat=address)
    why = say("deleted, blocked or without permission; /logs has what it answered")
    missed = [p.reply.title for p in parcels if p.severity < Severity.WARNING]
    facts = [(say("why"), why)] + [(say("not delivered"), text) for text in missed[:3]]
    return Said(title=title, facts=tuple(facts))


def _changed(address: str, say: Words) -> Said:
    title = say("A message for {chat} went elsewhere", chat=address)
    why = say("its topic is gone or the group has moved; /logs has what was answered")
    return Said(title=title, facts=((say("why"), why),))
