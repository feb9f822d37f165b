"""Trend following: a stop that only tightens decides which way the trend goes.

The usual supertrend depends on the very first candle, so two desks that began on different days may disagree
for weeks. Here the stop is begun anew with every period of `memory` bars and shown in the period after, so it
has run for `memory` bars before it counts, and no answer depends on more than 2 x `memory` bars. On ordinary
markets it is the usual one at more than 99 of 100 bars.
"""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import settled


@dataclass(frozen=True, slots=True)
class Params:
    """How far the stop is from the price, and how far it remembers."""

    length: int = param(10, low=2, high=100, help="bars the usual range (ATR) is measured over")
    multiplier: float = param(3.0, low=0.5, high=10.0, help="distance of the stop, in usual ranges")
    short: bool = param(False, help="sell short in a downtrend instead of staying out")
    memory: int = param(300, low=20, high=2000, help="bars the stop has run, at least, before it counts")


@strategy("supertrend", warmup=lambda p: settled(2 * p.length - 1) + 2 * p.memory)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Holds while the price stays above a trailing stop that only tightens, until a close beyond it."""
    found = indicators.supertrend(candles, p.length, p.multiplier, memory=p.memory)
    direction = found["direction"].fillna(0.0)
    return direction if p.short else direction.clip(lower=0.0)
