"""Pictures on demand, each with the same numbers in words."""

import re
from datetime import datetime, timedelta
from typing import Annotated

from bot.dispatcher import Ask
from bot.people import READERS
from bot.pictures import candles_picture, drawdown_picture, equity_picture
from bot.registry import Symbol, command
from bot.reply import Button, Reply
from bot.show import status_line
from trading.domain.errors import Refused
from trading.domain.market import Timeframe

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


def _since(ask: Ask, span: str) -> datetime | None:
    if span == "all":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,3})([hdwm])", span)
    if found is None:
        raise Refused(ask.say("'{span}' is not a span; write 24h, 7d, 4w, 3m or all.", span=span))
    return ask.now - int(found[1]) * _SPANS[found[2]]
