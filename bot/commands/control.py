"""Stop and go. Stopping is always possible; starting again is for those who may."""

from typing import Annotated

from bot.dispatcher import Ask
from bot.people import OWNERS, STOPPERS, TRADERS
from bot.registry import Rest, Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import amount, halt_lines, money, reason_of
from trading.domain.account import Mode
from trading.domain.errors import Refused
from trading.domain.people import Role
from trading.domain.risk import HaltKind
from trading.domain.view import Status

REAL = (Mode.CANARY, Mode.LIVE)
RESUMED = {HaltKind.PAUSE, HaltKind.BROKEN, HaltKind.KILL}  # what /resume ends, and a kill, which it explains
Why = Annotated[str, Rest(), "why; it is written down"]


@command(allow=STOPPERS, acts=True)
async def pause(ask: Ask, reason: Why = "asked by hand") -> Reply:
    """No new entries until somebody resumes; exits go on."""
    await ask.trading.pause(ask.account, reason, by=ask.person.name)
    return Reply(
        title=ask.say("Paused: no new entries."),
        text=ask.say("Open positions are still sold when their strategies say so."),
        buttons=((Button(ask.say("Resume"), "/resume"), Button(ask.say("Kill"), "/kill", danger=True)),),
        tone=Tone.WARNING,
    )


@command(allow=TRADERS, acts=True)
async def resume(ask: Ask) -> Reply:
    """Entries open again after a pause."""
    halted = ask.trading.status(ask.account)
    if halted.halts and not {halt.kind for halt in halted.halts} & RESUMED:
        title = ask.say("This account is not paused, but entries are closed:")
        raise Refused("\n".join((title, *halt_lines(halted, ask))))
    await ask.trading.resume(ask.account, by=ask.person.name, also=ask.mine(TRADERS))
    left = ask.trading.status(ask.account)
    if left.halts:
        return Reply(
            title=ask.say("The pause is over, but entries stay closed."),
            text="\n".join(halt_lines(left, ask)),
            buttons=((Button(ask.say("Status"), "/status"), Button(ask.say("Risk"), "/risk")),),
            tone=Tone.WARNING,
        )
    return Reply(
        title=ask.say("Entries are open again."),
        buttons=((Button(ask.say("Status"), "/status"), Button(ask.say("Pause"), "/pause")),),
        tone=Tone.GOOD,
    )


def _stoppers(ask: Ask) -> frozenset[Role]:
    """Who may kill; the settings may let viewers, too."""
    return ask.commands["kill"].allow


def _stopped_by(ask: Ask) -> tuple[str, ...] | None:
    """The accounts this person may stop; None: the whole house, with those accounts that are not up yet."""
    roles = _stoppers(ask)
    return None if roles & ask.person.house_roles else ask.mine(roles)


def _reachable(ask: Ask, roles: frozenset[Role]) -> list[Status]:
    """How those of one's accounts are that can be asked now."""
    return [ask.trading.status(name) for name in ask.mine(roles) if name not in ask.trading.trouble]


async def _before_killing(ask: Ask, reason: str = "") -> Sure:
    """Asking to kill closes entries at once; only the sale waits for the button."""
    say = ask.say
    await ask.trading.close_entries(ask.person.name, _stopped_by(ask))
    now = _reachable(ask, _stoppers(ask))
    held = [(s, h) for s in now for h in s.holdings]
    stay = Button(say("Sell nothing, stay paused"), "/status")
    title = say("Entries are closed. Sell everything and stop?")
    doubt = _in_doubt(ask, now)
    if not held:
        text = say("Nothing is held. The kill cancels every order and stays until an owner lifts it.")
        return Sure(title=title, text="\n".join([text, *doubt]), yes=say("Stop everything"), no=stay)
    lines = [
        f"{s.account}: {amount(h.quantity)} {h.symbol.partition('/')[0]} ≈ {money(h.value, s.currency)}"
        for s, h in held
    ]
    worth = ", ".join(
        money(sum((h.value for h in s.holdings), s.cash * 0), s.currency) for s in now if s.holdings
    )
    return Sure(
        title=title,
        text="\n".join([*lines, *doubt]),
        yes=say("Sell everything ≈ {worth}", worth=worth),
        no=stay,
    )


