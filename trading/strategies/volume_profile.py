"""The market's memory: where most was traded is fair, and what falls below it tends to come back."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import crossed_above, latch


@dataclass(frozen=True, slots=True)
class Params:
    """How the profile is drawn, and where to leave."""

    length: int = param(96, low=10, high=1000, help="bars whose volume makes the profile")
    bins: int = param(24, low=5, high=100, help="steps the range of prices is cut into")
    share: float = param(0.7, low=0.3, high=0.95, help="share of the volume the value area holds")
    every: int = param(8, low=1, high=500, help="bars after which the profile is drawn anew")
    leave: float = param(
        0.0, low=0.0, high=1.0, help="where to sell: 0 is the most traded price, 1 the upper edge"
    )
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("volume_profile", warmup=lambda p: p.length + p.every + p.hold + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys the return into the value area from below and sells where most of the volume was traded."""
    area = indicators.volume_profile(candles, p.length, bins=p.bins, share=p.share, every=p.every)
    target = area["poc"] + p.leave * (area["high"] - area["poc"])
    return latch(crossed_above(candles["close"], area["low"]), candles["close"] >= target, p.hold)
