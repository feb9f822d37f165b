"""Swings: buy the way back from unusually cheap, sell the way back from unusually dear."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import crossed_above, crossed_below, latch


@dataclass(frozen=True, slots=True)
class Params:
    """How the distance from the usual price is measured, and how far is far."""

    length: int = param(20, low=3, high=200, help="bars that say what price is usual")
    low: float = param(-100.0, low=-400.0, high=0.0, help="coming back above this index buys")
    high: float = param(100.0, low=0.0, high=400.0, help="coming back below this index sells")
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("cci", warmup=lambda p: p.length + p.hold + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when the commodity channel index recovers from a low and sells when it falls back from a high."""
    index = indicators.cci(candles, p.length)
    return latch(crossed_above(index, p.low), crossed_below(index, p.high), p.hold)
