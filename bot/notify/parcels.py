"""Messages on their way to a chat: what they carry, as rows of a table, and several as one."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.reply import Button, Reply, Row, Tone
from bot.words import Words
from trading.domain.notice import Severity

MOST_ROWS = 12  # titles in a message made of many


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A reply on its way to one chat.

    at:         when it was handed in; what waits too long is of no use any more.
    urgent:     passes by everything that waits (approvals; alerts from CRITICAL on are so anyway).
    alone:      a message of its own, whatever else waits (reports).
    card:       the card it shows: its message is edited to the outcome.
    incident:   the incident it tells of: its message is edited later, as long as it shows nothing else.
    not_before: kept until then (quiet hours), and told together with whatever else was kept.
    again:      a former run died while it was on its way, so it may stand there already; the message says so.
    """

    address: str
    reply: Reply
    severity: Severity
    at: datetime
    silent: bool = False
    mention: str = ""
    urgent: bool = False
    alone: bool = False
    incident: str = ""
    card: str = ""
    not_before: datetime | None = None
    language: str = "en"
    zone: str = "UTC"
    again: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def hurries(self) -> bool:
        return self.urgent or self.severity >= Severity.CRITICAL

    @property
    def must_arrive(self) -> bool:
        """Whether it is written down until it has arrived."""
        return self.severity >= Severity.WARNING or self.urgent or self.not_before is not None

    @property
    def may_merge(self) -> bool:
        """Whether it may become a line among others: not with pictures, files or buttons of its own."""
        apart = self.card or self.alone or self.urgent or self.reply.images or self.reply.files
        return not apart and self.severity < Severity.EMERGENCY

    def as_data(self) -> dict[str, Any]:
        """As it is written down; pictures and files are not."""
        reply = self.reply
        return {
            "severity": int(self.severity),
            "silent": self.silent,
            "mention": self.mention,
            "urgent": self.urgent,
            "alone": self.alone,
            "incident": self.incident,
            "card": self.card,
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "language": self.language,
            "zone": self.zone,
            "title": reply.title,
            "text": reply.text,
            "rows": [[row.label, row.value, row.detail] for row in reply.rows],
            "buttons": [[[b.label, b.command, b.danger] for b in line] for line in reply.buttons],
            "tone": reply.tone.value,
            "header": reply.header,
            "footer": reply.footer,
        }


def parcel_of(data: dict[str, Any], address: str, at: datetime, name: str) -> Parcel:
    """A parcel as it was written down."""
    reply = Reply(
        title=data["title"],
        text=data["text"],
        rows=tuple(Row(*row) for row in data["rows"]),
        buttons=tuple(tuple(Button(*button) for button in line) for line in data["buttons"]),
        tone=Tone(data["tone"]),
        header=data["header"],
        footer=data["footer"],
    )
    held = data["not_before"]
    return Parcel(
        address=address,
        reply=reply,
        severity=Severity(data["severity"]),
        at=at,
        silent=data["silent"],
        mention=data["mention"],
        urgent=data["urgent"],
        alone=data["alone"],
        incident=data["incident"],
        card=data.get("card", ""),
        not_before=datetime.fromisoformat(held) if held else None,
        language=data["language"],
        zone=data["zone"],
        again=data.get("tried", False),
        id=name,
    )


def in_order(parcels: Sequence[Parcel]) -> list[Parcel]:
    """The worst first; the first of them is the title of their message, the others its lines."""
    return sorted(parcels, key=lambda p: -p.severity)


def merged(parcels: Sequence[Parcel], *, spared: int = 0) -> Reply:
    """Several messages as one: the worst is the title, the others its lines, the rest a number.

    `spared`: how many more were dropped because there was no room for them.
    """
    say = Words(parcels[0].language)
    again = say("This may have been sent before: the desk stopped while sending.")
    if len(parcels) == 1 and not spared:
        reply = parcels[0].reply
        footer = " · ".join(part for part in (reply.footer, again) if part)
        return replace(reply, footer=footer) if parcels[0].again else reply
    ordered = in_order(parcels)
    rows = tuple(Row(p.reply.title) for p in ordered[1 : MOST_ROWS + 1])
    more = len(ordered) - 1 - len(rows) + spared
    lines = []
    if any(p.not_before is not None for p in parcels):
        lines.append(say("{n} messages were kept while it was quiet.", n=len(ordered) + spared))
    elif more:
        lines.append(say("{n} messages in one, so that you are not flooded.", n=len(ordered) + spared))
    if more:
        lines.append(say("{n} more are not listed here; /alerts has every alert.", n=more))
    headers = dict.fromkeys(p.reply.header for p in ordered if p.reply.header)
    alerts = any(p.severity >= Severity.WARNING for p in parcels)
    second = Button(say("Alerts"), "/alerts") if alerts else Button(say("Trades"), "/trades")
    return Reply(
        title=ordered[0].reply.title,
        text="\n".join(lines),
        rows=rows,
        header=" / ".join(list(headers)[:3]),
        tone=ordered[0].reply.tone,
        footer=again if any(p.again for p in parcels) else "",
        buttons=((Button(say("Status"), "/status"), second),),
    )
