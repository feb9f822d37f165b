"""Swings: buy the turn at the bottom of the recent range, sell near its top."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import stoch
from trading.strategies import param, strategy
from trading.strategies.shapes import crossed_above, latch

_CLEAR = 1e-6  # lines closer than this (of 100) have not crossed


@dataclass(frozen=True, slots=True)
class Params:
    """The range, how its place in it is smoothed, and what is low and high."""

    length: int = param(14, low=3, high=200, help="bars whose range the price is placed in")
    smooth: int = param(3, low=1, high=20, help="bars the place is averaged over")
    signal: int = param(3, low=2, high=20, help="bars of the slower average it must cross")
    low: float = param(20.0, low=1.0, high=50.0, help="only turns under this place buy, 0 ... 100")
    high: float = param(80.0, low=50.0, high=99.0, help="a slower average above this sells, 0 ... 100")
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("stochastic", warmup=lambda p: p.length + p.smooth + p.signal + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when the stochastic turns up near the bottom of the recent range and sells near its top."""
    found = stoch(candles, p.length, p.smooth, p.signal)
    turned = crossed_above(found["k"] - found["d"], _CLEAR)
    return latch(turned & (found["d"] < p.low), found["d"] > p.high, p.hold)
