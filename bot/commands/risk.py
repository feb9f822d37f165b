"""What the rules hold the account to: the meters, every limit, why something was not bought, the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.people import OWNERS, READERS, TRADERS
from bot.pictures import risk_picture
from bot.registry import Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.rules import rule_name
from bot.show import budget_row, halt_lines, meter, moment, percent, whole_percent
from charts.risk import Meter
from trading.domain.errors import Refused
from trading.domain.risk import Group, LimitChange, LimitView, Planned, Watched
from trading.domain.view import Budget

LimitAct = Annotated[Literal["show", "set"], "show them, or set one"]
HaltAct = Annotated[Literal["show", "skip"], "show them, or let an event pass"]
LimitName = Annotated[str, "a limit, as /limits lists them"]
Value = Annotated[str, "its new value, for instance 0.03 or 3%"]
Event = Annotated[str, "an event's id, as /calendar lists them; without one: the one that closes entries now"]
WhichLimits = Annotated[Literal["nearest", "all"], "those nearest their limit, or every one"]
NEAREST = 8
# The limits of which what is left is money: the meter's name -> the limit's own, and where it is shown.
MONEY = {
    "day": ("daily_loss", Group.LOSSES),
    "week": ("weekly_loss", Group.LOSSES),
    "month": ("monthly_loss", Group.LOSSES),
    "drawdown": ("drawdown", Group.LOSSES),
    "exposure": ("gross_exposure", Group.AT_WORK),
    "capital": ("capital_share", Group.AT_WORK),
    "value_at_risk": ("value_at_risk", Group.BAD_DAY),
    "shortfall": ("shortfall", Group.BAD_DAY),
}
EVENTS, MOST_EVENTS = 8, 1000  # rows that still read well on a phone, and what is counted


@command(allow=READERS)
async def risk(ask: Ask, which: WhichLimits = "nearest") -> Reply:
    """What the rules watch and what is left of it; /risk all shows every limit."""
    say, now = ask.say, ask.trading.status(ask.account)
    budgets, every = ask.trading.risks.budgets(ask.account), ask.trading.risks.watched(ask.account)
    lines = sorted(_lines(budgets, every, now.currency, ask), key=lambda line: -line.used)
    top, worst = lines[:NEAREST], lines[0]
    meters = [Meter(line.row.label, line.used, line.row.value) for line in top]
    held = ask.trading.risks.exposures(ask.account)
    shares = [Row(symbol, percent(share, signed=False), say("at work")) for symbol, share in held.items()]
    text = halt_lines(now, ask)
    if which != "all" and len(every) > len(top):
        text.append(
            say("The nearest {n} of {all} limits; /risk all shows every one.", n=len(top), all=len(every))
        )
    image = await risk_picture(ask.studio, ask.person, say, meters, title=f"{say('Risk')} · {ask.account}")
    return Reply(
        title=say(
            "Nearest its limit: {name}, {used} used", name=worst.row.label, used=whole_percent(worst.used)
        ),
        text="\n".join(text),
        rows=_grouped(lines, every, ask) if which == "all" else (*(line.row for line in top), *shares),
        images=(image,),
        buttons=(
            (Button(say("All limits"), "/risk all"), Button(say("Limits"), "/limits")),
            (
                Button(say("Halts"), "/halts"),
                Button(say("Bad day"), "/var"),
                Button(say("Stress"), "/stress"),
            ),
        ),
        tone=Tone.WARNING if now.halts or worst.used >= 1 else Tone.PLAIN,
        data={"budgets": budgets, "watched": every, "exposures": held, "halts": now.halts},
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A limit that is used, as it is shown."""

    group: Group
    used: float
    row: Row


def _lines(budgets: Sequence[Budget], every: Sequence[Watched], currency: str, ask: Ask) -> list[_Line]:
    """Those with money left as money, the others as what is used of what is allowed."""
    shown = [_Line(MONEY[b.name][1], b.used, budget_row(b, currency, ask)) for b in budgets]
    in_money = {MONEY[b.name][0] for b in budgets}
    others = (w for w in every if w.used is not None and w.name not in in_money)
    return shown + [_Line(w.group, w.used or 0.0, _watched_row(w, ask)) for w in others]


def _watched_row(found: Watched, ask: Ask) -> Row:
    name, used = rule_name(found.rule, ask.say), found.used or 0.0
    label = f"{name}: {found.what}" if found.what else name
    detail = ask.say(
        "{bar} {used} of the {limit} limit used",
        bar=meter(used),
        used=whole_percent(used),
        limit=found.limit,
    )
    return Row(label[:1].upper() + label[1:], ask.say.again(found.observed) or "0", detail)


def _grouped(lines: Sequence[_Line], every: Sequence[Watched], ask: Ask) -> tuple[Row, ...]:
    """Every limit under its heading, the most used first."""
    say = ask.say
    titles = {
        Group.LOSSES: say("Losses"),
        Group.AT_WORK: say("At work"),
        Group.BAD_DAY: say("Bad days"),
        Group.PACE: say("Pace"),
        Group.MARKETS: say("Markets"),
        Group.ORDERS: say("Each order"),
    }
    rows: list[Row] = []
    for group, title in titles.items():
        mine = [line.row for line in lines if line.group is group]
        mine += [
            Row(w.name, w.limit, f"{w.rule} · {say(w.help)}")
            for w in every
            if w.group is group and w.used is None
        ]
        rows += [Row(title.upper()), *mine] if mine else []
    return tuple(rows)


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
        text = "\n".join([say("This allows more than now."), *_beyond(change, ask)])
        return Sure(title=title, text=text, yes=say("Allow more"), no=stay)
    return None


def _beyond(change: LimitChange, ask: Ask) -> list[str]:
    """That the account is beyond a limit at the moment it is set, and what that means."""
    if change.beyond is None:
        return []
    name, observed = rule_name(change.beyond.rule, ask.say), ask.say.again(change.beyond.observed)
    if change.beyond.name.endswith("_loss"):
        share = ask.say.again(f"{observed} lost")
        return [
            ask.say(
                "The account is beyond it already: {observed}. Entries are closed at once.", observed=share
            )
        ]
    where = f"{name}, {change.beyond.what}" if change.beyond.what else name
    return [
        ask.say(
            "The account is beyond it already ({where}: {observed}). What is held stays; nothing is bought that this "
            "limit forbids.",
            where=where,
            observed=observed,
        )
    ]


async def _loosens(ask: Ask, action: LimitAct = "show", name: LimitName = "", value: Value = "") -> bool:
    """Whether this line raises the risk the account may take."""
    return (
        action == "set" and bool(name and value) and ask.trading.risks.change(ask.account, name, value).looser
    )


@command(allow=READERS, confirm=_before_setting, step_up=_loosens, two_persons=_loosens)
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
        text="\n".join([*_beyond(done, ask), ask.say("It counts at once and stays through restarts.")]),
        buttons=((Button(ask.say("Limits"), "/limits"), Button(ask.say("Risk"), "/risk")),),
        tone=Tone.WARNING if done.looser or done.beyond else Tone.GOOD,
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
