"""Breakout after a calm: Bollinger bands inside the Keltner channel are a spring, their way out is the release."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import donchian, regression, sma, stdev, true_range
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, latch, recent


@dataclass(frozen=True, slots=True)
class Params:
    """What counts as calm, and how long its release is acted on."""

    length: int = param(20, low=5, high=200, help="bars of bands, channel and momentum")
    deviations: float = param(2.0, low=0.5, high=4.0, help="distance of the bands, in standard deviations")
    multiplier: float = param(1.5, low=0.5, high=5.0, help="height of the channel, in average ranges")
    fresh: int = param(5, low=1, high=50, help="bars after a calm within which its release may buy")
    hold: int = param(200, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("squeeze", warmup=lambda p: 2 * p.length + p.fresh + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys the upward release of a market that had gone calm and sells when its momentum turns down."""
    close, channel = candles["close"], donchian(candles, p.length)
    average = sma(close, p.length)
    calm = p.deviations * stdev(close, p.length) < p.multiplier * sma(true_range(candles), p.length)
    push = regression(close - (channel["mid"] + average) / 2, p.length) / close
    released = recent(calm, p.fresh) & ~calm
    return latch(released & (push > NOTHING), push < -NOTHING, p.hold)
