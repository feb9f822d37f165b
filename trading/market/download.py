"""The archive filled from a market: in pieces, each kept soon, so that a second run goes on where one ended."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from trading.domain.archive import Download, Downloaded, Loading, SeriesName
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.market import Candle, Timeframe
from trading.exchange.translate import SlowDown
from trading.market.feed import Market
from trading.market.shelf import Rows, Shelf, first_at_or_after, series

USUAL = timedelta(days=365)  # how far back a new series begins when nothing is said
EARLIEST = datetime(2009, 1, 3, tzinfo=UTC)  # nobody traded a coin before
PIECE = 5000  # candles asked for at once; a market pages through them at its own pace
SAVE_EVERY = 10.0  # seconds of work that a killed process may lose ...
SAVE_AT = 100_000  # ... and candles that wait in memory to be written
PAUSES = (
    5.0,
    15.0,
    30.0,
    60.0,
    60.0,
)  # seconds until the next try, longer in all than a market's breaker rests
LONGEST_WAIT = 300.0  # seconds; an exchange that wants more is left alone

Sleep = Callable[[float], Awaitable[None]]
Steady = Callable[[], float]
Span = tuple[datetime, datetime]


async def patiently(
    market: Market, name: SeriesName, span: Span, sleep: Sleep
) -> AsyncGenerator[str | list[Candle], None]:
    """The candles of a span, last; before them, each time it has to wait, why. Raises what does not pass."""
    for pause in (*PAUSES, None):
        try:
            yield await market.candles(name.symbol, name.timeframe, *span)
            return
        except Uncertain as error:
            wait = (error.wait or 0.0) if isinstance(error, SlowDown) else 0.0
            if pause is None or wait > LONGEST_WAIT:
                raise
            yield error.tell
            await sleep(max(pause, wait))


@dataclass(slots=True)
class _Work:
    """One series to be fetched: what is there, and the spans that are not, nearest to it first."""

    name: SeriesName
    spans: list[Span]
    candles: int  # there now


@dataclass(slots=True)
class Downloader:
    """Fills the archive from one market. A series stays one stretch: what lies between is fetched, too."""

    market: Market
    shelf: Shelf
    steady: Steady = time.monotonic
    sleep: Sleep = asyncio.sleep
    _began: float = 0.0
    _done: timedelta = field(default_factory=timedelta)
    _all: timedelta = field(default_factory=timedelta)

    async def run(self, asked: Download) -> AsyncGenerator[Loading | Downloaded, None]:
        """How far it is, again and again, and what became of each series. Ends early when the market is gone."""
        await self.market.instruments(asked.symbols)
        works = [await self._plan(symbol, asked) for symbol in asked.symbols]
        self._began, self._all = self.steady(), sum((_length(w.spans) for w in works), timedelta())
        for work in works:
            with self.shelf.alone(work.name):
                async with aclosing(self._fill(work)) as told:
                    async for news in told:
                        yield news
            if isinstance(news, Downloaded) and news.trouble:
                return

    async def _plan(self, symbol: str, asked: Download) -> _Work:
        name = SeriesName(self.market.name, symbol, asked.timeframe)
        there = await asyncio.to_thread(self._sound, name)
        end = min(asked.end or self.market.now(), self.market.now())
        start = asked.start
        if start is None:
            start = datetime.fromtimestamp(int(there.times[0]), UTC) if len(there) else end - USUAL
        if start < EARLIEST:
            raise Refused(f"There are no candles before {EARLIEST:%Y-%m-%d}; found --from {start:%Y-%m-%d}.")
        if asked.end and asked.start and asked.start >= asked.end:
            raise Refused(f"--from ({asked.start:%Y-%m-%d}) must lie before --to ({asked.end:%Y-%m-%d}).")
        return _Work(name, _spans(there, name.timeframe, start, end), len(there))

    def _sound(self, name: SeriesName) -> Rows:
        """What is there. Raises Refused where it is no series to go on with."""
        rows = self.shelf.load(name)
        if (np.diff(rows.times) <= 0).any():
            raise Refused(f"{name.symbol} {name.timeframe} is damaged in the archive; /data check tells how.")
        return rows

    async def _fill(self, work: _Work) -> AsyncGenerator[Loading | Downloaded, None]:
        """Fetch the spans of one series; whatever ends this early, what came is kept."""
        before, new, trouble = work.candles, list[Candle](), ""
        saved = self.steady()
        try:
            for span in work.spans:
                async for came in patiently(self.market, work.name, span, self.sleep):
                    if isinstance(came, str):
                        yield self._loading(work, came)
                        continue
                    new += came
                    work.candles += len(came)
                self._done += span[1] - span[0]
                if self.steady() - saved >= SAVE_EVERY or len(new) >= SAVE_AT:
                    await self._keep(work.name, new)
                    saved = self.steady()
                yield self._loading(work)
        except (Uncertain, ExchangeSaidNo) as error:
            trouble = error.tell
        finally:
            await self._keep(work.name, new)
        yield await self._told(work, work.candles - before, trouble)

    async def _keep(self, name: SeriesName, new: list[Candle]) -> None:
        """Write down what came. Where that is broken off, it is done once more."""
        if new:
            await asyncio.to_thread(self.shelf.add, name, tuple(new))
            new.clear()

    async def _told(self, work: _Work, fetched: int, trouble: str) -> Downloaded:
        def look() -> Downloaded:
            rows, told = (
                self.shelf.load(work.name),
                Downloaded(name=work.name, series=None, fetched=fetched, trouble=trouble),
            )
            if not len(rows):
                return told
            size = self.shelf.path(work.name).stat().st_size
            return replace(told, series=series(work.name, rows, size))

        return await asyncio.to_thread(look)

    def _loading(self, work: _Work, waiting: str = "") -> Loading:
        share = self._done / self._all if self._all else 1.0
        spent = self.steady() - self._began
        left = spent / share - spent if share > 0 and spent > 0 else None
        return Loading(name=work.name, share=share, candles=work.candles, seconds_left=left, waiting=waiting)


def _spans(there: Rows, timeframe: Timeframe, start: datetime, end: datetime) -> list[Span]:
    """What is missing before and after what is there, in pieces: each borders on what is there by then."""
    first, stop = first_at_or_after(start, timeframe), timeframe.floor(end)
    if not len(there):
        return _pieces(first, stop, timeframe)
    oldest, newest = (datetime.fromtimestamp(int(there.times[row]), UTC) for row in (0, -1))
    earlier = _pieces(first, oldest, timeframe)
    return [*_pieces(newest + timeframe.length, stop, timeframe), *reversed(earlier)]


def _pieces(start: datetime, end: datetime, timeframe: Timeframe) -> list[Span]:
    step = PIECE * timeframe.length
    count = max(-((start - end) // step), 0)
    return [(start + n * step, min(start + (n + 1) * step, end)) for n in range(count)]


def _length(spans: list[Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())
