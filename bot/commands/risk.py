"""What the rules hold the account to: the meters, every limit, why something was not bought, the calendar."""

from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.people import OWNERS, READERS, TRADERS
from bot.pictures import risk_picture
from bot.registry import Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import budget_row, halt_lines, moment, percent
from charts.risk import Meter
from trading.domain.errors import Refused
from trading.domain.risk import LimitView, Planned

LimitAct = Annotated[Literal["show", "set"], "show them, or set one"]
HaltAct = Annotated[Literal["show", "skip"], "show them, or let an event pass"]
LimitName = Annotated[str, "a limit, as /limits lists them"]
Value = Annotated[str, "its new value, for instance 0.03 or 3%"]
Event = Annotated[str, "an event's id, as /calendar lists them; without one: the one that closes entries now"]
EVENTS, MOST_EVENTS = 8, 1000  # rows that still read well on a phone, and what is counted


@command(allow=READERS)
async def risk(ask: Ask) -> Reply:
    """Everything the rules watch: what is lost, at work and at risk, and what is left."""
    say, now = ask.say, ask.trading.status(ask.account)
    budgets = ask.trading.risks.budgets(ask.account)
    rows = [budget_row(b, now.currency, ask) for b in budgets]
    meters = [Meter(row.label, b.used, row.value) for row, b in zip(rows, budgets, strict=True)]
    held = ask.trading.risks.exposures(ask.account)
    rows += [Row(symbol, percent(share, signed=False), say("at work")) for symbol, share in held.items()]
    worst = max(budgets, key=lambda b: b.used)
    image = await risk_picture(ask.studio, ask.person, say, meters, title=f"{say('Risk')} · {ask.account}")
    return Reply(
        title=say(
            "Nearest its limit: {name}, {used} used",
            name=budget_row(worst, now.currency, ask).label,
            used=f"{worst.used:.0%}",
        ),
        text="\n".join(halt_lines(now, ask)),
        rows=tuple(rows),
        images=(image,),
        buttons=(
            (Button(say("Limits"), "/limits"), Button(say("Halts"), "/halts")),
            (Button(say("Bad day"), "/var"), Button(say("Stress"), "/stress")),
        ),
        tone=Tone.WARNING if now.halts or worst.used >= 1 else Tone.PLAIN,
        data={"budgets": budgets, "exposures": held, "halts": now.halts},
    )


# --- limits -----------------------------------------------------------------------------------------------


async def _before_setting(
    ask: Ask, action: LimitAct = "show", name: LimitName = "", value: Value = ""
) -> Sure | None:
    """Stricter acts at once; looser, and what would sell everything now, asks first."""
    if action != "set" or not name or not value:
        return None
    change, say = ask.trading.risks.change(ask.account, name, value), ask.say
    if change.looser and not ask.person.roles & OWNERS:
        raise Refused(
            say(
                "Only an owner may loosen a limit: {name} is {before} now.",
                name=change.name,
                before=change.before,
            )
        )
    stay = Button(say("Leave it"), "/limits")
    title = say("{name}: {before} → {after}?", name=change.name, before=change.before, after=change.after)
    if change.sells:
        text = say("The account is beyond it already: everything would be sold at once.")
        return Sure(title=title, text=text, yes=say("Sell everything and stop"), no=stay)
    if change.looser:
        return Sure(title=title, text=say("This allows more than now."), yes=say("Allow more"), no=stay)
    return None


async def _loosens(ask: Ask, action: LimitAct = "show", name: LimitName = "", value: Value = "") -> bool:
    """Whether this line raises the risk the account may take."""
    return (
        action == "set" and bool(name and value) and ask.trading.risks.change(ask.account, name, value).looser
    )


@command(allow=READERS, confirm=_before_setting, step_up=_loosens)
async def limits(ask: Ask, action: LimitAct = "show", name: LimitName = "", value: Value = "") -> Reply:
    """Every limit of this account, or set one: /limits set daily_loss 3%."""
    if action == "set":
        return await _set(ask, name, value)
    every = await ask.trading.risks.limits(ask.account)
    found = [limit for limit in every if limit.name == name] if name else every
    if not found:
        near = ask.trading.risks.change(ask.account, name, "")  # raises with the nearest name
        raise Refused(near.name)
    return Reply(
        title=ask.say("{n} limits hold this account", n=len(every)),
        text=ask.say(
            "Set one: /limits set {name} VALUE. Stricter counts at once; only an owner loosens.",
            name=found[0].name,
        ),
        rows=tuple(_limit_row(limit, ask) for limit in found),
        buttons=((Button(ask.say("Risk"), "/risk"), Button(ask.say("Status"), "/status")),),
        data=every,
    )


