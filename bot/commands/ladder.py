"""The ladder from paper to real money: where an account stands, what it has shown, and the step up or down."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.going import asker, going
from bot.people import TRADERS
from bot.registry import Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import percent
from trading.domain.account import Mode
from trading.domain.errors import Refused
from trading.domain.jobs import Going
from trading.domain.ladder import Proof, Shown, Vetted
from trading.domain.people import Role

Target = Annotated[
    Literal["shadow", "paper", "canary", "live", "check"] | None,
    "where to; check: examine its strategies; left out: where it stands",
]
Beside = Annotated[str, "what the account of real money is called"]
Elsewhere = Annotated[str, "its exchange, if another one than now"]
Anyway = Annotated[bool, "up, although it has not shown everything"]


CHECK = "check"


def _target(ask: Ask, to: str, name: str) -> tuple[Mode, str]:
    """Where it goes, and what the account of real money is called."""
    return Mode(to), name or f"{ask.account}-coin"


async def _before_moving(
    ask: Ask, to: str | None = None, *, name: str = "", exchange: str = "", anyway: bool = False
) -> Sure | None:
    if to in (None, CHECK):
        return None
    mode, beside = _target(ask, to, name)
    ask.trading.ladder.check(ask.account, mode)
    if not ask.trading.ladder.goes_up(ask.account, mode):
        return None
    missing = await _check_up(ask, anyway)
    if ask.trading.ladder.begins(ask.account, mode):
        ask.trading.opening.check_opening_real(ask.account, beside, exchange.lower())
    text = await _warnings(ask, missing)
    if ask.trading.ladder.begins(ask.account, mode):
        told = ask.say(
            "{name} trades real money, set up as {account} is, which goes on beside it. Each order waits for a button.",
            name=beside,
            account=ask.account,
        )
        title = ask.say("Begin with real money: the canary {name}?", name=beside)
        return Sure(
            title=title, text=f"{told}\n{text}".rstrip(), yes=ask.say("Begin with {name}", name=beside)
        )
    told = ask.say(
        "Its orders leave without being asked about, with all of its money. /mode canary goes back."
    )
    return Sure(
        title=ask.say("Let {account} go live?", account=ask.account),
        text=f"{told}\n{text}".rstrip(),
        yes=ask.say("Go live"),
    )


async def _goes_up(ask: Ask, to: str | None = None, **_: object) -> bool:
    return to not in (None, CHECK) and ask.trading.ladder.goes_up(ask.account, Mode(to or ""))


async def _goes_live(ask: Ask, to: str | None = None, **_: object) -> bool:
    return await _goes_up(ask, to) and not ask.trading.ladder.begins(ask.account, Mode(to or ""))


@command(allow=TRADERS, confirm=_before_moving, step_up=_goes_up, two_persons=_goes_live)
async def mode(
    ask: Ask, to: Target = None, *, name: Beside = "", exchange: Elsewhere = "", anyway: Anyway = False
) -> AsyncIterator[Reply]:
    """Where the account stands between paper and real money; one step up, or down at once."""
    if to == CHECK:
        async for reply in _examined(ask):
            yield reply
    elif to is None:
        yield await _standing(ask)
    else:
        yield await _moved(ask, *_target(ask, to, name), exchange, anyway)


async def _moved(ask: Ask, target: Mode, beside: str, exchange: str, anyway: bool) -> Reply:
    ladder = ask.trading.ladder
    ladder.check(ask.account, target)
    if ladder.goes_up(ask.account, target):
        await _check_up(ask, anyway)
        if ladder.begins(ask.account, target):
            return await _begin(ask, beside, exchange)
    await ladder.move(ask.account, target, ask.person.name)
    return Reply(
        title=ask.say("{account} is in the mode {mode} now.", account=ask.account, mode=ask.say(target)),
        header=ask.trading.header(ask.account),
        buttons=((Button(ask.say("Status"), "/status"),),),
        tone=Tone.GOOD,
        data={"account": ask.account, "mode": target},
    )


async def _check_up(ask: Ask, anyway: bool) -> list[str]:
    """What it has not shown, by name. Raises Refused where that is too much, or where somebody may not."""
    say = ask.say
    if Role.OWNER not in ask.person.roles_on(ask.account):
        raise Refused(say("Only an owner of {account} takes it up to real money.", account=ask.account))
    missing = [proof for proof in await ask.trading.ladder.proofs(ask.account) if not proof.met]
    names = [_named(ask, proof) for proof in missing]
    if any(proof.kind is Shown.HONEST and proof.found is None for proof in missing):
        raise Refused(
            say(
                "Before real money the strategies of {account} are checked for knowing the future: /mode check.",
                account=ask.account,
            )
        )
    if any(proof.hard for proof in missing):
        raise Refused(say("{account} cannot go up now: {what}.", account=ask.account, what=", ".join(names)))
    if missing and not anyway:
        raise Refused(
            say(
                "{account} has not shown enough yet: {what}. /mode tells all; --anyway goes up all the same.",
                account=ask.account,
                what=", ".join(names),
            )
        )
    return names


async def _warnings(ask: Ask, missing: list[str]) -> str:
    """What whoever says yes should have read: what was not shown, and what chance would have done as well."""
    lines = [ask.say("It has not shown: {what}.", what=", ".join(missing))] if missing else []
    vetted = await ask.trading.ladder.vetting.known(ask.account) or ()
    lines += [f"{one.sleeve}: {ask.say.again(one.luck)}" for one in vetted if one.luck and not one.skill]
    return "\n".join(lines)


async def _examined(ask: Ask) -> AsyncIterator[Reply]:
    """Its strategies put to the test on the market it trades; what was found is remembered until they change."""
    say = ask.say
    async for told in ask.trading.ladder.vetting.look(ask.account, asker(ask)):
        if isinstance(told, Going):
            yield going(ask, say("Checking the strategies of {account} …", account=ask.account), told)
            continue
        cheats = ", ".join(one.sleeve for one in told if not one.honest)
        title = say("No strategy of {account} knows the future.", account=ask.account)
        if cheats:
            title = say(
                "No real money for {account}: {names} would not trade live as on past candles.",
                account=ask.account,
                names=cheats,
            )
        yield Reply(
            title=title,
            text="\n".join(_found_of(ask, one) for one in told),
            buttons=((Button(say("Where it stands"), "/mode"),),),
            tone=Tone.DANGER if cheats else Tone.GOOD,
            data={"account": ask.account, "vetted": told},
        )


def _found_of(ask: Ask, one: Vetted) -> str:
    """A strategy in a line or two: whether it is honest, and whether it was luck."""
    lines = [f"{'✓' if one.honest else '✗'} {one.sleeve}: {ask.say.again(one.bias)}"]
    if one.honest and one.luck:
        lines.append(f"{'✓' if one.skill else '✗'} {ask.say.again(one.luck)}")
    return "\n".join(lines)


async def _begin(ask: Ask, name: str, exchange: str) -> Reply:
    trouble = await ask.trading.ladder.begin_canary(ask.account, name, exchange.lower(), ask.person.id)
    if Role.OWNER not in ask.person.house_roles:
        await ask.people.give(ask.person.id, name, Role.OWNER)
    buttons = (
        (Button(ask.say("Use {name}", name=name), f"/use {name}"), Button(ask.say("Accounts"), "/accounts")),
    )
    if trouble:
        return Reply(
            title=ask.say("{name} is open, and does not trade yet.", name=name),
            text="\n".join(
                (
                    ask.say.again(trouble),
                    ask.say(
                        "Its key is added on the desk's own machine: python main.py keys add {name}",
                        name=name,
                    ),
                    ask.say("It is tried again every 30 s; /accounts tells when it trades."),
                )
            ),
            buttons=buttons,
            tone=Tone.WARNING,
            data={"account": name, "trouble": trouble},
        )
    return Reply(
        title=ask.say("{name} trades. Its first order will ask you.", name=name),
        header=ask.trading.header(name),
        buttons=buttons,
        tone=Tone.GOOD,
        data={"account": name, "trouble": None},
    )


# --- where it stands ------------------------------------------------------------------------------------------


async def _standing(ask: Ask) -> Reply:
    say, now = ask.say, ask.trading.ladder.mode_of(ask.account)
    up = ask.trading.ladder.next_up(ask.account)
    proofs = await ask.trading.ladder.proofs(ask.account)
    missing = [proof for proof in proofs if not proof.met]
    title = say("{account} is in the mode {mode}.", account=ask.account, mode=say(now))
    data = {"mode": now, "proofs": proofs}
    if up is None:
        back = Button(say("Back to canary"), "/mode canary")
        return Reply(title=title, text=say("That is the top of the ladder."), buttons=((back,),), data=data)
    text = say("Before {mode} it should show:", mode=say(up))
    if not missing:
        text = say("It has shown what {mode} asks for.", mode=say(up))
    buttons = () if missing else ((Button(say("Up to {mode}", mode=say(up)), f"/mode {up}"),),)
    if any(proof.kind is Shown.HONEST and proof.found is None for proof in proofs):
        buttons = ((Button(say("Check its strategies"), "/mode check"),),)
    return Reply(
        title=title, text=text, rows=tuple(_row(ask, proof) for proof in proofs), buttons=buttons, data=data
    )


def _row(ask: Ask, proof: Proof) -> Row:
    mark = "✓" if proof.met else "✗"
    return Row(f"{mark} {_named(ask, proof)}", _found(ask, proof), _wanted(ask, proof))


def _named(ask: Ask, proof: Proof) -> str:
    match proof.kind:
        case Shown.DAYS:
            return ask.say("days of trading")
        case Shown.TRADES:
            return ask.say("closed trades")
        case Shown.SHARPE:
            return ask.say("Sharpe ratio")
        case Shown.DRAWDOWN:
            return ask.say("deepest fall")
        case Shown.HONEST:
            return ask.say("no strategy knows the future")
        case Shown.AGREES:
            return ask.say("the exchange and the books agree")
        case Shown.OPEN:
            return ask.say("nothing halts it")


def _found(ask: Ask, proof: Proof) -> str:
    if proof.found is None:
        return ask.say("not checked yet") if proof.hard else ask.say("too little to say")
    if proof.hard:
        return ask.say("yes") if proof.met else ask.say("no")
    if proof.kind is Shown.DRAWDOWN:
        return percent(proof.found)
    return f"{proof.found:.2f}" if proof.kind is Shown.SHARPE else f"{proof.found:.0f}"


def _wanted(ask: Ask, proof: Proof) -> str:
    if proof.hard:
        return ""
    if proof.kind is Shown.DRAWDOWN:
        return ask.say("less than {n}", n=percent(proof.wanted))
    if proof.kind is Shown.SHARPE:
        return ask.say("more than {n}", n="0")
    return ask.say("at least {n}", n=f"{proof.wanted:.0f}")
