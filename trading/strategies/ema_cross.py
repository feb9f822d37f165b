"""Trend following: hold while the fast average is above the slow one."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import ema
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, latch, settled


@dataclass(frozen=True, slots=True)
class Params:
    """How quick the averages are, and what counts as a crossing."""

    fast: int = param(9, low=2, high=100, help="span of the fast average, in bars")
    slow: int = param(21, low=5, high=300, help="span of the slow average, in bars")
    band: float = param(
        0.0, low=0.0, high=0.05, help="leads smaller than this share of the price change nothing"
    )
    hold: int = param(200, low=1, high=5000, help="bars after which a lead inside the band is given up")


@strategy("ema_cross", warmup=lambda p: settled(max(p.fast, p.slow)) + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Fully invested while the fast exponential average leads the slow one, otherwise out."""
    lead = (ema(candles["close"], p.fast) - ema(candles["close"], p.slow)) / candles["close"]
    enough = max(p.band, NOTHING)
    return latch(lead > enough, lead < -enough, p.hold)
