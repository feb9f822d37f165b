"""Momentum with proof: the golden cross of the MACD, and as much company as the market's mood demands."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.domain.protection import Protection
from trading.indicators import atr, sma
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, crossed_above, latch, recent, settled


@dataclass(frozen=True, slots=True)
class Params:
    """The four conditions of a purchase, and when all four are asked for."""

    fast: int = param(12, low=2, high=100, help="span of the fast average, in bars")
    slow: int = param(26, low=5, high=200, help="span of the slow average, in bars")
    signal: int = param(9, low=2, high=100, help="span of the signal line, in bars")
    fresh: int = param(3, low=1, high=50, help="bars for which a golden cross counts as a condition")
    volume: float = param(1.2, low=0.0, high=10.0, help="volume asked for, in average volumes")
    trend: int = param(50, low=5, high=400, help="bars of the average the price must be above")
    strength: float = param(0.05, low=0.0, high=2.0, help="lead over the signal line asked for, in ATRs")
    window: int = param(20, low=5, high=200, help="bars that say what volume and volatility are usual")
    wild: float = param(
        1.2, low=1.05, high=5.0, help="volatility, in usual ones, from which all four must hold, not three"
    )
    hold: int = param(200, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


def _warmup(p: Params) -> int:
    averages = settled(max(p.fast, p.slow, p.signal)) + p.signal
    volatility = settled(2 * p.window - 1) + p.window
    return max(averages, volatility, p.trend) + p.fresh + p.hold + 1


PROTECTION = Protection(stop=0.015, atr_stop=3.0, take=0.05, trail=0.05, trail_from=0.08, min_hold=10)


@strategy("macd_adaptive", warmup=_warmup, protection=PROTECTION)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys on 3 of golden cross, volume, trend and strength, on all 4 in wild times; sells on the dead cross."""
    close, volume = candles["close"], candles["volume"]
    lead = indicators.macd(close, p.fast, p.slow, p.signal)["histogram"] / close
    swing = atr(candles, p.window) / close
    golden = recent(crossed_above(lead, NOTHING), p.fresh) & (lead > NOTHING)
    busy = volume > p.volume * sma(volume, p.window)
    rising = close > sma(close, p.trend)
    strong = lead > (p.strength * swing).clip(lower=NOTHING)
    wild = swing > p.wild * sma(swing, p.window)
    met = golden.astype(int) + busy + rising + strong
    return latch(met >= 3 + wild.astype(int), lead < -NOTHING, p.hold)
