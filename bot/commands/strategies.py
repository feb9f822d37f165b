"""The strategies of an account: what they are, what they want, switching and tuning them."""

from collections.abc import AsyncIterator
from typing import Any

from bot.dispatcher import Ask
from bot.going import asker, going
from bot.people import EVERYONE, TRADERS
from bot.pictures import exposure_picture
from bot.registry import SleeveName, StrategyName, Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import amount, money, percent
from trading.domain.errors import Refused
from trading.domain.jobs import Going
from trading.domain.view import Record, SleeveView


@command(allow=EVERYONE)
async def strategies(ask: Ask, name: StrategyName = "") -> Reply:
    """The strategies of this account and what they want now; with a name: what it does and its parameters."""
    if name:
        return await _one(ask, name)
    sleeves = _sleeves(ask)
    known = ask.trading.lab.catalogue()
    others = [n for n in known if n not in {s.strategy for s in sleeves}]
    on = sum(s.enabled for s in sleeves)
    many = ask.say("{n} strategies trade this account", n=on)
    return Reply(
        title=ask.say("1 strategy trades this account") if on == 1 else many,
        text=ask.say("Also known: {names}", names=", ".join(others)) if others else "",
        rows=tuple(_row(s, ask) for s in sleeves),
        buttons=tuple((Button(s.name, f"/strategies {s.name}"),) for s in sleeves[:6]),
        data={"sleeves": sleeves, "known": list(known)},
    )


def _sleeves(ask: Ask) -> tuple[SleeveView, ...]:
    """Those of the account; none while it does not trade: strategies can be read about all the same."""
    try:
        return tuple(ask.trading.status(ask.account).sleeves)
    except Refused:
        return ()


@command(allow=TRADERS, acts=True)
async def enable(ask: Ask, name: SleeveName) -> AsyncIterator[Reply]:
    """Switch a strategy on; where real money would follow it, it is checked first."""
    warnings: list[str] = []
    async for reply in _checked(ask, name, None, warnings):
        yield reply
    await ask.trading.switch(ask.account, name, True, by=ask.person.name)
    yield Reply(
        title=ask.say("{name} is on.", name=name),
        text="\n".join((ask.say("It trades from its next signal on."), *warnings)),
        tone=Tone.WARNING if warnings else Tone.GOOD,
        buttons=((Button(ask.say("Strategies"), "/strategies"),),),
    )


async def _checked(
    ask: Ask, name: str, words: dict[str, str] | None, warnings: list[str]
) -> AsyncIterator[Reply]:
    """Before real money follows a strategy like this: progress while it is examined. Raises Refused for one that
    cheats; what chance would have done as well is put among the warnings."""
    async for told in ask.trading.ladder.vetting.before(ask.account, name, words, asker(ask)):
        if isinstance(told, Going):
            yield going(ask, ask.say("Checking {name} …", name=name), told)
        elif told.luck and not told.skill:
            warnings.append(ask.say.again(told.luck))


async def _before_disabling(ask: Ask, name: str) -> Sure:
    _sleeve(ask, name)
    now = ask.trading.status(ask.account)
    held = [h for h in now.holdings if h.sleeve == name]
    if not held:
        text, yes = (
            ask.say("It holds nothing; it will not buy again."),
            ask.say("Switch {name} off", name=name),
        )
    else:
        worth = money(sum((h.value for h in held), now.cash * 0), now.currency)
        what = ", ".join(f"{amount(h.quantity)} {h.symbol.partition('/')[0]}" for h in held)
        text = ask.say(
            "It holds {what}, worth {worth}; all of it is sold at the next close.", what=what, worth=worth
        )
        yes = ask.say("Switch off, sell ≈ {worth}", worth=worth)
    return Sure(title=ask.say("Switch {name} off?", name=name), text=text, yes=yes)


@command(allow=TRADERS, confirm=_before_disabling)
async def disable(ask: Ask, name: SleeveName) -> Reply:
    """Switch a strategy off; what it holds is sold at the next price."""
    await ask.trading.switch(ask.account, name, False, by=ask.person.name)
    return Reply(
        title=ask.say("{name} is off.", name=name),
        text=ask.say("What it holds is sold at the next close."),
        buttons=((Button(ask.say("Positions"), "/positions"),),),
    )


