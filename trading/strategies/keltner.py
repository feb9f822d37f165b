"""Breakout: a close further above its average than usual ranges reach."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import atr, ema
from trading.strategies import param, strategy
from trading.strategies.shapes import NOTHING, latch, settled


@dataclass(frozen=True, slots=True)
class Params:
    """The channel's middle and height, and where to leave."""

    length: int = param(20, low=2, high=200, help="span of the average in the middle, in bars")
    atr_length: int = param(10, low=2, high=100, help="bars the usual range (ATR) is measured over")
    multiplier: float = param(
        2.0, low=0.25, high=8.0, help="height of the channel above its middle, in usual ranges"
    )
    leave: float = param(
        0.0, low=-4.0, high=4.0, help="where to sell: usual ranges above the middle (below: negative)"
    )
    hold: int = param(200, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("keltner", warmup=lambda p: max(settled(p.length), settled(2 * p.atr_length - 1)) + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys a close above the Keltner channel and sells when the price is back at its middle."""
    close = candles["close"]
    lead, usual = (close - ema(close, p.length)) / close, atr(candles, p.atr_length) / close
    return latch(lead - p.multiplier * usual > NOTHING, lead - p.leave * usual < -NOTHING, p.hold)
