"""Figures as other engines define them, so that what they publish can be compared with what we measure.

Each formula is named after whose it is. None of them is ours: trading/analysis/metrics.py says how we measure.

Compounded (backtesting.py 0.6, as its documentation of statistics describes them; on the volatility of compounded
returns it refers to SSRN 3054517). r are changes from day to day of the last equity of each day, the first day
counting as 0; n days, Y trading days a year (365 where there are weekends, else 252):

    yearly return     (1 + g) ^ Y - 1, g the geometric mean of all n days (from 0.6.6 on of the n - 1 changes)
    yearly volatility root of (variance(r) + (1 + g)^2)^Y - (1 + g)^(2Y), sample variance
    sharpe            yearly return / yearly volatility
    sortino           yearly return / (root of the mean of min(0, r)^2 x root of Y)
    calmar            yearly return / largest fall
    profit factor     sum of the winning trades' returns / sum of the losing ones', not of their money
    SQN               root of the number of trades x mean profit / sample deviation of profits (Van Tharp)
    Kelly             won - lost / (mean win / mean loss), won and lost as shares of all trades (Kelly 1956)

Per trade (freqtrade 2025, optimize/metrics): p are profits of single trades as shares of the starting balance:

    sharpe            (sum(p) / days) / deviation(p) x root of 365, population deviation
    sortino           the same with the deviation of the losing trades
    calmar            (sum(p) / days x 100) / largest relative fall x root of 365
    expectancy ratio  (1 + mean win / mean loss) x win rate - 1
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DAY = 86400
_ROOT = math.sqrt(365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compounded:
    """Yearly figures from the last equity of every day; None for what would be divided by nothing."""

    yearly_return: float
    volatility: float
    sharpe: float | None
    sortino: float | None
    calmar: float | None


def day_ends(seconds: Floats, equity: Floats) -> Floats:
    """The last equity of every day that has any; a moment at midnight belongs to the day it ends."""
    days = np.floor((seconds - 1e-6) / _DAY)
    return np.asarray(equity[np.flatnonzero(np.diff(days, append=np.inf) != 0)])


def compounded(ends: Floats, largest_fall: float, year: int = 365, *, first_day: bool = True) -> Compounded:
    """`largest_fall` is 0 ... 1; `ends` are the days' last equities, at least two of them.

    `first_day` counts the first day, on which nothing can have changed, as one without a change.
    """
    changes = np.diff(ends) / ends[:-1]
    growth = math.exp(float(np.log1p(changes).sum()) / (len(ends) if first_day else len(changes)))
    yearly = growth**year - 1
    variance = float(changes.var(ddof=1))
    volatility = math.sqrt((variance + growth**2) ** year - growth ** (2 * year))
    below = math.sqrt(float(np.square(np.minimum(changes, 0.0)).mean()))
    return Compounded(
        yearly_return=yearly,
        volatility=volatility,
        sharpe=_over(yearly, volatility),
        sortino=_over(yearly, below * math.sqrt(year)),
        calmar=_over(yearly, largest_fall),
    )


def _over(value: float, by: float) -> float | None:
    return value / by if by else None


def mean_fall(equity: Floats) -> float:
    """The mean depth (0 ... 1) of all falls, each from a top until it is reached again."""
    fall = 1 - equity / np.maximum.accumulate(equity)
    at_top = np.flatnonzero(np.append(fall == 0, True))
    depths = [float(fall[a + 1 : b].max()) for a, b in pairwise(at_top.tolist()) if b > a + 1]
    return sum(depths) / len(depths) if depths else 0.0


def factor_of_returns(returns: Sequence[float]) -> float:
    """Profit factor of returns instead of money."""
    return math.fsum(r for r in returns if r > 0) / -math.fsum(r for r in returns if r < 0)


def system_quality(profits: Sequence[float]) -> float:
    """SQN: how many standard errors the mean profit lies above nothing."""
    found = np.array(profits)
    return math.sqrt(len(found)) * float(found.mean()) / float(found.std(ddof=1))


def kelly(profits: Sequence[float]) -> float:
    """The share of the money a gambler with these wins and losses would stake."""
    won, lost = [p for p in profits if p > 0], [-p for p in profits if p < 0]
    rate = len(won) / len(profits)
    return rate - (1 - rate) / (math.fsum(won) / len(won) / (math.fsum(lost) / len(lost)))


# --- per trade ------------------------------------------------------------------------------------------------


def sharpe_per_trade(shares: Floats, days: int) -> float:
    """`shares`: profit of each trade over the starting balance; `days`: whole days from first to last."""
    return float(shares.sum()) / days / float(shares.std()) * _ROOT


def sortino_per_trade(shares: Floats, days: int) -> float:
    return float(shares.sum()) / days / float(shares[shares < 0].std()) * _ROOT


def calmar_per_trade(shares: Floats, days: int, largest_fall: float) -> float:
    """`largest_fall`: of the balance, 0 ... 1."""
    return float(shares.sum()) / days * 100 / largest_fall * _ROOT


def expectancy_ratio(profits: Sequence[float]) -> float:
    """What a trade earns for every unit of money an average losing one costs."""
    won, lost = [p for p in profits if p > 0], [p for p in profits if p < 0]
    ratio = (math.fsum(won) / len(won)) / -(math.fsum(lost) / len(lost))
    return (1 + ratio) * len(won) / len(profits) - 1


def fall_of_profit(profits: Floats) -> float:
    """The largest fall of the profit so far in money, as a share of the profit it began at; no balance beneath it."""
    made = np.cumsum(profits)
    top = np.maximum.accumulate(np.maximum(made, 0.0))
    deepest = int((top - made).argmax())
    return float((top[deepest] - made[deepest]) / top[deepest])


def yearly_growth(start: float, end: float, days: float) -> float:
    """CAGR with a year of 365 days."""
    return float((end / start) ** (365 / days)) - 1


# --- an idealised rule ----------------------------------------------------------------------------------------


def breakout_factors(open_: Floats, high: Floats, low: Floats, close: Floats, k: float, fee: float) -> Floats:
    """Daily factors of the volatility breakout as tutorials write it: bought at open + k x yesterday's range.

    Filled at the target even where the day opened above it, one fee a day: too kind for a backtest, good for
    checking arithmetic. The first day is 1.
    """
    target = open_ + k * np.concatenate(([0.0], high[:-1] - low[:-1]))
    factors = np.where(high > target, close / target - fee, 1.0)
    factors[0] = 1.0
    return np.asarray(factors)
