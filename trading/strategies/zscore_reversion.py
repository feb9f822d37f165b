"""Mean reversion: the further from its average in its own deviations, the more likely the way back."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import sma, stdev
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, latch


@dataclass(frozen=True, slots=True)
class Params:
    """What is usual, and which distances from it act."""

    length: int = param(48, low=5, high=500, help="bars that say what price and deviation are usual")
    buy: float = param(2.0, low=0.25, high=6.0, help="deviations below the average at which it buys")
    sell: float = param(0.25, low=-3.0, high=3.0, help="deviations below the average at which it sells")
    short: bool = param(False, help="sell short as far above the average, too")
    hold: int = param(96, low=1, high=2000, help="bars after the last entry at which it leaves in any case")


@strategy("zscore_reversion", warmup=lambda p: p.length + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when the price is unusually far below its average and sells on the way back to it."""
    close = candles["close"]
    usual = stdev(close, p.length)
    score = (close - sma(close, p.length)) / usual.where(usual > NOTHING * close)
    long = latch(score < -p.buy, score > -p.sell, p.hold)
    return long - latch(score > p.buy, score < p.sell, p.hold) if p.short else long
