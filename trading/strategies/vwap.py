"""The day's fair price: be on the side of those who bought today and are winning."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, latch

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Params:
    """When a day begins, how soon its average is trusted, and how far from it counts."""

    band: float = param(
        0.002, low=0.0, high=0.1, help="distances smaller than this share of the price change nothing"
    )
    wait: float = param(2.0, low=0.0, high=20.0, help="hours of a day that pass before it may buy")
    day_starts_at: int = param(0, low=0, high=23, help="hour (UTC) at which the average begins anew")
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("vwap", warmup=lambda p, bar: -(-_DAY // bar) + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Holds while the price is above the day's volume-weighted average, which begins anew at 00:00 UTC."""
    average = indicators.vwap(candles, day_starts_at=p.day_starts_at)
    lead = (candles["close"] - average) / candles["close"]
    enough = max(p.band, NOTHING)
    trusted = indicators.day_age(candles, p.day_starts_at) >= p.wait
    return latch((lead > enough) & trusted, lead < -enough, p.hold)
