"""Trend following: hold while the plain average of few bars is above that of many."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import sma
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, latch


@dataclass(frozen=True, slots=True)
class Params:
    """How many bars the averages look at, and what counts as a crossing."""

    fast: int = param(20, low=2, high=200, help="bars of the fast average")
    slow: int = param(50, low=5, high=400, help="bars of the slow average")
    band: float = param(
        0.0, low=0.0, high=0.05, help="leads smaller than this share of the price change nothing"
    )
    hold: int = param(200, low=1, high=5000, help="bars after which a lead inside the band is given up")


@strategy("sma_cross", warmup=lambda p: max(p.fast, p.slow) + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Fully invested while the fast plain average leads the slow one, otherwise out."""
    lead = (sma(candles["close"], p.fast) - sma(candles["close"], p.slow)) / candles["close"]
    enough = max(p.band, NOTHING)
    return latch(lead > enough, lead < -enough, p.hold)
