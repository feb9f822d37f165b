"""Mean reversion: buy the return into the Bollinger bands, when the bands are wide enough to pay for it."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import bbands
from trading.strategies import param, strategy
from trading.strategies.shapes import crossed_above, latch


@dataclass(frozen=True, slots=True)
class Params:
    """The bands, how wide they must be, and where to leave."""

    length: int = param(20, low=5, high=200, help="bars the bands are drawn from")
    deviations: float = param(2.0, low=0.5, high=4.0, help="distance of the bands, in standard deviations")
    narrow: float = param(
        0.01, low=0.0, high=0.5, help="no purchase when the bands are narrower, as a share of price"
    )
    wide: float = param(
        0.5, low=0.01, high=2.0, help="no purchase when the bands are wider (a crash, not a dip)"
    )
    leave: float = param(
        0.5, low=0.1, high=1.2, help="where to sell: 0 is the lower band, 0.5 the middle, 1 the upper"
    )
    hold: int = param(96, low=1, high=2000, help="bars after a purchase at which it is sold in any case")


@strategy("bollinger", warmup=lambda p: p.length + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys the return above the lower Bollinger band, if the bands are wide, and sells at the middle."""
    bands = bbands(candles["close"], p.length, p.deviations)
    returned = crossed_above(bands["percent"], 0.0)
    roomy = bands["bandwidth"].between(p.narrow, p.wide)
    return latch(returned & roomy, bands["percent"] >= p.leave, p.hold)
