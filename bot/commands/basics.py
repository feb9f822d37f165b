"""The commands everybody needs first."""

from collections import defaultdict
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Annotated

from bot.dispatcher import Ask
from bot.people import EVERYONE
from bot.registry import command
from bot.reply import Button, Reply, Row, Tone
from bot.show import account_rows, budget_rows, halt_lines, since, status_line
from trading.domain.errors import Refused
from trading.domain.view import Status

GROUPS = {
    "basics": "Start here",
    "account": "Your account",
    "profit": "How it went",
    "pictures": "Pictures",
    "strategies": "Strategies",
    "control": "Stop and go",
    "research": "Research",
    "honesty": "Skill or luck",
    "search": "Better parameters",
    "data": "Past candles",
    "ops": "Running the desk",
}


@command(allow=EVERYONE, needs_account=False)
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


@command(allow=EVERYONE, needs_account=False)
async def help_(ask: Ask, name: Annotated[str, "a command"] = "") -> Reply:
    """All commands, or how one of them is used."""
    allowed = {n: c for n, c in ask.commands.items() if c.allow & ask.person.roles}
    if name:
        found = allowed.get(name.lstrip("/").lower())
        if found is None:
            raise Refused(
                ask.say("There is no command /{name}; /help lists them all.", name=name.lstrip("/"))
            )
        rows = tuple(Row(p.name, "", ask.say(p.help)) for p in found.parameters)
        data = {"name": found.name, "usage": found.usage, "help": found.help}
        return Reply(title=found.usage, text=ask.say(found.help), rows=rows, data=data)
    by_group: dict[str, list[str]] = defaultdict(list)
    for found in allowed.values():
        by_group[found.group].append(f"/{found.name} – {ask.say(found.help)}")
    blocks = [
        ask.say(GROUPS.get(group, group)).upper() + "\n" + "\n".join(by_group[group])
        for group in (*GROUPS, *(g for g in by_group if g not in GROUPS))
        if group in by_group
    ]
    listed = [{"name": c.name, "usage": c.usage, "help": c.help} for c in allowed.values()]
    return Reply(title=ask.say("What you can ask for"), text="\n\n".join(blocks), data=listed)


@command(allow=EVERYONE, needs_account=False)
async def whoami(ask: Ask) -> Reply:
    """Who the desk thinks you are, and what you may do."""
    person = ask.person
    rows = (
        Row(ask.say("Name"), person.name),
        Row(ask.say("Roles"), ", ".join(ask.say(role) for role in sorted(person.roles))),
        Row(ask.say("Account"), person.account),
        Row(ask.say("This chat"), ask.place.address),
        Row(ask.say("Language"), person.language),
        Row(ask.say("Time zone"), person.zone),
    )
    return Reply(title=ask.say("You are {name}.", name=person.name), rows=rows, data=person)


@command(allow=EVERYONE)
async def status(ask: Ask) -> Reply:
    """Equity, open positions, what is stopped, and what risk is left today."""
    now = ask.trading.status(ask.account)
    stopped = halt_lines(now, ask)
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
        "{exchange}, last candle {ago} ago, {n} open positions.",
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


@command(allow=EVERYONE, needs_account=False)
async def version(ask: Ask) -> Reply:
    """Which version of the desk this is."""
    try:
        number = package_version("tradewind")
    except PackageNotFoundError:
        number = "0.1.0"
    return Reply(title=f"Tradewind {number}", data={"version": number})