def _in_doubt(ask: Ask, now: list[Status]) -> list[str]:
    """Orders of real money that may have bought something, as far as anybody knows."""
    found = [ask.trading.real.standing(status.account) for status in now]
    n = sum(one.uncertain + one.parked for one in found if one is not None)
    told = ask.say("Orders in doubt: {n}. What they bought is sold as soon as it is known.", n=n)
    return [told] if n else []


async def _before_unkilling(ask: Ask) -> Sure:
    say = ask.say
    killed = [(status, h) for status in _reachable(ask, OWNERS) for h in status.halts if h.kind == "kill"]
    if not killed:
        raise Refused(ask.say("Nothing is killed, so there is nothing to lift."))
    now, kill = killed[0]
    return Sure(
        title=ask.say(
            "Lift the kill by {by}: {reason}?", by=say.exactly(kill.by), reason=reason_of(kill, say)
        ),
        text=ask.say(
            "Strategies may buy again with their next signal. Nothing is bought back; drawdown is measured from "
            "today's {equity}.",
            equity=money(now.equity, now.currency),
        ),
        yes=ask.say("Lift the kill and trade again"),
        no=Button(ask.say("Stay stopped"), "/status"),
    )


@command(allow=STOPPERS, scope="any", confirm=_before_killing, always=True)
async def kill(ask: Ask, reason: Why = "asked by hand") -> Reply:
    """Cancel every order, sell everything the desk bought on all accounts you may stop, and stay stopped."""
    stopped = _stopped_by(ask)
    await ask.trading.kill(reason, ask.person.name, stopped)
    now = _reachable(ask, _stoppers(ask))
    left = [h for status in now for h in status.holdings]
    rows = tuple(
        Row(
            h.symbol,
            amount(h.quantity),
            ask.say("being sold") if s.mode in REAL else ask.say("sold at the next price"),
        )
        for s in now
        for h in s.holdings
    )
    away = [name for name in ask.mine(_stoppers(ask)) if name in ask.trading.trouble]
    if any(s.mode in REAL and (s.holdings or s.orders_out) for s in now):
        text = ask.say(
            "Every order is taken back and all the desk bought is sold at the exchange; a receipt follows."
        )
    elif left:
        text = ask.say("{n} positions wait for the next price; nothing new is bought.", n=len(left))
    else:
        text = ask.say("Everything is flat: no position, no order.")
    if away:
        text = ask.say(
            "{names} cannot be reached now: killed the moment they can be. Positions there are still held.",
            names=", ".join(away),
        )
    worth = ", ".join(money(s.equity, s.currency) for s in now)
    return Reply(
        title=ask.say("KILLED. {equity} is left.", equity=worth) if now else ask.say("KILLED."),
        text=f"{text}\n" + ask.say("It stays so through restarts, until an owner sends /unkill."),
        rows=rows,
        buttons=((Button(ask.say("Status"), "/status"), Button(ask.say("Orders"), "/orders")),),
        tone=Tone.DANGER,
        data={
            "flat": not left and not away,
            "left": left,
            "away": away,
            "accounts": [s.account for s in now],
        },
    )


@command(allow=OWNERS, scope="any", confirm=_before_unkilling, step_up=True, two_persons=True)
async def unkill(ask: Ask) -> Reply:
    """Lift the kill: entries open again, drawdown is measured from here."""
    whole = Role.OWNER in ask.person.house_roles
    await ask.trading.unkill(ask.person.name, None if whole else ask.mine(OWNERS))
    return Reply(
        title=ask.say("The kill is lifted. Strategies act on their next candle."),
        buttons=((Button(ask.say("Status"), "/status"), Button(ask.say("Pause"), "/pause")),),
        tone=Tone.GOOD,
    )
