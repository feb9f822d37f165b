"""The book as a whole: what moves together, what a bad day costs, days that happened, back to the weights."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from bot.dispatcher import Ask
from bot.people import READERS, TRADERS
from bot.pictures import correlation_picture, stress_picture
from bot.registry import Rest, Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import amount, money, percent
from trading.domain.errors import Refused
from trading.domain.portfolio import Outcome, Trade
from trading.domain.view import Status

Day = Annotated[str, Rest(), "a day like ftx, a fall like -20, or falls like BTC=-30 ETH=-40 -10"]
_FALL = re.compile(r"(?:([A-Za-z0-9]{1,12})=)?-?(\d{1,3}(?:\.\d+)?)%?")
PAGE = 8


@command(allow=READERS)
async def correlation(ask: Ask) -> Reply:
    """Which markets move together, as numbers and a picture."""
    found = await ask.trading.portfolio.likeness(ask.account)
    title = ask.say("Who moves with whom")
    image = await correlation_picture(
        ask.studio, ask.person, ask.say, found, title=f"{title} · {ask.account}"
    )
    together = [" + ".join(s.partition("/")[0] for s in group) for group in found.groups if len(group) > 1]
    text = (
        ask.say("Count as one risk ({n} or more): {groups}.", n=found.together, groups="; ".join(together))
        if together
        else ask.say("No two markets move together by {n} or more.", n=found.together)
    )
    return Reply(
        title=title,
        text=f"{image.alt}\n{text}",
        images=(image,),
        buttons=((Button(ask.say("Bad day"), "/var"), Button(ask.say("Stress"), "/stress")),),
        data=found,
    )


@command(allow=READERS)
async def var(ask: Ask) -> Reply:
    """What a bad day may cost: value at risk and expected shortfall of what is held."""
    day = await ask.trading.portfolio.bad_day(ask.account)
    currency = ask.trading.status(ask.account).currency
    buttons = ((Button(ask.say("Stress"), "/stress"), Button(ask.say("Correlation"), "/correlation")),)
    if not day.parts:
        return Reply(title=ask.say("Nothing is held, so nothing is at risk."), buttons=buttons, data=day)

    def shown(value: Decimal) -> str:
        share = float(value / day.equity) if day.equity > 0 else 0.0
        return f"{money(value, currency)} ({percent(share, signed=False)})"

    rows = (
        Row(ask.say("As the days were"), shown(day.seen[0]), ask.say("on average {x}", x=shown(day.seen[1]))),
        Row(ask.say("As if normal"), shown(day.normal[0]), ask.say("on average {x}", x=shown(day.normal[1]))),
        *(Row(symbol, money(alone, currency), ask.say("alone")) for symbol, alone in day.parts[:PAGE]),
    )
    return Reply(
        title=ask.say("One day in twenty costs {x} or more", x=shown(day.at_risk)),
        text=ask.say(
            "Those days cost {x} on average. From {n} hours of prices, the worse of two ways of counting; stops are "
            "not counted.",
            x=shown(day.shortfall),
            n=day.hours,
        ),
        rows=rows,
        buttons=buttons,
        data=day,
    )


@command(allow=READERS)
async def stress(ask: Ask, day: Day = "") -> Reply:
    """What the book would lose on days that happened, or on one you make up."""
    words, portfolio = day.split(), ask.trading.portfolio
    if not words:
        return await _every_day(ask, portfolio.stress(ask.account))
    if len(words) == 1 and _FALL.fullmatch(words[0]) is None:
        return await _one_day(ask, portfolio.stress_on(ask.account, words[0].lower()))
    falls, usual = _falls(ask, words)
    return await _one_day(ask, portfolio.stress_made_up(ask.account, falls, usual), tuple(falls))


def _story(ask: Ask) -> dict[str, str]:
    """What happened on the named days."""
    return {
        "covid": ask.say("the pandemic reaches the markets"),
        "may2021": ask.say("bans in China, leverage unwinds"),
        "luna": ask.say("LUNA and UST die"),
        "ftx": ask.say("FTX stops paying out"),
        "aug2024": ask.say("the yen carry trade unwinds"),
        "oct2025": ask.say("tariffs, and the largest liquidation so far"),
    }


def _falls(ask: Ask, words: list[str]) -> tuple[dict[str, float], float | None]:
    falls: dict[str, float] = {}
    usual: float | None = None
    for word in words:
        match = _FALL.fullmatch(word)
        if match is None or float(match[2]) > 100:
            raise Refused(
                ask.say(
                    "'{word}' is no fall; write per cent like -20, or a coin's like BTC=-30, up to 100.",
                    word=word,
                )
            )
        if match[1]:
            falls[match[1].upper()] = float(match[2]) / 100
        else:
            usual = float(match[2]) / 100
    return falls, usual


async def _every_day(ask: Ask, days: list[Outcome]) -> Reply:
    now = ask.trading.status(ask.account)
    if not now.holdings:
        return Reply(title=ask.say("Nothing is held, so nothing would be lost."), data=days)
    title = ask.say("Bad days on the present book")
    image = await stress_picture(
        ask.studio, ask.person, ask.say, days, _room(now), title=f"{title} · {ask.account}"
    )
    lines = [ask.say("As if everything were held all the way down; stops would sell sooner.")]
    if any(not hit.known for day in days for hit in day.hits):
        lines.append(ask.say("A coin that a day has no figure for is counted like the worst of the others."))
    return Reply(
        title=title,
        text="\n".join(lines),
        rows=tuple(
            Row(
                d.name,
                f"{percent(-d.share)}  {money(-d.loss, now.currency, signed=True)}",
                f"{d.when}: {_story(ask)[d.name]}",
            )
            for d in days
        ),
        images=(image,),
        buttons=(
            tuple(Button(d.name, f"/stress {d.name}") for d in days[:3]),
            (Button("-20%", "/stress -20"), Button("-50%", "/stress -50")),
        ),
        data=days,
    )


def _room(now: Status) -> float:
    """How far the equity may still fall, as a share of it, until the drawdown limit sells everything; 1: no limit."""
    found = next((budget for budget in now.budgets if budget.name == "drawdown"), None)
    if found is None or found.limit >= 1:
        return 1.0
    return float(found.left / now.equity) if now.equity > 0 else 0.0


def _unknown(ask: Ask, day: Outcome, named: tuple[str, ...]) -> list[str]:
    """What was named and is not held, and what is held and was not named."""
    held = {hit.symbol.partition("/")[0] for hit in day.hits}
    strangers = [coin for coin in named if coin not in held]
    lines = [
        ask.say("{coin} is not held here, so its own fall costs nothing.", coin=coin) for coin in strangers
    ]
    silent = ", ".join(hit.symbol.partition("/")[0] for hit in day.hits if not hit.known)
    if silent and day.when:
        lines.append(
            ask.say("No figure of that day for {coins}: counted like the worst of the others.", coins=silent)
        )
    elif silent:
        lines.append(
            ask.say(
                "No fall was given for {coins}: counted like the worst that was; a -10 alone is for the rest.",
                coins=silent,
            )
        )
    return lines


async def _one_day(ask: Ask, day: Outcome, named: tuple[str, ...] = ()) -> Reply:
    now = ask.trading.status(ask.account)
    if not day.hits:
        return Reply(title=ask.say("Nothing is held, so nothing would be lost."), data=day)
    after = day.equity - day.loss
    what = f"{day.when}: {_story(ask)[day.name]}" if day.when else ask.say("A day that was made up")
    text = ask.say(
        "{equity} would be left. As if everything were held all the way down; stops would sell sooner.",
        equity=money(after, now.currency),
    )
    room = _room(now)
    if day.share >= room:
        text += " " + ask.say("The drawdown limit would sell everything on the way.")
    name = day.name if day.when else ask.say("made up")
    title = f"{ask.say('Bad days on the present book')} · {ask.account}"
    drawn = replace(day, name=name)
    image = await stress_picture(ask.studio, ask.person, ask.say, [drawn], room, title=title)
    return Reply(
        title=ask.say(
            "{name}: {change}, {loss}",
            name=name,
            change=percent(-day.share),
            loss=money(-day.loss, now.currency, signed=True),
        ),
        text="\n".join((what, *_unknown(ask, day, named), text)),
        rows=tuple(
            Row(
                h.symbol,
                money(-h.loss, now.currency, signed=True),
                ask.say(
                    "falls {fall}; held {value}", fall=percent(-h.fall), value=money(h.value, now.currency)
                ),
            )
            for h in day.hits[:PAGE]
        ),
        images=(image,),
        buttons=((Button(ask.say("Every day"), "/stress"), Button(ask.say("Bad day"), "/var")),),
        data=day,
    )


async def _before_rebalancing(ask: Ask) -> Sure | None:
    trades = [t for t in ask.trading.portfolio.preview(ask.account) if t.amount]
    if not trades:
        return None
    currency = ask.trading.status(ask.account).currency
    fees = sum((t.fee for t in trades), trades[0].fee * 0)
    return Sure(
        title=ask.say("Put {n} positions back to their parts?", n=len(trades)),
        text="\n".join(_planned(ask, t, currency) for t in trades),
        yes=ask.say("Trade them, fees {fees}", fees=money(fees, currency)),
        no=Button(ask.say("Leave them"), "/positions"),
    )


def _planned(ask: Ask, trade: Trade, currency: str) -> str:
    side = ask.say("buy") if trade.amount > 0 else ask.say("sell")
    return ask.say(
        "{side} {amount} {symbol} ≈ {value} ({held} → {wanted} of {sleeve})",
        side=side,
        amount=amount(abs(trade.amount)),
        symbol=trade.symbol,
        value=money(abs(trade.value), currency),
        held=percent(trade.held, signed=False),
        wanted=percent(trade.wanted, signed=False),
        sleeve=trade.sleeve,
    )


def _nothing_to_do(ask: Ask, trades: list[Trade]) -> Reply:
    """Each position beside the part it should be, both as shares of its strategy's budget."""
    return Reply(
        title=ask.say("Every position is where it belongs, as far as fees allow; there is nothing to do."),
        rows=tuple(
            Row(
                trade.symbol,
                f"{percent(trade.held, signed=False)} → {percent(trade.wanted, signed=False)}",
                ask.say("of {sleeve}", sleeve=trade.sleeve),
            )
            for trade in trades
        ),
        buttons=((Button(ask.say("Positions"), "/positions"), Button(ask.say("Strategies"), "/strategies")),),
        data=trades,
    )


@command(allow=TRADERS, confirm=_before_rebalancing)
async def rebalance(ask: Ask) -> Reply:
    """Put every position back to its part of its strategy's budget, after a preview."""
    trades = ask.trading.portfolio.preview(ask.account)
    if not any(trade.amount for trade in trades):
        return _nothing_to_do(ask, trades)
    await ask.trading.portfolio.rebalance(ask.account, by=ask.person.name)
    return Reply(
        title=ask.say("Rebalancing: the orders are out."),
        text=ask.say("Sales go first; what they pay for is bought with the candle after."),
        buttons=((Button(ask.say("Orders"), "/orders"), Button(ask.say("Positions"), "/positions")),),
        tone=Tone.GOOD,
    )
