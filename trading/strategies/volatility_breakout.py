"""Larry Williams' breakout: a day that leaves its opening by a good part of yesterday's range goes on.

It buys on a close above the day's opening price plus k times the range of the day before, and is out at the
end of the day. A day begins at `day_starts_at`: 0 UTC is 09:00 in Korea, where Upbit's day begins. On candles
of a day or longer each candle is its own day, and the position is kept for the candle after.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading.indicators import bar_seconds, day, day_age, sma
from trading.strategies import param, strategy

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Params:
    """How far is far enough, when a day begins, and in which markets it buys."""

    k: float = param(
        0.5, low=0.05, high=3.0, help="distance from the day's opening that buys, in yesterday's ranges"
    )
    day_starts_at: int = param(0, low=0, high=23, help="hour (UTC) at which a day begins; 0 is 09:00 KST")
    trend: int = param(
        0, low=0, high=60, help="buy only above the average close of so many days; 0 is always"
    )


@strategy("volatility_breakout", warmup=lambda p, bar: (max(p.trend, 1) + 1) * -(-_DAY // bar))
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when a day climbs by k times yesterday's range, and sells at the end of the day."""
    today = day(candles, p.day_starts_at)
    days = candles.groupby(today)
    opened, ranges = days["open"].first(), days["high"].max() - days["low"].min()
    trigger = opened + p.k * ranges.shift(1)
    if p.trend:
        trigger = trigger.where(opened > sma(days["close"].last(), p.trend).shift(1))
    level = trigger.reindex(today).to_numpy()
    broken = pd.Series(candles["close"].to_numpy() > level, index=candles.index)
    inside = broken.groupby(today).cummax()
    if bar_seconds(candles) < _DAY:
        inside &= day_age(candles, p.day_starts_at) < 24
    return inside.astype(np.float64)
