"""Two opinions: weakness measured by the RSI, the turn confirmed by the MACD."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, crossed_above, latch, recent, settled


@dataclass(frozen=True, slots=True)
class Params:
    """What counts as weak, how long it is remembered, and what confirms the turn."""

    length: int = param(14, low=2, high=100, help="bars the strength is measured over")
    low: float = param(35.0, low=1.0, high=60.0, help="a strength under this is weak")
    high: float = param(70.0, low=40.0, high=99.0, help="a strength above this sells")
    recall: int = param(12, low=1, high=200, help="bars for which a weakness is remembered")
    fast: int = param(12, low=2, high=100, help="span of the MACD's fast average, in bars")
    slow: int = param(26, low=5, high=200, help="span of the MACD's slow average, in bars")
    signal: int = param(9, low=2, high=100, help="span of the MACD's signal line, in bars")
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


def _warmup(p: Params) -> int:
    macd = settled(max(p.fast, p.slow, p.signal)) + p.signal + 1
    return max(macd, settled(2 * p.length - 1) + p.recall) + p.hold + 1


@strategy("rsi_macd", warmup=_warmup)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys when the MACD turns up soon after a weak RSI; sells on a strong RSI or when the MACD turns down."""
    close = candles["close"]
    strength = indicators.rsi(close, p.length)
    lead = indicators.macd(close, p.fast, p.slow, p.signal)["histogram"] / close
    turned = crossed_above(lead, NOTHING)
    return latch(turned & recent(strength < p.low, p.recall), (strength > p.high) | (lead < -NOTHING), p.hold)