async def _set(ask: Ask, name: str, value: str) -> Reply:
    if not name or not value:
        raise Refused(ask.say("Say what to set: /limits set NAME VALUE. /limits lists them."))
    if not ask.person.roles & TRADERS:
        raise Refused(ask.say("Limits are set by an owner or a trader."))
    change = ask.trading.risks.change(ask.account, name, value)
    if change.looser and not ask.person.roles & OWNERS:
        raise Refused(
            ask.say(
                "Only an owner may loosen a limit: {name} is {before} now.",
                name=change.name,
                before=change.before,
            )
        )
    done = await ask.trading.risks.set_limit(ask.account, name, value, by=ask.person.name)
    return Reply(
        title=ask.say(
            "{name} is {after} now; it was {before}.", name=done.name, after=done.after, before=done.before
        ),
        text=ask.say("It counts at once and stays through restarts."),
        buttons=((Button(ask.say("Limits"), "/limits"), Button(ask.say("Risk"), "/risk")),),
        tone=Tone.WARNING if done.looser else Tone.GOOD,
        data=done,
    )


def _limit_row(limit: LimitView, ask: Ask) -> Row:
    detail = f"{limit.rule} · {ask.say(limit.help)}"
    if limit.shown != limit.house:
        detail += " · " + ask.say("the house allows {house}", house=limit.house)
    return Row(limit.name, limit.shown, detail)


# --- halts and the calendar -------------------------------------------------------------------------------


@command(allow=READERS, acts=True)
async def halts(ask: Ask, action: HaltAct = "show", event: Event = "") -> Reply:
    """What closes entries now; /halts skip lets the calendar's event pass."""
    if action == "skip":
        return await _skip(ask, event)
    now, say = ask.trading.status(ask.account), ask.say
    lines = halt_lines(now, ask)
    closed = any(h.kind == "calendar" for h in now.halts)
    buttons = [Button(say("Calendar"), "/calendar"), Button(say("Status"), "/status")]
    if closed:
        buttons.insert(0, Button(say("Skip this one"), "/halts skip"))
    return Reply(
        title=say("Nothing is halted: entries are open.") if not lines else say("Entries are closed."),
        text="\n".join(lines),
        buttons=(tuple(buttons),),
        tone=Tone.WARNING if lines else Tone.GOOD,
        data=now.halts,
    )


async def _skip(ask: Ask, event: str) -> Reply:
    if not ask.person.roles & TRADERS:
        raise Refused(ask.say("Events are let pass by an owner or a trader."))
    found = await ask.trading.risks.skip(ask.account, event, by=ask.person.name)
    return Reply(
        title=ask.say("{name} is let pass.", name=found.name),
        text=ask.say("Entries stay open around it, also after a restart."),
        buttons=((Button(ask.say("Calendar"), "/calendar"), Button(ask.say("Status"), "/status")),),
        tone=Tone.WARNING,
        data=found,
    )


@command(allow=READERS)
async def calendar(ask: Ask) -> Reply:
    """The events around which nothing is bought, with buttons to let one pass."""
    every, say = await ask.trading.risks.planned(ask.account, MOST_EVENTS), ask.say
    if not every:
        return Reply(
            title=say("No events ahead."),
            text=say("Give them in settings.toml, [calendar]: an iCal file, or a list of your own."),
            data=(),
        )
    planned = every[:EVENTS]
    waiting = [p for p in planned if not p.skipped][:3]
    skips = tuple(
        (Button(say("Skip {name}", name=p.closure.name[:24]), f"/halts skip {p.closure.id}"),)
        for p in waiting
    )
    return Reply(
        title=_ahead(sum(not p.skipped for p in every), ask),
        text=say("The next {n} are shown.", n=EVENTS) if len(every) > EVENTS else "",
        rows=tuple(_event_row(p, ask) for p in planned),
        buttons=skips,
        data=planned,
    )


def _ahead(count: int, ask: Ask) -> str:
    if count == 0:
        return ask.say("No event ahead closes entries")
    if count == 1:
        return ask.say("1 event ahead closes entries")
    return ask.say("{n} events ahead close entries", n=count)


def _event_row(planned: Planned, ask: Ask) -> Row:
    """When the event is, and from when to when nothing is bought because of it."""
    closure, zone, say = planned.closure, ask.person.zone, ask.say
    state = say("let pass") if planned.skipped else say("now") if planned.now else closure.id
    shut = say(
        "nothing is bought {since} – {until}",
        since=moment(closure.since, zone, say),
        until=moment(closure.until, zone, say),
    )
    if planned.skipped:
        shut = say("entries stay open")
    return Row(closure.name, moment(closure.begins or closure.since, zone, say), f"{state} · {shut}")
