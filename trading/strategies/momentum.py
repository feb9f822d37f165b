"""Momentum: what rose clearly over the last bars is held until it no longer rises."""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import roc
from trading.strategies import param, strategy
from trading.strategies.shapes import latch


@dataclass(frozen=True, slots=True)
class Params:
    """How far to look back, and which gains count."""

    length: int = param(24, low=2, high=1000, help="bars over which the gain is measured")
    buy: float = param(2.0, low=0.0, high=100.0, help="a gain above this buys, in per cent")
    sell: float = param(0.0, low=-50.0, high=50.0, help="a gain below this sells, in per cent")
    hold: int = param(200, low=1, high=5000, help="bars after which a gain between the two is given up")


@strategy("momentum", warmup=lambda p: p.length + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys after a clear gain over the last bars and sells when the gain is gone."""
    gain = roc(candles["close"], p.length)
    return latch(gain > p.buy, gain < p.sell, p.hold)
