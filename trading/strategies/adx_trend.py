"""Trend following only where there is a trend: the ADX says how strong, its two directions say which way."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import adx
from trading.strategies import param, strategy
from trading.strategies.shapes import latch, settled


@dataclass(frozen=True, slots=True)
class Params:
    """How a trend is measured, and how strong it must be."""

    length: int = param(14, low=2, high=60, help="bars the trend is measured over")
    strong: float = param(25.0, low=5.0, high=80.0, help="a strength above this is a trend, and may buy")
    weak: float = param(15.0, low=0.0, high=60.0, help="a strength below this is no trend, and sells")
    hold: int = param(200, low=1, high=2000, help="bars after which a fading trend is given up")


@strategy("adx_trend", warmup=lambda p: 2 * settled(2 * p.length - 1) + p.hold + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys upward trends the ADX calls strong; sells when the direction turns or the strength is gone."""
    trend = adx(candles, p.length)
    lead = trend["plus"] - trend["minus"]
    enter = (trend["adx"] > p.strong) & (lead > _CLEAR)
    return latch(enter, (trend["adx"] < p.weak) | (lead < -_CLEAR), p.hold)


_CLEAR = 1e-6  # directions closer than this (of 100) point nowhere
