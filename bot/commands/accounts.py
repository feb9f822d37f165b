"""Accounts: which are yours, which one your commands mean, opening another, closing one."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from bot.dispatcher import Ask
from bot.people import EVERYONE
from bot.registry import Source, Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import money
from trading.domain.errors import Refused
from trading.domain.people import Role

OPENERS = frozenset({Role.OWNER, Role.TRADER})
MOST_BUTTONS = 6
AccountName = Annotated[str, Source("accounts"), "an account of yours"]
Act = Annotated[Literal["new", "close"], "new or close"]
NewMode = Annotated[Literal["paper", "shadow", "canary", "live"], "paper or shadow; the others come later"]
Exchange = Annotated[str, "any that ccxt knows, or simulated; left out: as the desk's first account"]
Markets = Annotated[str, "with commas between them, for instance BTC/USDT,ETH/USDT"]
Frame = Annotated[str, "length of the candles, for instance 1h"]


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def use(ask: Ask, name: AccountName) -> Reply:
    """Choose the account that your commands mean."""
    if name not in ask.mine(EVERYONE):
        raise Refused(_not_yours(ask, name))
    await ask.people.set_account(ask.person.id, name)
    return Reply(
        title=ask.say("Your commands mean {name} from now on.", name=name),
        header=ask.trading.header(name),
        buttons=((Button(ask.say("Status"), "/status"), Button(ask.say("Accounts"), "/accounts")),),
        tone=Tone.GOOD,
        data={"account": name},
    )


@command(allow=EVERYONE, needs_account=False, scope="any")
async def accounts(ask: Ask) -> Reply:
    """Your accounts: mode, equity, and what you are to each."""
    mine = ask.mine(EVERYONE)
    rows = [_row(ask, name) for name in mine]
    broken = ask.trading.opening.broken
    rows += [Row(name, ask.say("not trading"), ask.say.again(broken[name])) for name in _broken(ask)]
    others = [Button(name, f"/use {name}") for name in mine if name != ask.account][:MOST_BUTTONS]
    facts = [{"name": n, "roles": sorted(ask.person.roles_on(n)), "used": n == ask.account} for n in mine]
    return Reply(
        title=ask.say("Your accounts: {n}", n=len(mine)),
        text="" if others else ask.say("Another one on paper: /account new NAME"),
        rows=tuple(rows),
        buttons=tuple(tuple(others[at : at + 3]) for at in range(0, len(others), 3)),
        data=facts,
    )


def _broken(ask: Ask) -> list[str]:
    return [name for name in ask.trading.opening.broken if ask.person.roles_on(name)]


def _row(ask: Ask, name: str) -> Row:
    roles = ", ".join(ask.say(role) for role in sorted(ask.person.roles_on(name)))
    used = ask.say("your commands mean this one") if name == ask.account else ""
    badge = ask.trading.header(name).partition(" · ")[0]
    detail = " · ".join(part for part in (badge, roles, used) if part)
    if name not in ask.trading.rooms:
        why = ask.say.again(ask.trading.trouble.get(name, ""))
        return Row(name, ask.say("not trading"), " · ".join(part for part in (detail, why) if part))
    now = ask.trading.status(name)
    return Row(name, money(now.equity, now.currency), detail)


async def _before_changing(
    ask: Ask,
    act: str,
    name: str,
    mode: str = "paper",
    exchange: str = "",
    symbols: str = "",
    timeframe: str = "",
    cash: Decimal | None = None,
) -> Sure:
    say = ask.say
    if act == "close":
        _refuse_unless_owned(ask, name)
        return Sure(
            title=say("Close the account {name} for good?", name=name),
            text=say(
                "What it holds is sold, and nothing is traded any more. Its books stay; its name is used up."
            ),
            yes=say("Close {name}", name=name),
        )
    wanted = ask.trading.opening.template() | _wanted(mode, exchange, symbols, timeframe, cash)
    return Sure(
        title=say("Open the account {name}?", name=name),
        text=say(
            "{mode} on {exchange}: {symbols}. You own it; nobody else sees it but the owners of the desk.",
            mode=say(str(wanted["mode"])),
            exchange=wanted["exchange"],
            symbols=", ".join(wanted["symbols"]),
        ),
        yes=say("Open {name}", name=name),
        no=Button("Leave it", "/accounts"),
    )


@command(allow=OPENERS, needs_account=False, scope="any", confirm=_before_changing)
async def account(
    ask: Ask,
    act: Act,
    name: Annotated[str, "its name: a-z, 0-9, _ and -"],
    *,
    mode: NewMode = "paper",
    exchange: Exchange = "",
    symbols: Markets = "",
    timeframe: Frame = "",
    cash: Annotated[Decimal | None, "paper money at the start"] = None,
) -> Reply:
    """Open another account of your own, or close one that you own."""
    if act == "close":
        return await _close(ask, name)
    wanted = _wanted(mode, exchange, symbols, timeframe, cash)
    house = Role.OWNER in ask.person.house_roles
    await ask.trading.opening.open(name, wanted, ask.person.id, limit=not house)
    if not house:
        await ask.people.give(ask.person.id, name, Role.OWNER)
    await ask.people.set_account(ask.person.id, name)
    now = ask.trading.status(name)
    return Reply(
        title=ask.say("{name} trades: {equity}.", name=name, equity=money(now.equity, now.currency)),
        text=ask.say("Your commands mean it from now on; /use chooses another."),
        header=ask.trading.header(name),
        buttons=((Button(ask.say("Status"), "/status"), Button(ask.say("Accounts"), "/accounts")),),
        tone=Tone.GOOD,
        data={"account": name, "mode": mode},
    )


async def _close(ask: Ask, name: str) -> Reply:
    _refuse_unless_owned(ask, name)
    status = ask.trading.status(name)
    if status.holdings or status.orders_out:
        await ask.trading.kill("the account is closed", ask.person.name, (name,))
        status = ask.trading.status(name)
    if status.holdings or status.orders_out:
        raise Refused(
            ask.say(
                "{name} sells what it holds at the next price. Close it again once it is flat.", name=name
            )
        )
    await ask.trading.opening.close(name)
    return Reply(
        title=ask.say(
            "{name} is closed with {equity}.", name=name, equity=money(status.equity, status.currency)
        ),
        text=ask.say("Its books stay in the database."),
        header=ask.trading.header(ask.account) if ask.account != name else name,
        buttons=((Button(ask.say("Accounts"), "/accounts"),),),
        tone=Tone.GOOD,
        data={"closed": name},
    )


def _refuse_unless_owned(ask: Ask, name: str) -> None:
    if Role.OWNER not in ask.person.roles_on(name) or name not in ask.trading.accounts:
        raise Refused(_not_yours(ask, name))
    ask.trading.opening.check_closing(name)


def _not_yours(ask: Ask, name: str) -> str:
    mine = ", ".join(ask.mine(EVERYONE)) or "–"
    return ask.say("There is no account '{name}' for you; yours: {mine}.", name=name[:40], mine=mine)


def _wanted(mode: str, exchange: str, symbols: str, timeframe: str, cash: Decimal | None) -> dict[str, Any]:
    """What was asked for, by the names of the settings; another exchange has nothing of the first one's options."""
    wanted: dict[str, Any] = {"mode": mode}
    if exchange:
        wanted |= {"exchange": exchange.lower(), "exchange_options": {}}
    if symbols:
        wanted["symbols"] = [symbol.strip().upper() for symbol in symbols.split(",") if symbol.strip()]
    if timeframe:
        wanted["timeframe"] = timeframe
    if cash is not None:
        wanted["cash"] = str(cash)
    return wanted
