"""Mean reversion: buy what fell too fast, sell when it has recovered."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import crossed_below, latch, settled


@dataclass(frozen=True, slots=True)
class Params:
    """How strength is measured, and what counts as weak and recovered."""

    length: int = param(14, low=2, high=100, help="bars the strength is measured over")
    low: float = param(30.0, low=1.0, high=50.0, help="falling under this strength buys")
    high: float = param(55.0, low=30.0, high=99.0, help="a strength above this sells")
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("rsi", warmup=lambda p: settled(2 * p.length - 1) + p.hold + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when the RSI falls under a low mark; sells when it is back above a high one, or after a while."""
    strength = indicators.rsi(candles["close"], p.length)
    return latch(crossed_below(strength, p.low), strength > p.high, p.hold)
