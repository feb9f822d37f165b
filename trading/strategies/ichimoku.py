"""Trend following: above a cloud drawn from the past, with the quick middle above the calm one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading.indicators import donchian
from trading.strategies import param, strategy
from trading.strategies.shapes import latch


@dataclass(frozen=True, slots=True)
class Params:
    """The three middles, and how far ahead the cloud is drawn."""

    conversion: int = param(9, low=2, high=100, help="bars of the quick middle (conversion line)")
    base: int = param(26, low=3, high=200, help="bars of the calm middle (base line)")
    span: int = param(52, low=5, high=400, help="bars of the slow edge of the cloud")
    ahead: int = param(26, low=1, high=200, help="bars by which the cloud is drawn ahead")
    hold: int = param(300, low=1, high=5000, help="bars without a new sign after which it is sold")


@strategy("ichimoku", warmup=lambda p: max(p.conversion, p.base, p.span) + p.ahead + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys above the Ichimoku cloud while conversion leads base; sells once the price is below the cloud."""
    close = candles["close"]
    quick, calm, slow = (donchian(candles, n)["mid"] for n in (p.conversion, p.base, p.span))
    one, other = ((quick + calm) / 2).shift(p.ahead), slow.shift(p.ahead)
    enter = (close > np.maximum(one, other)) & (quick > calm)
    return latch(enter, close < np.minimum(one, other), p.hold)
