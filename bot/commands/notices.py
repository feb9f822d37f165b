"""What is wrong and what was: alerts, who takes care of them, and the panel that keeps itself up to date."""

from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.notify.cards import incident_card, life_lines
from bot.panel import panel_reply
from bot.people import READERS, STOPPERS
from bot.registry import command
from bot.reply import Button, Reply, Row, Tone
from bot.show import moment
from trading.domain.alerts import RULES
from trading.domain.errors import Refused
from trading.domain.notice import Incident, Severity, Shown
from trading.domain.people import EVERY_ACCOUNT, Role
from trading.settings import duration

PAGE = 8  # alerts on a page
IN_CHATS = ("telegram", "discord", "web")  # where a message can stay and change
AlertId = Annotated[str, "the alert's name, as it stands under it"]


@command(allow=READERS)
async def alerts(
    ask: Ask,
    which: Annotated[Literal["open", "all", "rules"], "open, all or rules"] = "open",
    page: Annotated[int, "which page"] = 1,
) -> Reply:
    """What is wrong now, what was, and which rules watch over it."""
    if which == "rules":
        return _rules(ask)
    if page < 1:
        raise Refused(ask.say("Pages begin with 1; found {n}.", n=page))
    accounts = {ask.account} | ({""} if ask.person.house_roles & {Role.OWNER, Role.ADMIN} else set())
    offset = (page - 1) * PAGE
    found = await ask.trading.incidents.history(
        accounts, open_only=which == "open", limit=PAGE + 1, offset=offset
    )
    shown = found[:PAGE]
    more = len(found) > PAGE
    title = _title(ask, which, f"{len(shown)}+" if more else str(len(shown)))
    worst = max((i.severity for i in shown if i.is_open), default=Severity.INFO)
    return Reply(
        title=title,
        rows=tuple(_row(incident, ask) for incident in shown),
        buttons=_pages(ask, which, page, more=more, shown=shown),
        tone=Tone.WARNING if worst >= Severity.WARNING else Tone.PLAIN,
        data=shown,
    )


def _title(ask: Ask, which: str, count: str) -> str:
    if which == "open":
        return ask.say("Open alerts: {n}", n=count) if count != "0" else ask.say("Nothing is wrong.")
    return ask.say("Alerts, newest first") if count != "0" else ask.say("There were no alerts yet.")


def _row(incident: Incident, ask: Ask) -> Row:
    state = ask.say("open") if incident.is_open else ask.say("over")
    lines = life_lines(incident, ask.say, ask.person.zone, ask.now)
    if incident.is_open:
        at = moment(incident.first_at, ask.person.zone, ask.say)
        lines = [ask.say("since {at}", at=at), *lines]
    label = f"{_sign(incident)} {incident.words(ask.say.language).title}"
    return Row(label, f"{state} #{incident.id}", " ".join(lines))


def _sign(incident: Incident) -> str:
    if not incident.is_open:
        return "✓"
    return {Severity.INFO: "•", Severity.WARNING: "!"}.get(incident.severity, "!!")


def _pages(
    ask: Ask, which: str, page: int, *, more: bool, shown: list[Incident]
) -> tuple[tuple[Button, ...], ...]:
    may_act = ask.person.roles & STOPPERS
    waiting = [i for i in shown if i.is_open and not i.acked_by and i.severity >= Severity.WARNING]
    acts = tuple(
        Button(ask.say("Acknowledge #{id}", id=i.id), f"/ack {i.id}") for i in waiting[:2] if may_act
    )
    turn = []
    if page > 1:
        turn.append(Button("‹", f"/alerts {which} {page - 1}"))
    if more:
        turn.append(Button("›", f"/alerts {which} {page + 1}"))
    other = (
        Button(ask.say("All alerts"), "/alerts all")
        if which == "open"
        else Button(ask.say("Open alerts"), "/alerts open")
    )
    rows = (acts, tuple(turn), (other, Button(ask.say("Rules"), "/alerts rules")))
    return tuple(row for row in rows if row)


def _rules(ask: Ask) -> Reply:
    changed = ask.trading.settings.notify.rules
    rows = tuple(
        Row(rule.name, ask.say(str(changed.get(rule.name, rule.severity.name.lower()))), ask.say(rule.when))
        for rule in RULES.values()
    )
    return Reply(
        title=ask.say("{n} rules watch over the desk", n=len(rows)),
        text=ask.say("notify.rules in the settings changes a severity or switches a rule off."),
        rows=rows,
        buttons=((Button(ask.say("Open alerts"), "/alerts open"),),),
        data=[{"rule": r.name, "severity": r.severity.name.lower(), "when": r.when} for r in RULES.values()],
    )


@command(allow=STOPPERS, acts=True)
async def ack(ask: Ask, alert: AlertId) -> Reply:
    """Say that you take care of an alert: nobody else is called."""
    await _mine(ask, alert)
    return _card(ask, await ask.trading.incidents.ack(alert, ask.person.name))


@command(allow=STOPPERS, acts=True)
async def snooze(
    ask: Ask, alert: AlertId, length: Annotated[str, "for instance 30m, 4h or 2d"] = "1h"
) -> Reply:
    """Hear nothing of an alert for a while."""
    await _mine(ask, alert)
    found = duration(length)
    if found is None:
        raise Refused(
            ask.say("'{length}' is no length of time; write for instance 30m, 4h or 2d.", length=length)
        )
    return _card(ask, await ask.trading.incidents.snooze(alert, found, ask.person.name))


async def _mine(ask: Ask, alert: str) -> None:
    """Refused when the alert is about an account that is not this person's to stop."""
    incident = await ask.trading.incidents.find(alert)
    if not ask.person.roles_on(incident.account or EVERY_ACCOUNT) & STOPPERS:
        raise Refused(ask.say("There is no alert '{alert}'; /alerts lists them.", alert=alert))


def _card(ask: Ask, incident: Incident) -> Reply:
    header = ask.trading.header(incident.account or ask.account)
    return incident_card(incident, ask.say, ask.person.zone, header, ask.now)


@command(allow=READERS, acts=True)
async def panel(ask: Ask, state: Annotated[bool, "on or off"] = True) -> Reply:
    """One pinned message that keeps itself up to date: equity, risk left, positions, health."""
    if ask.place.platform not in IN_CHATS:
        return panel_reply(ask.trading, ask.account, ask.say, ask.person, ask.now, None)
    store = ask.trading.incidents.store
    await store.hide(ask.place.address, f"panel/{ask.account}/")
    if not state:
        return Reply(title=ask.say("The panel stays as it is from now on; unpin or delete it as you like."))
    wanted = Shown(
        platform=ask.place.platform,
        chat=ask.place.chat_id,
        panel=f"panel/{ask.account}/{ask.person.id}",
        ref="",
    )
    await store.show([wanted], ask.now)
    return Reply(
        title=ask.say("Your panel comes in a moment."),
        text=ask.say("It stays pinned and changes in place; /panel off ends that."),
        tone=Tone.GOOD,
    )
