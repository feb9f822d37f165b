"""Dual momentum (Antonacci): the strongest of several markets, and only while it rises itself.

It compares markets, so it answers for all of them at once (`many`). Asked about one market alone, it is
absolute momentum: in while that market rises.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading.indicators import bar_seconds, period
from trading.strategies import param, strategy
from trading.strategies.shapes import kept

_DAY = 86400
_SILENT = 3  # bars a market may be without news before it is left out of the comparison


@dataclass(frozen=True, slots=True)
class Params:
    """How far to look back, how many to hold, and how often to choose."""

    lookback: float = param(28.0, low=1.0, high=365.0, help="days whose return is compared")
    count: int = param(1, low=1, high=20, help="how many markets to hold, in equal parts")
    gain: float = param(0.0, low=-50.0, high=100.0, help="return a market must exceed, in per cent")
    every: float = param(1.0, low=0.05, high=90.0, help="days between two choices")


def _bars(days: float, seconds: int) -> int:
    return max(1, round(days * _DAY / seconds))


@strategy(
    "dual_momentum",
    warmup=lambda p, bar: _bars(p.lookback, bar) + _bars(p.every, bar) + _SILENT + 1,
    many=True,
)
def exposure(candles: Mapping[str, pd.DataFrame], p: Params) -> dict[str, pd.Series]:
    """Holds the markets that rose most over the past weeks, as long as they rose at all."""
    longest = max(candles.values(), key=len)  # a market that has just begun does not tell the length of a bar
    bar = bar_seconds(longest)
    gains = pd.DataFrame({symbol: _gain(candles[symbol], p, bar) for symbol in sorted(candles)})
    numbers = period(gains, _bars(p.every, bar))
    gains = gains.ffill(limit=_SILENT)
    strongest = gains.rank(axis=1, ascending=False, method="first") <= p.count
    chosen = (strongest & (gains > p.gain)).astype(np.float64) / min(p.count, len(candles))
    return {
        symbol: kept(chosen[symbol], numbers).reindex(frame.index).fillna(0.0)
        for symbol, frame in candles.items()
    }


def _gain(candles: pd.DataFrame, p: Params, bar: int) -> pd.Series:
    """Return over the look-back, in per cent."""
    close = candles["close"]
    gain: pd.Series = 100 * (close / close.shift(_bars(p.lookback, bar)) - 1)
    return gain
