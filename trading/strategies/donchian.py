"""Breakout, the turtles' way: buy a new high, sell a new low."""

from dataclasses import dataclass

import pandas as pd

from trading import indicators
from trading.strategies import param, strategy
from trading.strategies.shapes import latch


@dataclass(frozen=True, slots=True)
class Params:
    """How many bars a high or low must stand out from."""

    length: int = param(20, low=2, high=500, help="bars whose highest price must be exceeded to buy")
    leave: int = param(10, low=2, high=500, help="bars whose lowest price must be undercut to sell")
    hold: int = param(300, low=1, high=5000, help="bars without a new high after which it is sold")


@strategy("donchian", warmup=lambda p: max(p.length, p.leave) + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys a close above the highest price of the last bars and sells one below the lowest."""
    top = indicators.donchian(candles, p.length)["upper"].shift(1)
    bottom = indicators.donchian(candles, p.leave)["lower"].shift(1)
    return latch(candles["close"] > top, candles["close"] < bottom, p.hold)
