"""Hears every event and tells people about the few that matter."""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.notify.acting import ACTING
from bot.notify.cards import TONES, incident_card
from bot.notify.living import Living
from bot.notify.outbox import Outbox
from bot.notify.parcels import Parcel
from bot.notify.quiet import quiet_until
from bot.notify.router import Router, Target
from bot.notify.wording import alert, notice_for, over
from bot.reply import Button, Reply, Row
from bot.words import LANGUAGES, Words
from trading.domain.errors import TradingError
from trading.domain.events import Event, TradingHalted
from trading.domain.notice import Incident, Notice, Said, Severity
from trading.domain.people import Person

log = structlog.get_logger("announcer")

OLD_NEWS = timedelta(minutes=5)  # what is older was lived through in a replay or while away: summed up there
GATHER_SECONDS = 1.5  # fills that come together are told together

Wording = Callable[[Person], Awaitable[Reply]]  # a message in its reader's language and zone
Saying = Callable[[Words], Said]  # an alert in one language
ENGLISH = Words("en")


@dataclass(frozen=True, slots=True)
class Heard:
    """A notice in every language, and the chat that asked for what it is about."""

    notice: Notice
    said: dict[str, Said]
    asked_in: str = ""
    by: str = ""  # who asked for it; they know of it, so nobody need be called


