"""Pictures on demand, each with the same numbers in words."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.figures import counted
from bot.people import READERS
from bot.pictures import candles_picture, compare_picture, drawdown_picture, equity_picture, replay_picture
from bot.registry import Symbol, command
from bot.reply import Button, Image, Reply, Row
from bot.show import arrow, moment, money, percent, price, status_line
from charts.format import span as lasting
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.domain.order import Side
from trading.domain.replay import Replay, Rival
from trading.domain.report import RoundTrip

CANDLES = 120
_SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "m": timedelta(days=30)}
Span = Annotated[str, "how far back: 24h, 7d, 4w, 3m or all"]


@command(allow=READERS)
async def equity(ask: Ask, span: Span = "7d") -> Reply:
    """A picture of equity and drawdown."""
    points = await ask.trading.equity(ask.account, _since(ask, span))
    now = ask.trading.status(ask.account)
    trips = [t for t in await ask.trading.trades(ask.account) if points and t.exit_at >= points[0].at]
    title = ask.say("Equity, {span}", span=span)
    image = await equity_picture(
        ask.studio,
        ask.person,
        ask.say,
        points,
        trips,
        title=f"{title} · {ask.account}",
        currency=now.currency,
    )
    return Reply(
        title=status_line(now, ask),
        text=image.alt,
        images=(image,),
        buttons=(
            tuple(Button(s, f"/equity {s}") for s in ("24h", "7d", "30d")),
            (Button("↻", f"/equity {span}"),),
        ),
        data=points,
    )


@command(allow=READERS)
async def drawdown(ask: Ask, span: Span = "30d") -> Reply:
    """A picture of how far below its top the account was."""
    points = await ask.trading.equity(ask.account, _since(ask, span))
    title = ask.say("Below the top, {span}", span=span)
    image = await drawdown_picture(ask.studio, ask.person, ask.say, points, title=f"{title} · {ask.account}")
    return Reply(title=title, text=image.alt, images=(image,), data=points)


@command(allow=READERS)
async def chart(
    ask: Ask, symbol: Symbol, timeframe: Annotated[str, "candle length: 1m, 15m, 1h, 4h, 1d"] = ""
) -> Reply:
    """Candles of a market, with every buy and sale of this account."""
    name = symbol.upper()
    if "/" not in name and any(s.startswith(f"{name}/") for s in ask.trading.symbols(ask.account)):
        name = next(s for s in ask.trading.symbols(ask.account) if s.startswith(f"{name}/"))
    frame = Timeframe.parse(timeframe or ask.trading.timeframe(ask.account))
    candles = await ask.trading.candles(ask.account, name, frame, CANDLES)
    if not candles:
        raise Refused(ask.say("There are no {frame} candles of {symbol} yet.", frame=frame, symbol=name))
    fills = await ask.trading.fills(ask.account, since=candles[0].opened_at)
    mine = [f for f in fills if f.symbol == name]
    image = await candles_picture(ask.studio, ask.person, ask.say, candles, mine, title=f"{name} · {frame}")
    frames = tuple(Button(f, f"/chart {name} {f}") for f in ("15m", "1h", "4h", "1d"))
    return Reply(title=f"{name}, {frame}", text=image.alt, images=(image,), buttons=(frames,), data=candles)


@command(allow=READERS)
async def trade(
    ask: Ask, which: Annotated[str, "its number or its market; left out: the newest one"] = ""
) -> Reply:
    """One closed trade again: the candles around it, its stop and target, and what came of it."""
    trips = await ask.trading.trades(ask.account)
    if not trips:
        return Reply(
            title=ask.say("No closed trades yet."),
            text=ask.say("A trade appears here once its position was sold; /positions shows open ones."),
            data=None,
        )
    found = await ask.trading.replays.trade(ask.account, _number(ask, which, trips))
    trip = found.trip
    title = f"#{found.number} · {trip.symbol} · {found.timeframe}"
    images: list[Image] = []
    words = [ask.say("The {frame} candles around this trade are not to be had here.", frame=found.timeframe)]
    if found.candles:
        images = [await replay_picture(ask.studio, ask.person, ask.say, found, title=title)]
        words = [images[0].alt]
    if found.levels and images:
        words.append(ask.say("The levels are those of the strategy's settings as they are now."))
    if found.moving and images:
        words.append(ask.say("A stop that moved (ATR, trailing) is not drawn."))
    return Reply(
        title=f"#{found.number} {trip.symbol}: {arrow(trip.pnl)} {percent(trip.return_share)}",
        text=" ".join(words),
        rows=_told(ask, found),
        images=tuple(images),
        buttons=_beside(ask, found.number, len(trips)),
        data=found,
    )


@command(allow=READERS)
async def compare(
    ask: Ask,
    span: Span = "30d",
    what: Annotated[Literal["strategies", "accounts"], "strategies or accounts"] = "strategies",
) -> Reply:
    """Your strategies or accounts beside each other: return, deepest fall, trades."""
    since = _since(ask, span)
    if what == "accounts":
        rivals = await ask.trading.replays.accounts(ask.mine(READERS), since)
        title, text = ask.say("Accounts side by side, {span}", span=span), ""
    else:
        rivals = await ask.trading.replays.strategies(ask.account, since)
        title = ask.say("Strategies side by side, {span}", span=span)
        text = ask.say(
            "Closed trades after fees, as a share of the account's equity when the window began; "
            "what is still open is not counted."
        )
    image = await compare_picture(ask.studio, ask.person, ask.say, rivals, title=title)
    other = (
        ("accounts", ask.say("Accounts")) if what == "strategies" else ("strategies", ask.say("Strategies"))
    )
    return Reply(
        title=title,
        text="\n".join(part for part in (image.alt, text) if part),
        rows=tuple(_rival_row(ask, one) for one in rivals),
        images=(image,),
        buttons=(
            tuple(Button(s, f"/compare {s} {what}") for s in ("7d", "30d", "all")),
            (Button(other[1], f"/compare {span} {other[0]}"),),
        ),
        data=rivals,
    )


def _rival_row(ask: Ask, one: Rival) -> Row:
    trades = counted(one.trades, ask.say("1 trade"), ask.say("{n} trades"))
    fall = ask.say("deepest fall {fall}", fall=percent(-one.deepest_fall))
    return Row(one.name, f"{arrow(one.change)} {percent(one.change)}", f"{fall} · {trades}")


def _number(ask: Ask, which: str, trips: tuple[RoundTrip, ...]) -> int:
    """Which trade is meant, counted from the account's first one."""
    if not which:
        return len(trips)
    if re.fullmatch(r"#?[0-9]{1,9}", which):
        return int(which.removeprefix("#"))
    name = which.upper()
    for number in range(len(trips), 0, -1):
        if trips[number - 1].symbol == name or trips[number - 1].symbol.startswith(f"{name}/"):
            return number
    raise Refused(
        ask.say("No trade of '{which}' was closed here; write its number or its market.", which=which)
    )


