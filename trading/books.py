"""Order books, asked for right before a decision that a limit on slippage will judge."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from trading.core.desk import Desk
from trading.domain.depth import Depth
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.events import CandlesClosed, DepthSeen
from trading.market.feed import ShowsBooks

log = structlog.get_logger("books")

PATIENCE = 3.0  # seconds that one book may take, and one more for each that is asked beside it ...
MOST = 15.0  # ... but never more, for candles wait meanwhile


def needed(desk: Desk, groups: Sequence[CandlesClosed]) -> set[str]:
    """The symbols of which this desk may buy when it sees these candles, or has a purchase under way.

    A strategy speaks when a candle of its own timeframe is over; a purchase that waits is looked at again before it
    leaves. What only sells needs no book.
    """
    if not groups or desk.halts.killed:
        return set()
    found = {order.intent.symbol for order in desk.orders.live if not order.intent.reduce_only}
    found |= {symbol for (_, symbol), line in desk.lines.items() if line.rest}
    newest: dict[str, datetime] = {c.symbol: c.closed_at for group in groups for c in group.candles}
    for sleeve in desk.sleeves.values():
        for symbol in sleeve.symbols if sleeve.enabled else ():
            closed, seen = newest.get(symbol), desk.seen.get(symbol)
            if closed is not None and (seen is None or sleeve.timeframe.floor(closed) > seen):
                found.add(symbol)
    return found & desk.instruments.keys()


async def look(market: ShowsBooks, symbols: Iterable[str]) -> list[DepthSeen]:
    """The books of these symbols as they are now, asked for all at once.

    A book that did not come is told as an empty one: nobody knows what an order would cost, so none is bought on
    the strength of an older one. Nothing is told of a market that never shows books.
    """
    wanted = sorted(set(symbols))
    patience = min(PATIENCE + len(wanted) - 1, MOST)
    depths = await asyncio.gather(*(_depth(market, symbol, patience) for symbol in wanted))
    return [DepthSeen(d.at, s, d) for s, d in zip(wanted, depths, strict=True) if d is not None]


async def _depth(market: ShowsBooks, symbol: str, patience: float) -> Depth | None:
    try:
        async with asyncio.timeout(patience):
            return await market.depth(symbol)
    except (TimeoutError, Uncertain, ExchangeSaidNo, Refused) as error:
        log.warning("no_order_book", symbol=symbol, reason=str(error) or "no answer in time")
        return Depth(bids=(), asks=(), at=market.now())
