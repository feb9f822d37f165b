"""Recorded candles as a market: it shows what had closed at the time its clock says; gaps stay gaps."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from trading.clock import Clock
from trading.core.frames import Columns, Series
from trading.domain.errors import Refused
from trading.domain.market import Candle, Instrument, Timeframe
from trading.market.archive import Recorded


def _candles(symbol: str, timeframe: Timeframe, columns: Columns) -> Iterator[Candle]:
    rows = zip(
        columns.opened.tolist(),
        columns.open.tolist(),
        columns.high.tolist(),
        columns.low.tolist(),
        columns.close.tolist(),
        columns.volume.tolist(),
        strict=True,
    )
    for opened, open_, high, low, close, volume in rows:
        yield Candle(
            symbol=symbol,
            timeframe=timeframe,
            opened_at=datetime.fromtimestamp(opened, UTC),
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )


class RecordedMarket:
    """A market that plays recorded candles: it shows what had closed at the time its clock says."""

    name = "recorded"

    def __init__(
        self, recorded: Sequence[Recorded], instruments: dict[str, Instrument], clock: Clock
    ) -> None:
        self._columns = {r.symbol: Columns.of_frame(r.frame) for r in recorded}
        self._timeframe = recorded[0].timeframe
        self._instruments, self._clock = instruments, clock

    def now(self) -> datetime:
        return self._clock()

    async def symbols(self) -> tuple[str, ...]:
        return tuple(self._columns)

    async def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        return {symbol: self._instruments[self._known(symbol)] for symbol in symbols}

    async def candles(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        if not self._timeframe.divides(timeframe):
            raise Refused(f"The recorded candles are {self._timeframe}; found a wish for {timeframe}.")
        columns = self._columns[self._known(symbol)]
        if timeframe != self._timeframe:
            series = Series(self._timeframe, timeframe)
            series.extend(columns)
            columns = series.columns
        last = int(min(end, self._clock()).timestamp()) - timeframe.seconds
        first = np.searchsorted(columns.opened, int(start.timestamp()))
        stop = np.searchsorted(columns.opened, min(last, int(end.timestamp()) - 1), "right")
        return list(_candles(symbol, timeframe, columns[int(first) : int(stop)]))

    async def openings(
        self, symbols: Iterable[str], timeframe: Timeframe, opened_at: datetime
    ) -> dict[str, float]:
        found, at = {}, int(opened_at.timestamp())
        for symbol in symbols:
            columns = self._columns[symbol]
            row = int(np.searchsorted(columns.opened, at))
            if row < len(columns) and columns.opened[row] == at and opened_at <= self._clock():
                found[symbol] = float(columns.open[row])
        return found

    async def quotes(self, symbols: Iterable[str]) -> dict[str, float]:
        now, found = int(self._clock().timestamp()), {}
        for symbol in symbols:
            columns = self._columns[symbol]
            row = int(np.searchsorted(columns.opened, now - self._timeframe.seconds, "right")) - 1
            if row >= 0:
                found[symbol] = float(columns.close[row])
        return found

    async def hints(self, symbols: Iterable[str], timeframe: Timeframe) -> AsyncIterator[str]:
        await asyncio.Event().wait()
        yield ""

    async def close(self) -> None:
        """Nothing to let go of."""

    def _known(self, symbol: str) -> str:
        if symbol not in self._columns:
            raise Refused(f"There are no recorded candles of {symbol}; there are {', '.join(self._columns)}.")
        return symbol
