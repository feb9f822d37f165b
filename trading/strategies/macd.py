"""Momentum: hold while the lead of the fast average is growing faster than usual."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, crossed_above, latch, settled


@dataclass(frozen=True, slots=True)
class Params:
    """The three averages, and which crossings count."""

    fast: int = param(12, low=2, high=100, help="span of the fast average, in bars")
    slow: int = param(26, low=5, high=200, help="span of the slow average, in bars")
    signal: int = param(9, low=2, high=100, help="span of the signal line, in bars")
    uptrend: bool = param(False, help="buy only while the fast average is above the slow one")
    hold: int = param(200, low=1, high=2000, help="bars after a crossing at which it is forgotten")


@strategy("macd", warmup=lambda p: settled(max(p.fast, p.slow, p.signal)) + p.signal + p.hold + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when the MACD crosses above its signal line and sells when it crosses back below."""
    macd = indicators.macd(candles["close"], p.fast, p.slow, p.signal)
    lead = macd["histogram"] / candles["close"]
    enter = crossed_above(lead, NOTHING)
    if p.uptrend:
        enter &= macd["line"] > 0
    return latch(enter, lead < -NOTHING, p.hold)
