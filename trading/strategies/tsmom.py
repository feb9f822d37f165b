"""Time-series momentum: follow the sign of the past return, sized so that risk stays the same."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading.indicators import bar_seconds, stdev
from trading.strategies import param, strategy

_DAY = 86400
_YEAR = 365 * _DAY  # crypto trades every day


@dataclass(frozen=True, slots=True)
class Params:
    """How far to look back, and how much risk to take."""

    lookback: float = param(28.0, low=1.0, high=365.0, help="days whose return is followed")
    window: float = param(20.0, low=1.0, high=180.0, help="days the volatility is measured over")
    volatility: float = param(0.4, low=0.05, high=3.0, help="yearly volatility aimed at (0.4 is 40 %)")
    step: float = param(
        0.1, low=0.0, high=0.5, help="exposure moves in steps of this size; 0 is without steps"
    )
    short: bool = param(False, help="sell short after a falling look-back instead of staying out")


def _bars(days: float, seconds: int) -> int:
    """At least two bars, however long they are."""
    return max(2, round(days * _DAY / seconds))


@strategy("tsmom", warmup=lambda p, bar: max(_bars(p.lookback, bar), _bars(p.window, bar)) + 1)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Holds what rose over the past weeks, with less of it the more it swings."""
    bar = bar_seconds(candles)
    close = candles["close"]
    trend = np.sign(close - close.shift(_bars(p.lookback, bar)))
    swing = stdev(np.log(close).diff(), _bars(p.window, bar)) * np.sqrt(_YEAR / bar)
    size = (p.volatility / swing.where(swing > 0)).clip(upper=1.0).fillna(0.0)
    if p.step:
        size = (size / p.step).round() * p.step
    wanted: pd.Series = trend * size.clip(upper=1.0)
    return wanted if p.short else wanted.clip(lower=0.0)
