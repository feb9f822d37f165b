"""One message for each account and chat that keeps itself up to date, so that nothing else has to scroll by."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from bot.people import READERS
from bot.platforms import Closed, Platform
from bot.reply import Button, Reply, Row, Tone
from bot.show import (
    arrow,
    budget_rows,
    halt_lines,
    moment,
    money,
    percent,
    status_line,
)
from bot.words import Words
from trading.domain.errors import TradingError
from trading.domain.notice import Shown
from trading.domain.people import Person
from trading.domain.view import Status
from trading.service import Trading

log = structlog.get_logger("panel")

LOOK_SECONDS = 4.0  # between two looks; a chat takes few edits a minute
MOST_POSITIONS = 6  # that are named; the rest is a number

NextReport = Callable[[str, Person], datetime | None]
_Key = tuple[str, str, str]  # address, panel and the message's name


class People(Protocol):
    """Whose panels they are; kept by trading/store/people.py."""

    async def person(self, person_id: int) -> Person | None:
        """The person with this number, or None."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a panel is worded."""

    say: Words
    person: Person
    now: datetime


def panel_reply(
    trading: Trading, account: str, say: Words, person: Person, now: datetime, next_report: datetime | None
) -> Reply:
    """Mode, equity, the day, what risk is left, what is held, the next report, health, and what is stopped."""
    header = trading.header(account)
    if account not in trading.rooms:
        why = say.again(trading.trouble.get(account, "starting"))
        title = say("{account} cannot trade: {reason}", account=account, reason=why)
        return Reply(title=title, header=header, tone=Tone.DANGER, buttons=_buttons(say), stays=True)
    status, reader = trading.status(account), Reader(say, person, now)
    stopped = halt_lines(status, reader)
    rows = [
        Row(say("Today"), money(status.day_profit, status.currency, signed=True)),
        *budget_rows(status, reader),
        *_held(status, say),
    ]
    if next_report is not None:
        rows.append(Row(say("Next report"), moment(next_report, person.zone, say)))
    rows.append(Row(say("Health"), _health(trading, status, person, say)))
    open_alerts = [i for i in trading.incidents.open() if i.account == account]
    if open_alerts:
        rows.append(Row(say("Open alerts"), str(len(open_alerts)), open_alerts[0].words(say.language).title))
    return Reply(
        title=status_line(status, reader),
        text="\n".join(stopped),
        rows=tuple(rows),
        header=header,
        tone=Tone.DANGER if status.killed else Tone.WARNING if stopped else Tone.PLAIN,
        buttons=_buttons(say),
        data=status,
        stays=True,
    )


def _held(status: Status, say: Words) -> list[Row]:
    rows = [Row(say("Open positions"), str(len(status.holdings)))]
    for holding in status.holdings[:MOST_POSITIONS]:
        cost = holding.entry_price * abs(holding.quantity)
        change = float(holding.unrealised / cost) if cost else 0.0
        value = (
            f"{arrow(change)} {percent(change)}  {money(holding.unrealised, status.currency, signed=True)}"
        )
        rows.append(Row(f"{holding.symbol} · {holding.sleeve}", value))
    if len(status.holdings) > MOST_POSITIONS:
        rows.append(Row(say("and {n} more", n=len(status.holdings) - MOST_POSITIONS)))
    return rows


def _health(trading: Trading, status: Status, person: Person, say: Words) -> str:
    if trading.keeper.trouble is not None:
        return "✗ " + say("the database cannot be written")
    if status.trouble:
        return "✗ " + say.again(status.trouble)
    if status.last_candle_at is None:
        return "… " + say("Waiting for the first candle.")
    return "✓ " + say("last candle {at}", at=moment(status.last_candle_at, person.zone, say))


def _key(shown: Shown) -> _Key:
    return shown.address, shown.panel, shown.ref


def _buttons(say: Words) -> tuple[tuple[Button, ...], ...]:
    look = (Button(say("Status"), "/status"), Button(say("Positions"), "/positions"))
    return (look, (Button(say("Alerts"), "/alerts"), Button(say("Kill"), "/kill", danger=True)))


