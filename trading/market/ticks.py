"""Candles built from single trades: what was traded first, last, highest, lowest, and how much in all."""

import numpy as np

from trading.core.frames import Columns, Floats, Ints
from trading.domain.market import Timeframe


def candles_of(times_ms: Ints, prices: Floats, amounts: Floats, timeframe: Timeframe) -> Columns:
    """One candle for each stretch in which something was traded; trades in the order they happened.

    Nothing is made up for a stretch without a trade.
    """
    if not len(times_ms):
        return Columns.empty()
    shift = timeframe.floor_seconds(0)
    opened = (times_ms // 1000 - shift) // timeframe.seconds * timeframe.seconds + shift
    starts = np.flatnonzero(np.diff(opened, prepend=opened[0] - 1))
    ends = np.append(starts[1:], len(opened)) - 1
    return Columns(
        opened[starts],
        prices[starts],
        np.maximum.reduceat(prices, starts),
        np.minimum.reduceat(prices, starts),
        prices[ends],
        np.add.reduceat(amounts, starts),
    )