def _told(ask: Ask, found: Replay) -> tuple[Row, ...]:
    """What a trade was and what it made, in words."""
    trip, say = found.trip, ask.say
    currency = ask.trading.status(ask.account).currency
    side = say("long") if trip.side is Side.BUY else say("short")
    at = [moment(when, ask.person.zone, say) for when in (trip.entry_at, trip.exit_at)]
    return (
        Row(say("Result"), money(trip.pnl, currency, signed=True), say("after fees")),
        Row(say("Entry"), price(trip.entry_price, currency), f"{side} · {at[0]}"),
        Row(say("Exit"), price(trip.exit_price, currency), at[1]),
        Row(say("Reason"), say(str(trip.reason)), trip.sleeve),
        Row(say("Held"), lasting((trip.exit_at - trip.entry_at).total_seconds(), say)),
        Row(say("Fees"), money(trip.fees, currency)),
    )


def _beside(ask: Ask, number: int, last: int) -> tuple[tuple[Button, ...], ...]:
    """To the trades before and after it, and back to the list."""
    turn = [Button(f"‹ #{number - 1}", f"/trade {number - 1}")] if number > 1 else []
    if number < last:
        turn.append(Button(f"#{number + 1} ›", f"/trade {number + 1}"))
    list_ = (Button(ask.say("Trades"), "/trades"),)
    return (tuple(turn), list_) if turn else (list_,)


def _since(ask: Ask, span: str) -> datetime | None:
    if span == "all":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,3})([hdwm])", span)
    if found is None:
        raise Refused(ask.say("'{span}' is not a span; write 24h, 7d, 4w, 3m or all.", span=span))
    return ask.now - int(found[1]) * _SPANS[found[2]]
