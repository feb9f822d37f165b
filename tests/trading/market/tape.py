"""A market made by hand and a feed that reads it, for the tests of the live feed."""

import asyncio
from datetime import datetime, timedelta

from tests.builders import a_candle
from tests.fakes.clock import NOON
from trading.domain.market import Timeframe

MINUTE = Timeframe(60)
A, B = "BTC/USDT", "ETH/USDT"


def m(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class Tape:
    """A market that shows what is written on it: `write(A, 0)` is A's candle that opens at noon."""

    name = "tape"

    def __init__(self):
        self.rows = {}
        self.errors = {}
        self.reads = []
        self.opens = {}
        self.hasty = False  # shows candles that have not closed, too

    def write(self, symbol, *minutes, close=100.0):
        for minute in minutes:
            candle = a_candle(symbol=symbol, timeframe=MINUTE, opened_at=m(minute), close=close)
            self.rows.setdefault(symbol, {})[m(minute)] = candle

    async def candles(self, symbol, timeframe, start, end):
        self.reads.append((symbol, start, end))
        await asyncio.sleep(0)
        if error := self.errors.get(symbol):
            raise error
        rows = self.rows.get(symbol, {})
        return [rows[opened] for opened in sorted(rows) if start <= opened and (opened < end or self.hasty)]

    async def openings(self, symbols, timeframe, opened_at):
        if error := self.errors.get("openings"):
            raise error
        return {s: price for s, price in self.opens.items() if s in symbols}

    async def quotes(self, symbols):
        return dict.fromkeys(symbols, 5.0)

    async def hints(self, symbols, timeframe):
        for symbol in symbols:
            yield f"{symbol} {timeframe}"


def shown(groups):
    """Groups as text: close minute after noon, and what opened when."""
    return [(_minute(g.at), [f"{c.symbol[0]}{_minute(c.opened_at)}" for c in g.candles]) for g in groups]


def _minute(at):
    return round((at - NOON).total_seconds() / 60)


async def pull_at(feed, clock, minutes):
    clock.now = m(minutes)
    return shown(await feed.pull())
