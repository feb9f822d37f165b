"""Breakout: a close beyond the upper Bollinger band while the bands open is the start of a move."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import bbands
from trading.strategies import param, strategy
from trading.strategies.shapes import crossed_above, latch


@dataclass(frozen=True, slots=True)
class Params:
    """The bands, what counts as a breakout, and where to leave."""

    length: int = param(20, low=5, high=200, help="bars the bands are drawn from")
    deviations: float = param(2.0, low=0.5, high=4.0, help="distance of the bands, in standard deviations")
    opening: bool = param(True, help="buy only when the bands are wider than on the bar before")
    narrow: float = param(
        0.0, low=0.0, high=0.5, help="no purchase when the bands are narrower, as a share of price"
    )
    leave: float = param(
        0.5, low=-0.5, high=0.95, help="where to sell: 0 is the lower band, 0.5 the middle, 1 the upper"
    )
    hold: int = param(200, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("bollinger_breakout", warmup=lambda p: p.length + p.hold + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys the close above the upper Bollinger band while the bands open; sells back at the middle."""
    bands = bbands(candles["close"], p.length, p.deviations)
    enter = crossed_above(bands["percent"], 1.0) & (bands["bandwidth"] >= p.narrow)
    if p.opening:
        enter &= bands["bandwidth"].diff() > 0
    return latch(enter, bands["percent"] < p.leave, p.hold)
