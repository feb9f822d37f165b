"""Recorded candles of several symbols on one time line of closes, as events and as arrays."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from trading.core.frames import Columns, Ints
from trading.domain.events import CandlesClosed, PricesSeen
from trading.domain.market import HIGHEST_PRICE, Candle, Timeframe
from trading.market.archive import Recorded

DAY = 86_400
NEARLY = 1 + 1e-9  # floats look ahead; the desk decides in Decimal, so look a hair too early


class Track:
    """Recorded candles of several symbols on one time line of closes."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self.timeframe: Timeframe = recorded[0].timeframe
        self.symbols = tuple(r.symbol for r in recorded)
        self._columns = [Columns.of_frame(r.frame) for r in recorded]
        opened = [c.opened for c in self._columns]
        same = self.together = all(np.array_equal(times, opened[0]) for times in opened)
        union = opened[0] if same else np.unique(np.concatenate(opened))
        self.times: Ints = union + self.timeframe.seconds
        self._time = self.times.item
        every = np.arange(len(union))
        self._row = [every if same else self._rows_of(c) for c in self._columns]
        self.closes = {
            s: c.close if same else c.close[np.maximum(r, 0)]
            for s, c, r in zip(self.symbols, self._columns, self._row, strict=True)
        }
        always = np.ones(len(union), np.bool_)
        self._fresh = [always if same else np.diff(row, prepend=-1) > 0 for row in self._row]
        self.columns = dict(zip(self.symbols, self._columns, strict=True))
        self.rows = dict(zip(self.symbols, self._row, strict=True))
        self.days: Ints = (self.times - 1) // DAY  # what closes at midnight is the last of its day
        self._following = {}
        for symbol, columns, row in zip(self.symbols, self._columns, self._row, strict=True):
            follows = np.zeros(len(union), np.bool_)
            follows[:-1] = (columns.opened if same else columns.opened[row])[1:] == self.times[:-1]
            self._following[symbol] = (follows.item, row.item, columns.open.item)
        self._is_fresh = dict(zip(self.symbols, self._fresh, strict=True))

    def __len__(self) -> int:
        return len(self.times)

    def index_of(self, times: Ints) -> Ints:
        return np.searchsorted(self.times, times)

    def at(self, index: int) -> datetime:
        """The moment of this place."""
        return datetime.fromtimestamp(self._time(index), UTC)

    def event(self, index: int) -> CandlesClosed:
        """Everything that closed at this place of the time line."""
        candles = tuple(
            columns.candle(symbol, self.timeframe, int(row[index]))
            for symbol, columns, row, fresh in zip(
                self.symbols, self._columns, self._row, self._fresh, strict=True
            )
            if fresh[index]
        )
        return CandlesClosed(self.at(index), candles)

    def candle(self, symbol: str, index: int) -> Candle:
        """The symbol's newest candle at this place."""
        return self.columns[symbol].candle(symbol, self.timeframe, int(self.rows[symbol][index]))

    def opening(self, index: int, symbols: Iterable[str]) -> PricesSeen | None:
        """The opens of the candles that follow this place without a gap, of those of these symbols that have one."""
        if index + 1 >= len(self.times):
            return None
        now, prices = int(self.times[index]), {}
        for symbol in symbols:
            columns, row = self.columns[symbol], int(self.rows[symbol][index + 1])
            if row >= 0 and int(columns.opened[row]) == now:
                prices[symbol] = float(columns.open[row])
        return PricesSeen(datetime.fromtimestamp(now, UTC), prices) if prices else None

    @property
    def sound(self) -> bool:
        """Whether every price is a number that a market can have."""
        prices = [row for c in self._columns for row in (c.open, c.high, c.low, c.close)]
        return all(len(row) and row.min() > 0 and row.max() <= HIGHEST_PRICE for row in prices)

    def is_fresh(self, symbol: str, index: int) -> bool:
        """Whether a candle of this symbol closed at this place."""
        return bool(self._is_fresh[symbol][index])

    def follows(self, index: int, symbol: str) -> float | None:
        """The open of a symbol's candle that follows this place without a gap; None where there is none."""
        follows, row, opened = self._following[symbol]
        return opened(row(index + 1)) if follows(index) else None

    def last_closes(self, index: int) -> dict[str, tuple[float, datetime]]:
        """Each symbol's newest close up to here, and when it closed."""
        found = {}
        for symbol, columns, row in zip(self.symbols, self._columns, self._row, strict=True):
            if row[index] >= 0:
                at = int(columns.opened[row[index]]) + self.timeframe.seconds
                found[symbol] = (float(columns.close[row[index]]), datetime.fromtimestamp(at, UTC))
        return found

    def _rows_of(self, columns: Columns) -> Ints:
        """For every place of the time line, the row of the newest candle; -1 before the first."""
        return np.searchsorted(columns.opened, self.times - self.timeframe.seconds, "right") - 1