class Announcer:
    """A listener of trading. `hear` never waits; `run` gathers, words and hands to the outbox."""

    def __init__(
        self,
        router: Router,
        outbox: Outbox,
        living: Living,
        header: Callable[[str], str],
        rules: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        """`rules`: what settings say about alert rules, another severity or `off`."""
        self._router, self._outbox, self._living = router, outbox, living
        self._header, self._rules, self._clock = header, rules, clock
        self._heard: deque[Heard] = deque()
        self._readers: dict[tuple[str, str, Severity], list[Target]] = {}
        self._news, self._pressing = asyncio.Event(), asyncio.Event()

    def hear(self, account: str, event: Event) -> None:
        """Note what is worth telling."""
        notice = notice_for(account, event, ENGLISH)
        if notice is None or self._clock() - notice.at > OLD_NEWS:
            return
        said: dict[str, Said] = {}
        for language in LANGUAGES:
            worded = notice_for(account, event, Words(language)) or notice
            said[language] = Said(title=worded.title, facts=worded.facts)
        by = event.halt.by if isinstance(event, TradingHalted) and ACTING.get() else ""
        self._note(Heard(notice, said, ACTING.get(), by))

    def raise_alert(self, rule: str, detail: str, account: str, saying: Saying) -> None:
        """Something is wrong by one of the alert rules, and no event says so."""
        said = {language: saying(Words(language)) for language in LANGUAGES}
        english = said["en"]
        self._note(Heard(alert(rule, detail, account, self._clock(), english.title, english.facts), said))

    def end_alert(self, rule: str, detail: str, account: str) -> None:
        """It is well again; nothing happens when it was."""
        self._note(Heard(over(rule, detail, account, self._clock()), {}))

    def _note(self, heard: Heard) -> None:
        wanted = self._rules.get(heard.notice.key.partition(":")[0], "")
        if not heard.notice.over and wanted == "off":
            return
        if not heard.notice.over and wanted:
            heard = replace(heard, notice=replace(heard.notice, severity=Severity[wanted.upper()]))
        self._heard.append(heard)
        self._news.set()
        if heard.notice.severity >= Severity.CRITICAL:
            self._pressing.set()

    @property
    def waiting(self) -> int:
        """How much was heard and is not told yet."""
        return len(self._heard)

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._news.wait()
            await self._gather()
            self._news.clear()
            self._pressing.clear()
            await self.drain()

    async def drain(self) -> None:
        """Tell everything that was heard so far; who is told is asked once for all of it."""
        self._readers.clear()
        while self._heard:
            one = self._heard.popleft()
            try:
                await self._take(one)
            except TradingError as error:
                log.error("not_told", title=one.notice.title, reason=error.tell)
        await self._living.keep()

    async def _gather(self) -> None:
        """Wait a moment for what belongs together; what is critical is not waited with."""
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                await self._pressing.wait()
        except TimeoutError:
            return

    async def _take(self, heard: Heard) -> None:
        notice = heard.notice
        if notice.over:
            self._living.over(notice)
            if notice.told:
                await self._tell_notice(heard)
        elif notice.topic == "alerts":
            seen = self._living.see(notice, heard.said)
            if seen.fresh:
                incident = await self._living.ack(seen.incident, heard.by) if heard.by else seen.incident
                await self.tell_incident(incident, but=heard.asked_in)
        else:
            await self._tell_notice(heard)

    # --- telling --------------------------------------------------------------------------------------------

    async def tell(
        self,
        account: str,
        topic: str,
        word: Wording,
        severity: Severity,
        *,
        urgent: bool = False,
        whom: Callable[[Person], bool] = lambda person: True,
    ) -> None:
        """Send a message to everybody who is told of this topic; it is made once per language, zone and theme."""
        made: dict[tuple[str, str, str], Reply] = {}
        for target in await self._router.targets(topic, account, severity):
            if not whom(target.person):
                continue
            key = target.person.language, target.person.zone, target.person.theme
            if key not in made:
                made[key] = await word(target.person)
            self._send(target, made[key], severity, urgent=urgent, alone=True)

    async def tell_incident(self, incident: Incident, but: str = "") -> None:
        """A message of its own for an incident, to everybody but the chat that caused it."""
        for target in await self._targets(incident.topic, incident.account, incident.severity):
            if target.address != but:
                self.send_incident(incident, target)

    def send_incident(self, incident: Incident, target: Target, *, again: bool = False) -> None:
        """The incident as it is now, to one chat. `again`: because nobody has acknowledged it."""
        say = Words(target.person.language)
        header = self._header(incident.account)
        card = incident_card(incident, say, target.person.zone, header, self._clock())
        if again:
            card = replace(card, title=say("Nobody has acknowledged: {title}", title=card.title))
        self._send(target, card, incident.severity, incident=incident.id)

    def redirect(self, parcel: Parcel, targets: Sequence[Target]) -> None:
        """The same message to other chats, in the words it has."""
        for target in targets:
            self._outbox.put(replace(parcel, id=secrets.token_hex(8), address=target.address, mention=""))

    async def _targets(self, topic: str, account: str, severity: Severity) -> list[Target]:
        key = topic, account, severity
        if key not in self._readers:
            self._readers[key] = await self._router.targets(*key)
        return self._readers[key]

    async def _tell_notice(self, heard: Heard) -> None:
        notice = heard.notice
        account = notice.account or ""
        for target in await self._targets(notice.topic, account, notice.severity):
            if target.address == heard.asked_in and notice.topic == "alerts":
                continue
            say = Words(target.person.language)
            words = heard.said[target.person.language]
            reply = Reply(
                title=words.title,
                rows=tuple(Row(label, value) for label, value in words.facts),
                header=self._header(account),
                tone=TONES[notice.severity],
                buttons=((Button(say("Status"), "/status"), Button(say("Trades"), "/trades")),),
            )
            self._send(target, reply, notice.severity)

    def _send(
        self,
        target: Target,
        reply: Reply,
        severity: Severity,
        *,
        urgent: bool = False,
        alone: bool = False,
        incident: str = "",
    ) -> None:
        now, until = self._clock(), quiet_until(target.person, self._clock())
        loud = severity >= Severity.CRITICAL or (until is None and (urgent or severity >= Severity.WARNING))
        parcel = Parcel(
            address=target.address,
            reply=reply,
            severity=severity,
            at=now,
            silent=not loud,
            mention=target.mention if loud else "",
            urgent=urgent,
            alone=alone,
            incident=incident,
            language=target.person.language,
            zone=target.person.zone,
        )
        if until is not None and severity is Severity.INFO and parcel.may_merge:
            parcel = replace(parcel, not_before=until)
        self._outbox.put(parcel)
