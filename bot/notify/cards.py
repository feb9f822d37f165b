"""How an incident looks in a chat: one message that lives as long as the incident does."""

from collections.abc import Sequence
from datetime import datetime

from bot.reply import Button, Reply, Row, Tone
from bot.show import moment, since
from bot.words import Words
from trading.domain.notice import Incident, Severity

TONES = {
    Severity.INFO: Tone.PLAIN,
    Severity.WARNING: Tone.WARNING,
    Severity.CRITICAL: Tone.DANGER,
    Severity.EMERGENCY: Tone.DANGER,
}


def incident_card(incident: Incident, say: Words, zone: str, header: str, now: datetime) -> Reply:
    """The incident as it is now, with what one can do about it."""
    words = incident.words(say.language)
    return Reply(
        title=_title(incident, say),
        text="\n".join(life_lines(incident, say, zone, now)),
        rows=tuple(Row(label, value) for label, value in words.facts),
        header=header,
        tone=TONES[incident.severity] if incident.is_open else Tone.GOOD,
        buttons=_buttons(incident, say),
        footer=f"#{incident.id}",
        data=incident,
    )


def bundle_card(
    incidents: Sequence[Incident], more: int, say: Words, zone: str, header: str, now: datetime
) -> Reply:
    """Several incidents in one message, as they are now: the worst that is open is the title.

    `more`: how many others were told with them and are not listed.
    """
    ordered = sorted(incidents, key=lambda i: (not i.is_open, -i.severity))
    lines = life_lines(ordered[0], say, zone, now)
    if more:
        lines.append(say("{n} more are not listed here; /alerts has every alert.", n=more))
    return Reply(
        title=_title(ordered[0], say),
        text="\n".join(lines),
        rows=tuple(
            Row(_title(one, say), detail=" ".join(life_lines(one, say, zone, now))) for one in ordered[1:]
        ),
        header=header,
        tone=TONES[ordered[0].severity] if ordered[0].is_open else Tone.GOOD,
        buttons=((Button(say("Status"), "/status"), Button(say("Alerts"), "/alerts")),),
    )


def _title(incident: Incident, say: Words) -> str:
    title = incident.words(say.language).title
    return title if incident.is_open else say("Over: {title}", title=title)


def life_lines(incident: Incident, say: Words, zone: str, now: datetime) -> list[str]:
    """How often, since when, who cares, when it was over."""
    lines = []
    if incident.count > 1:
        last = moment(incident.last_at, zone, say)
        lines.append(say("Seen {n}×, last at {at}.", n=incident.count, at=last))
    if incident.over_at is not None:
        lines.append(
            say(
                "It lasted {length}, until {at}.",
                length=since(incident.first_at, incident.over_at, say),
                at=moment(incident.over_at, zone, say),
            )
        )
        return lines
    if incident.acked_by is not None and incident.acked_at is not None:
        at = moment(incident.acked_at, zone, say)
        lines.append(say("{by} takes care of it, since {at}.", by=incident.acked_by, at=at))
    if incident.is_snoozed(now) and incident.snoozed_until is not None:
        lines.append(say("Snoozed until {at}.", at=moment(incident.snoozed_until, zone, say)))
    return lines


def _buttons(incident: Incident, say: Words) -> tuple[tuple[Button, ...], ...]:
    look = (Button(say("Status"), "/status"), Button(say("Positions"), "/positions"))
    if incident.key.partition(":")[0] == "calendar" and incident.over_at is None:
        return ((Button(say("Skip this one"), "/halts skip"),), look)
    if incident.over_at is not None or incident.severity < Severity.WARNING:
        return (look,)
    act = [] if incident.acked_by else [Button(say("Acknowledge"), f"/ack {incident.id}")]
    if incident.severity is not Severity.EMERGENCY and incident.snoozed_until is None:
        act.append(Button(say("Snooze 1 h"), f"/snooze {incident.id} 1h"))
    return (tuple(act), look) if act else (look,)