class Panels:
    """Keeps every panel as it should be; the table says where they stand, so a restart changes nothing."""

    def __init__(
        self,
        trading: Trading,
        people: People,
        platforms: Mapping[str, Platform],
        next_report: NextReport,
    ) -> None:
        self._trading, self._people, self._platforms = trading, people, platforms
        self._next_report, self._store = next_report, trading.incidents.store
        self._drawn: dict[_Key, Reply] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except TradingError as error:
                log.error("panels_not_drawn", reason=error.tell)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Draw what has changed since the last look, and end what is not wanted any more."""
        for shown in await self._store.shown("panel/"):
            await self._draw(shown)
        wanted = {_key(shown) for shown in await self._store.shown("panel/")}
        for key in [key for key in self._drawn if key not in wanted]:
            await self._end(key)

    async def _draw(self, shown: Shown) -> None:
        platform = self._platforms.get(shown.platform)
        if platform is None:
            return
        reply = await self._reply(shown)
        if reply is None:
            await self._store.hide(shown.address, shown.panel)
            return
        key = _key(shown)
        if self._drawn.get(key) == reply:
            return
        try:
            if not shown.ref or not await platform.edit(shown.chat, shown.ref, reply):
                shown = await self._anew(platform, shown, reply)
        except Closed as closed:
            log.warning("panel_lost", address=shown.address, reason=str(closed))
            await self._store.hide(shown.address, shown.panel)
            return
        except ConnectionError as error:
            log.info("panel_not_drawn", address=shown.address, reason=str(error))
            return
        self._drawn.pop(key, None)
        self._drawn[_key(shown)] = reply

    async def _end(self, key: _Key) -> None:
        """Its last words: nobody shall take old figures for those of now. Tried again where a chat is away."""
        address, panel, ref = key
        platform_name, _, chat = address.partition(":")
        person = await self._person(panel)
        say = Words(person.language if person else "en")
        at = moment(self._trading.clock(), person.zone if person else "UTC", say)
        words = say("This panel ended at {at}; its figures stay as they were then.", at=at)
        last = replace(self._drawn[key], footer=words, buttons=(), stays=False, tone=Tone.PLAIN)
        try:
            await self._platforms[platform_name].edit(chat, ref, last)
        except Closed as closed:
            log.info("panel_not_ended", address=address, reason=str(closed))
        except ConnectionError as error:
            log.info("panel_not_ended", address=address, reason=str(error))
            return
        del self._drawn[key]

    async def _anew(self, platform: Platform, shown: Shown, reply: Reply) -> Shown:
        """A new message, pinned where that is allowed; it works without the pin as well."""
        sent = await platform.send(shown.chat, reply, silent=True)
        stands = Shown(platform=shown.platform, chat=shown.chat, panel=shown.panel, ref=sent.ref)
        await self._store.show([stands], self._trading.clock())
        try:
            await platform.pin(shown.chat, sent.ref)
        except ConnectionError as error:
            log.warning("panel_not_pinned", address=shown.address, reason=str(error))
            await self._say_unpinned(platform, shown)
        return stands

    async def _say_unpinned(self, platform: Platform, shown: Shown) -> None:
        person = await self._person(shown.panel)
        if person is None:
            return
        say = Words(person.language)
        hint = say("The panel could not be pinned: the bot needs the right to pin messages here.")
        await platform.send(shown.chat, Reply(title=hint, tone=Tone.WARNING), silent=True)

    async def _reply(self, shown: Shown) -> Reply | None:
        """What it should show; None when it is nobody's any more."""
        _, account, _ = shown.panel.split("/", 2)
        person = await self._person(shown.panel)
        if person is None or account not in self._trading.accounts:
            return None
        if not person.roles_on(account) & READERS:
            return None
        now, next_report = self._trading.clock(), self._next_report(account, person)
        return panel_reply(self._trading, account, Words(person.language), person, now, next_report)

    async def _person(self, panel: str) -> Person | None:
        number = panel.rpartition("/")[2]
        return await self._people.person(int(number)) if number.isdecimal() else None
