"""A grid of buying lines under the usual price: each line buys when it is crossed downwards, sells one line higher.

Grids usually remember every fill since they were set up. This one needs no such memory: its lines hang from a
rolling average, and each line's purchase is a latch that ends after `hold` bars, so what it wants is a plain
function of the last candles, and a restart, a gap or a backtest cannot disagree about it.
"""

from dataclasses import dataclass

import pandas as pd

from trading.indicators import sma
from trading.strategies import param, strategy
from trading.strategies.shapes import latch


@dataclass(frozen=True, slots=True)
class Params:
    """Where the lines hang, how many there are, and how long a line's purchase may last."""

    length: int = param(200, low=5, high=1000, help="bars whose average price the lines hang from")
    spacing: float = param(0.01, low=0.0005, high=0.2, help="distance between lines, as a share of price")
    lines: int = param(5, low=1, high=20, help="number of lines; each buys an equal part")
    hold: int = param(500, low=1, high=5000, help="bars after which a line sells in any case")


@strategy("grid", warmup=lambda p: p.length + p.hold)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Buys in equal parts at lines below the average price and sells each part one line higher."""
    below = 1 - candles["close"] / sma(candles["close"], p.length)
    filled = pd.Series(0.0, index=candles.index)
    for line in range(1, min(p.lines, _deepest(p.spacing)) + 1):
        filled += latch(below > line * p.spacing, below < (line - 1) * p.spacing, p.hold)
    return filled / p.lines


def _deepest(spacing: float) -> int:
    """Lines that lie above a price of zero."""
    return int(1 / spacing)
