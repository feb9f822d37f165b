"""What the rules would read of past candles at each moment of a backtest, worked out for all moments at once.

Figures are exact or a little worse than what trading/risk/market.py works out for one moment: they decide nothing
but whether the rules need to be asked.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import inf, sqrt

import numpy as np

from trading.core.frames import Columns, Floats, Ints
from trading.core.signals import Board
from trading.risk.market import BARS, DAY, FEWEST, RECENT, YEAR
from trading.risk.surely import Lately
from trading.risk.tail import MEAN_BEYOND

WORSE = 1 + 1e-6  # sums over moving windows are a little less exact than over one


class Foresight:
    """The past of every watched symbol, by how many of its candles are known."""

    def __init__(self, board: Board, symbols: tuple[str, ...]) -> None:
        self._seconds = board.history_seconds
        kept = [board.kept(symbol) for symbol in symbols]
        self.aligned = all(np.array_equal(columns.opened, kept[0][0].opened) for columns, _ in kept)
        self._known: dict[str, Ints] = {}
        self._rows: dict[str, tuple[Floats, Floats, Floats]] = {}
        self._calm: dict[str, Ints] = {}  # when the newest candle left the market calm enough for its rule
        for symbol, (columns, known) in zip(symbols, kept, strict=True):
            self._known[symbol], self._rows[symbol] = known, self._worked_out(columns)

    def lately(self, symbol: str, at: int) -> Lately | None:
        """As of this moment (seconds); None where there are too few candles, or a figure is no number."""
        count = int(self._known[symbol].searchsorted(at, "right"))
        if count <= FEWEST:
            return None
        found = [float(row[count - 1]) for row in self._rows[symbol]]
        return Lately(*found) if all(-inf < number < inf for number in found) else None

    def calm_after(self, symbol: str, most: float, at: int) -> float:
        """The first moment after this one at which the market could be calm enough; infinity where there is none."""
        known, swing = self._known[symbol], self._rows[symbol][0]
        calm = self._calm.get(symbol)
        if calm is None:
            possible = (swing <= most * WORSE * WORSE) & (np.arange(len(swing)) >= FEWEST)
            calm = self._calm[symbol] = known[possible]
        place = int(calm.searchsorted(at, "right"))
        return float(calm[place]) if place < len(calm) else inf

    def of(self, symbol: str, held: Mapping[str, Decimal | float], at: int) -> tuple[Lately | None, float]:
        """The symbol's own figures, and what a bad day of everything held costs at most; None: ask the rules."""
        own, bad_day = self.lately(symbol, at), 0.0
        for other, worth in held.items():
            known = self.lately(other, at)
            if known is None or not self.aligned or known.volatility <= 0:
                return None, inf  # how the two move together is for the rules to find out
            bad_day += float(worth) * known.worst_day
        if held and (own is None or own.volatility <= 0):
            return None, inf
        return own, bad_day

    def _worked_out(self, columns: Columns) -> tuple[Floats, Floats, Floats]:
        """Volatility, hourly turnover and a bound of a bad day, with each candle the newest."""
        with np.errstate(divide="ignore", invalid="ignore"):
            moves = np.diff(columns.close) / columns.close[:-1]
        moves = np.concatenate(([0.0], moves))  # so that rows are the candles'
        swing = _windows(moves).std(axis=1, ddof=1) * sqrt(YEAR / self._seconds) * WORSE
        traded = _windows(columns.close * columns.volume).mean(axis=1) * 3600 / self._seconds
        days = DAY / self._seconds
        normal = _spread(moves, BARS - 1) * sqrt(days) * MEAN_BEYOND - _mean(moves, BARS - 1) * days
        bad = np.maximum(-_lowest(moves, BARS - 1) * sqrt(days), normal)
        return swing, traded, np.maximum(bad, 0.0) * WORSE


def _windows(values: Floats) -> Floats:
    """The newest values at each row; nothing is known of the first rows."""
    padded = np.concatenate((np.full(RECENT - 1, np.nan), values))
    return np.lib.stride_tricks.sliding_window_view(padded, RECENT)


def _sums(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Of the newest `window` values at each row (of all after the first, where there are fewer), and how many."""
    total = np.cumsum(values)
    count = np.minimum(np.arange(len(values)), window)
    return total - np.concatenate((np.zeros(min(window, len(values))), total[:-window])), np.maximum(count, 1)


def _mean(values: Floats, window: int) -> Floats:
    total, count = _sums(values, window)
    return np.asarray(total / count)


def _spread(values: Floats, window: int) -> Floats:
    """The sample standard deviation."""
    total, count = _sums(values, window)
    squares, _ = _sums(values * values, window)
    return np.asarray(np.sqrt(np.maximum(squares - total * total / count, 0.0) / np.maximum(count - 1, 1)))


def _lowest(values: Floats, window: int) -> Floats:
    padded = np.concatenate((np.full(window - 1, inf), values))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, window).min(axis=1))
