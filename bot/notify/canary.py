"""Cards on their way: shown to everybody who may say yes, kept up to date, every copy edited to the outcome."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import structlog

from bot.cards import card
from bot.notify.outbox import Outbox
from bot.notify.parcels import Parcel
from bot.platforms import Platform, Sent
from bot.reply import Reply
from bot.words import Words
from trading.domain.approval import Approval
from trading.domain.errors import TradingError
from trading.domain.events import ApprovalAsked, ApprovalSettled, Event, OrderFilled
from trading.domain.notice import Severity, Shown
from trading.domain.order import Fill
from trading.domain.people import Person
from trading.service import Trading

log = structlog.get_logger("canary")

REDRAW_SECONDS = 15.0  # so often a card that waits shows how much time is left
REMEMBERED = 100  # cards that are over and whose fills may still come


class Deciders(Protocol):
    """Who hears what, and who may say yes; kept by trading/store/people.py."""

    async def readers(self, topic: str, account: str) -> list[tuple[str, Person]]: ...

    async def may_approve(self, person: Person, account: str, amount: Decimal, now: datetime) -> bool: ...


class Canary:
    """A listener of trading. `hear` never waits; `run` shows and redraws."""

    def __init__(
        self, trading: Trading, people: Deciders, platforms: Mapping[str, Platform], outbox: Outbox
    ) -> None:
        self._trading, self._people, self._platforms, self._outbox = trading, people, platforms, outbox
        self._cards: dict[str, Approval] = {}  # by id, as they are now; the newest last
        self._fills: dict[str, Fill] = {}  # by client id of the desk's order
        self._ask: list[Approval] = []
        self._redraw: dict[str, None] = {}
        self._news = asyncio.Event()

    def hear(self, account: str, event: Event) -> None:
        match event:
            case ApprovalAsked(_, approval):
                self._cards[approval.id] = approval
                self._ask.append(approval)
            case ApprovalSettled(_, approval):
                self._cards[approval.id] = approval
                self._redraw[approval.id] = None
            case OrderFilled(_, fill):
                for approval in self._cards.values():
                    if approval.intent.client_id == fill.client_id:
                        self._fills[fill.client_id] = fill
                        self._redraw[approval.id] = None
            case _:
                return
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with asyncio.timeout(REDRAW_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                self._redraw |= dict.fromkeys(a.id for a in self._waiting)
            self._news.clear()
            await self.work()

    async def work(self) -> None:
        """Show what was asked, redraw what has changed."""
        asked, self._ask = self._ask, []
        for approval in asked:
            try:
                await self._show(approval)
            except TradingError as error:
                log.error("card_not_shown", card=approval.id, reason=error.tell)
        changed, self._redraw = self._redraw, {}
        for name in (name for name in changed if name in self._cards):
            try:
                await self._draw(self._cards[name])
            except TradingError as error:  # its account may still be coming up: tried again soon
                log.info("card_not_drawn", card=name, reason=error.tell)
                self._redraw[name] = None
        for name in list(self._cards)[:-REMEMBERED]:
            self._fills.pop(self._cards.pop(name).intent.client_id, None)

    async def delivered(self, parcel: Parcel, sent: Sent) -> None:
        """This message shows the card from now on."""
        platform, _, chat = parcel.address.partition(":")
        panel = f"card/{parcel.card}/{parcel.language} {parcel.zone}"
        shown = Shown(platform=platform, chat=chat, panel=panel, ref=sent.ref)
        await self._trading.incidents.store.show([shown], self._trading.clock())
        if parcel.card in self._cards:  # it may have been answered while this was on its way
            self._redraw[parcel.card] = None
            self._news.set()

    # --- inside -----------------------------------------------------------------------------------------

    @property
    def _waiting(self) -> list[Approval]:
        return [a for name in self._trading.real.accounts for a in self._trading.real.pending(name)]

    async def _show(self, approval: Approval) -> None:
        now = self._trading.clock()
        for address, person in await self._people.readers("alerts", approval.account):
            if not await self._people.may_approve(person, approval.account, approval.notional, now):
                continue
            parcel = Parcel(
                address=address,
                reply=self._card(approval, Words(person.language), person.zone),
                severity=Severity.WARNING,
                at=now,
                urgent=True,
                card=approval.id,
                language=person.language,
                zone=person.zone,
            )
            self._outbox.put(parcel)

    async def _draw(self, approval: Approval) -> None:
        for shown in await self._trading.incidents.store.shown(f"card/{approval.id}/"):
            platform = self._platforms.get(shown.platform)
            if platform is None or not shown.ref:
                continue
            language, _, zone = shown.panel.split("/", 2)[2].partition(" ")
            try:
                there = await platform.edit(
                    shown.chat, shown.ref, self._card(approval, Words(language), zone)
                )
            except ConnectionError as error:
                log.info("card_not_edited", address=shown.address, reason=str(error))
                self._redraw[approval.id] = None
                continue
            if not there:
                await self._trading.incidents.store.hide(shown.address, shown.panel)

    def _card(self, approval: Approval, say: Words, zone: str) -> Reply:
        room = self._trading.room(approval.account)
        instrument = room.desk.instruments[approval.intent.symbol]
        return card(
            approval,
            say,
            zone,
            self._trading.clock(),
            header=self._trading.header(approval.account),
            equity=room.desk.book.equity,
            fee=instrument.taker_fee,
            fill=self._fills.get(approval.intent.client_id),
        )