@command(allow=TRADERS, acts=True)
async def set_(ask: Ask, name: SleeveName, **params: str) -> AsyncIterator[Reply]:
    """Change parameters of a strategy, for instance /set ema_cross fast=12 slow=30."""
    if not params:
        raise Refused(
            ask.say("Say what to set: /set {name} parameter=value. /strategies {name} lists them.", name=name)
        )
    before, warnings = _sleeve(ask, name).params, list[str]()
    async for reply in _checked(ask, name, params, warnings):
        yield reply
    await ask.trading.set_params(ask.account, name, params, by=ask.person.name)
    after = _sleeve(ask, name).params
    rows = tuple(Row(k, f"{before[k]} → {after[k]}") for k in after if before[k] != after[k])
    undo = " ".join(f"{k}={before[k]}" for k in after if before[k] != after[k])
    line = f"/set {name} {undo}"
    buttons = ((Button(ask.say("Undo"), line),),) if undo and len(line.encode()) <= 64 else ()
    title = ask.say("{name} is set.", name=name) if rows else ask.say("{name} was set so already.", name=name)
    lines = [ask.say("It counts from the next candle on.")] if rows else []
    text = "\n".join([*lines, *warnings])
    tone = Tone.WARNING if warnings else Tone.GOOD
    yield Reply(title=title, text=text, rows=rows, buttons=buttons, tone=tone, data=after)


async def _one(ask: Ask, name: str) -> Reply:
    mine = next((s for s in _sleeves(ask) if s.name == name), None)
    about = ask.trading.lab.about(mine.strategy if mine else name, mine.params if mine else {})
    rows = tuple(
        Row(
            f"{p['name']} = {p['value']}",
            "",
            _meaning(p, ask),
        )
        for p in about["parameters"]
    )
    shown = await ask.trading.lab.example(about["name"], mine.params if mine else {}, ask.account)
    frame = shown.candles[0].timeframe
    picture = await exposure_picture(
        ask.studio,
        ask.person,
        ask.say,
        shown.candles,
        shown.wanted,
        title=f"{name} · {shown.candles[0].symbol} · {frame}",
    )
    note = ask.say("The picture shows example candles of the built-in market.")
    buttons = [Button(ask.say("Backtest"), f"/backtest {about['name']}")]
    if mine is not None:
        toggle = Button(ask.say("Switch off"), f"/disable {name}", danger=True)
        buttons.append(toggle if mine.enabled else Button(ask.say("Switch on"), f"/enable {name}"))
    return Reply(
        title=name,
        text="\n".join((ask.say(about["summary"]), note)),
        rows=rows,
        images=(picture,),
        buttons=(tuple(buttons),),
        data=about,
    )


def _meaning(parameter: dict[str, Any], ask: Ask) -> str:
    """What a parameter means and its range, where it has one."""
    meaning, low, high = ask.say(parameter["help"]), parameter["low"], parameter["high"]
    return meaning if low is None else ask.say("{help} ({low} … {high})", help=meaning, low=low, high=high)


def _row(sleeve: SleeveView, ask: Ask) -> Row:
    wants = ", ".join(f"{symbol} {percent(e, signed=False)}" for symbol, e in sleeve.exposures.items() if e)
    state = ask.say("on") if sleeve.enabled else ask.say("off")
    says = [ask.say("wants {what}", what=wants) if wants else ask.say("wants to be out")]
    if sleeve.parts:
        says.append(ask.say("all of it would be {parts} of equity now", parts=_parts(sleeve, ask)))
    if sleeve.record is not None:
        says.append(_on_record(sleeve.record, ask))
    return Row(
        sleeve.name,
        ask.say(
            "{state}, {share} of equity, {frame}",
            state=state,
            share=f"{sleeve.share:.0%}",
            frame=sleeve.timeframe,
        ),
        "; ".join(says),
    )


def _parts(sleeve: SleeveView, ask: Ask) -> str:
    known = (
        (s, ask.say("unknown") if p is None else percent(p, signed=False)) for s, p in sleeve.parts.items()
    )
    return ", ".join(f"{symbol} {part}" for symbol, part in known)


def _on_record(record: Record, ask: Ask) -> str:
    """Why a sleeve that is sized by its closed trades uses as much as it does."""
    if record.trades < record.fewest:
        return ask.say(
            "{n} of {m} trades are closed, and until then it uses {share} of its part",
            n=record.trades,
            m=record.fewest,
            share=percent(record.stake, signed=False),
        )
    if record.stake == 0:
        return ask.say("its {n} closed trades show no edge, so it buys nothing", n=record.trades)
    return ask.say(
        "its {n} closed trades allow {share} of its part",
        n=record.trades,
        share=percent(record.stake, signed=False),
    )


def _sleeve(ask: Ask, name: str) -> SleeveView:
    sleeves = ask.trading.status(ask.account).sleeves
    found = next((s for s in sleeves if s.name == name), None)
    if found is None:
        names = ", ".join(s.name for s in sleeves)
        raise Refused(
            ask.say("This account has no strategy '{name}'; it has {names}.", name=name, names=names)
        )
    return found
