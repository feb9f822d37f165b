"""The commands everybody needs first."""

from collections import defaultdict
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Annotated

from bot.dispatcher import Ask
from bot.people import EVERYONE, allowed
from bot.registry import command
from bot.reply import Button, Reply, Row, Tone
from bot.show import account_rows, budget_rows, halt_lines, since, status_line, untraded_lines
from trading.domain.errors import Refused
from trading.domain.view import Status

GROUPS = {
    "basics": "Start here",
    "account": "Your account",
    "profit": "How it went",
    "reports": "Reports",
    "pictures": "Pictures",
    "strategies": "Strategies",
    "control": "Stop and go",
    "ladder": "Towards real money",
    "live": "Real money",
    "risk": "Risk",
    "why": "Why",
    "portfolio": "All positions together",
    "notices": "Alerts",
    "research": "Research",
    "honesty": "Skill or luck",
    "search": "Better parameters",
    "jobs": "Work under way",
    "data": "Past candles",
    "accounts": "Accounts",
    "people": "People",
    "security": "Safety",
    "ops": "Running the desk",
    "keys": "Exchange keys",
    "audit": "The record",
    "errors": "What went wrong",
}


@command(allow=EVERYONE, needs_account=False, scope="any")
async def start(ask: Ask, code: Annotated[str, "the pairing code from the terminal"] = "") -> Reply:
    """Where you are and what you can do next."""
    say = ask.say
    if code:
        title = say("This chat is yours already, {name}.", name=ask.person.name)
    else:
        title = say("Welcome to your desk, {name}.", name=ask.person.name)
    try:
        now = ask.trading.status(ask.account)
    except Refused as refused:
        return Reply(title=title, text=say.again(refused.tell), buttons=_home(ask), tone=Tone.WARNING)
    stopped = halt_lines(now, ask)
    lines = [status_line(now, ask), *stopped, say("Tap a button, or type a command: /help lists them all.")]
    return Reply(
        title=title,
        text="\n".join(lines),
        buttons=_home(ask),
        tone=Tone.WARNING if stopped else Tone.GOOD,
        data=now,
    )


def _home(ask: Ask) -> tuple[tuple[Button, ...], ...]:
    say = ask.say
    return (
        (Button(say("Status"), "/status"), Button(say("Equity 7 days"), "/equity 7d")),
        (Button(say("Trades"), "/trades"), Button(say("Help"), "/help")),
        (Button(say("Kill"), "/kill", danger=True),),
    )


@command(allow=EVERYONE, needs_account=False, scope="any")
async def help_(ask: Ask, name: Annotated[str, "a command"] = "") -> Reply:
    """All commands, or how one of them is used."""
    mine = allowed(ask.person, ask.commands)
    if name:
        found = mine.get(name.lstrip("/").lower())
        if found is None:
            raise Refused(
                ask.say("There is no command /{name}; /help lists them all.", name=name.lstrip("/"))
            )
        rows = tuple(Row(p.name, "", ask.say(p.help)) for p in found.parameters)
        data = {"name": found.name, "usage": found.usage, "help": found.help}
        return Reply(title=found.usage, text=ask.say(found.help), rows=rows, data=data)
    by_group: dict[str, list[str]] = defaultdict(list)
    for found in mine.values():
        by_group[found.group].append(f"/{found.name} – {ask.say(found.help)}")
    blocks = [
        ask.say(GROUPS.get(group, group)).upper() + "\n" + "\n".join(by_group[group])
        for group in (*GROUPS, *(g for g in by_group if g not in GROUPS))
        if group in by_group
    ]
    listed = [{"name": c.name, "usage": c.usage, "help": c.help} for c in mine.values()]
    return Reply(title=ask.say("What you can ask for"), text="\n\n".join(blocks), data=listed)


@command(allow=EVERYONE, needs_account=False, scope="any")
async def whoami(ask: Ask) -> Reply:
    """Who the desk thinks you are, and what you may do."""
    person, say = ask.person, ask.say
    mine = allowed(person, ask.commands)
    roles = {name: sorted(person.roles_on(name)) for name in ask.mine(EVERYONE)}
    factor = await ask.people.has_factor(person.id)
    rows = [
        Row(say("Name"), person.name),
        *(
            Row(name, ", ".join(say(role) for role in held), _meant(ask, name))
            for name, held in roles.items()
        ),
        Row(say("This chat"), ask.place.address),
        Row(say("Language"), person.language),
        Row(say("Time zone"), person.zone),
        Row(say("Pictures"), say("light") if person.theme == "light" else say("dark")),
        Row(say("Quiet hours"), str(person.quiet) if person.quiet else say("none")),
        Row(say("Second factor"), say("set up") if factor else say("none")),
    ]
    return Reply(
        title=say("You are {name}.", name=person.name),
        text=say("You may: {commands}", commands=" ".join(f"/{name}" for name in sorted(mine))),
        rows=tuple(rows),
        data={
            "id": person.id,
            "name": person.name,
            "roles": roles,
            "account": person.account,
            "language": person.language,
            "zone": person.zone,
            "theme": person.theme,
            "quiet": str(person.quiet) if person.quiet else None,
            "second_factor": factor,
            "may": sorted(mine),
        },
    )


def _meant(ask: Ask, account: str) -> str:
    return ask.say("your commands mean this one") if account == ask.account else ""


@command(allow=EVERYONE)
async def status(ask: Ask) -> Reply:
    """Equity, open positions, what is stopped, and what risk is left today."""
    now = ask.trading.status(ask.account)
    stopped = [*halt_lines(now, ask), *untraded_lines(now, ask)]
    return Reply(
        title=status_line(now, ask),
        text="\n".join([*stopped, _pulse(now, ask)]),
        rows=(*account_rows(now, ask), *budget_rows(now, ask)),
        buttons=_buttons(now, ask),
        tone=Tone.DANGER if now.killed else Tone.WARNING if stopped else Tone.PLAIN,
        data=now,
    )


def _pulse(now: Status, ask: Ask) -> str:
    if now.trouble:
        return ask.say("The market is not followed right now: {why}", why=ask.say.again(now.trouble))
    if now.last_candle_at is None:
        return ask.say("Waiting for the first candle.")
    return ask.say(
        "{exchange}, last candle {ago} ago. Open positions: {n}.",
        exchange=now.exchange,
        ago=since(now.last_candle_at, ask.now, ask.say),
        n=len(now.holdings),
    )


def _buttons(now: Status, ask: Ask) -> tuple[tuple[Button, ...], ...]:
    say = ask.say
    first = (
        Button(say("Refresh"), "/status"),
        Button(say("Positions"), "/positions"),
        Button(say("Equity"), "/equity 7d"),
    )
    if now.killed:
        return (first, (Button(say("Lift the kill"), "/unkill"),))
    paused = any(h.kind == "pause" for h in now.halts)
    toggle = Button(say("Resume"), "/resume") if paused else Button(say("Pause"), "/pause")
    return (first, (toggle, Button(say("Kill"), "/kill", danger=True)))


@command(allow=EVERYONE, needs_account=False, scope="any")
async def version(ask: Ask) -> Reply:
    """Which version of the desk this is."""
    try:
        number = package_version("tradewind")
    except PackageNotFoundError:
        number = "0.1.0"
    return Reply(title=f"Tradewind {number}", data={"version": number})
