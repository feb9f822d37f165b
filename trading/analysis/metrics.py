"""How good it was, in numbers with stated formulas; what cannot be measured is None, never NaN or infinity.

Everything about returns is time-weighted (cash put in or taken out is no profit) and, where it is annualised,
taken from daily changes (UTC days, quiet days and the parts at both ends included) with 365 days a year,
because crypto never closes:

=================  ==========================================================================================
total_return       growth of one unit of money, minus 1
cagr               growth ^ (365 / days) - 1, days being the elapsed time; from one day on
volatility         sample standard deviation of daily changes x sqrt(365)
sharpe             mean / sample standard deviation of daily changes x sqrt(365), without a risk-free rate
                   (Sharpe 1994)
sortino            mean / root of the mean square of losing days (all days counted) x sqrt(365), target 0
                   (Sortino and Price 1994)
calmar             cagr / max_drawdown (Young 1991, over the whole curve)
max_drawdown       largest fall from a top, 0 ... 1, over all points, not only daily ones
max_drawdown_days  longest time from a top until it was reached again, or until the end
exposure           share of the time in which something was held
profit_factor      gains of winning trades / losses of losing ones, after fees; None without a loss
expectancy         mean profit of a trade, in money after fees
var_95, es_95      loss that one day in twenty exceeds, and the mean loss of those days, as shares of the
                   equity (historical; trading/analysis/tail.py)
turnover           everything bought and sold in a year / mean equity; in reports only (trading/analysis/costs.py)
=================  ==========================================================================================

Trades are round trips; one that earned exactly nothing is neither won nor lost.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import numpy as np

from trading.analysis.curves import Curve, Floats, daily_changes, drawdowns, longest_below_top
from trading.analysis.tail import historical_shortfall, historical_var
from trading.analysis.trades import OpenTrip
from trading.domain.report import EquityPoint, RoundTrip

Metrics = dict[str, float | None]

_YEAR = 365.0
_NOTHING = 1e-12  # a standard deviation below this is rounding: the curve did not move


class Outcome(NamedTuple):
    """A closed trade in measured numbers: its profit after fees, that as a share of the entry, and how long it took."""

    profit: float
    share: float
    hours: float


def outcomes_of(trips: Iterable[RoundTrip]) -> list[Outcome]:
    """What became of each of these trades."""
    return [
        Outcome(float(trip.pnl), trip.return_share, _seconds(trip.entry_at, trip.exit_at) / 3600)
        for trip in trips
    ]


def measure(
    points: Sequence[EquityPoint],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip] = (),
    *,
    curve: Curve | None = None,
    outcomes: Sequence[Outcome] | None = None,
) -> Metrics:
    """Every number of the table above for this curve and these trades.

    `curve` is that of the points and `outcomes` are those of the trades, where they are known already.
    """
    found = measure_curve(Curve.of(points) if curve is None else curve)
    found |= measure_trades(outcomes_of(trips) if outcomes is None else outcomes)
    found["exposure"] = _finite(_exposure(points, trips, still_open))
    return found


def measure_curve(curve: Curve) -> Metrics:
    """What a curve alone says."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to say is None
        return {name: _finite(value) for name, value in _of_curve(curve).items()}


def measure_trades(outcomes: Sequence[Outcome]) -> Metrics:
    """What closed trades alone say."""
    return {name: _finite(value) for name, value in _of_trades(outcomes).items()}


def _of_curve(curve: Curve) -> Metrics:
    changes = daily_changes(curve)
    deepest = float(drawdowns(curve).max()) if len(curve) else None
    total = float(curve.growth[-1]) - 1 if len(curve) else None
    cagr = _cagr(total, curve.days)
    spread = float(changes.std(ddof=1)) if len(changes) > 1 else None
    return {
        "total_return": total,
        "cagr": cagr,
        "volatility": spread * math.sqrt(_YEAR) if spread is not None else None,
        "sharpe": _yearly(changes, spread),
        "sortino": _yearly(changes, _downside(changes)),
        "calmar": cagr / deepest if cagr is not None and deepest else None,
        "max_drawdown": deepest,
        "max_drawdown_days": longest_below_top(curve) if len(curve) else None,
        "best_day": float(changes.max()) if len(changes) else None,
        "worst_day": float(changes.min()) if len(changes) else None,
        "var_95": historical_var(changes),
        "es_95": historical_shortfall(changes),
    }


def _of_trades(outcomes: Sequence[Outcome]) -> Metrics:
    profits = [outcome.profit for outcome in outcomes]
    shares = [outcome.share for outcome in outcomes]
    won, lost = [p for p in profits if p > 0], [p for p in profits if p < 0]
    return {
        "trades": len(outcomes),
        "win_rate": len(won) / len(outcomes) if outcomes else None,
        "profit_factor": math.fsum(won) / -math.fsum(lost) if lost else None,
        "expectancy": _mean(profits),
        "average_win": _mean(won),
        "average_loss": _mean(lost),
        "largest_win": max(won, default=None),
        "largest_loss": min(lost, default=None),
        "best_trade": max(shares, default=None),
        "worst_trade": min(shares, default=None),
        "average_trade": _mean(shares),
        "average_holding_hours": _mean([outcome.hours for outcome in outcomes]),
        "longest_winning_streak": _streak(p > 0 for p in profits),
        "longest_losing_streak": _streak(p < 0 for p in profits),
    }


def _exposure(
    points: Sequence[EquityPoint], trips: Iterable[RoundTrip], still_open: Iterable[OpenTrip]
) -> float | None:
    """The share of the curve's time covered by at least one trade."""
    if len(points) < 2 or points[-1].at <= points[0].at:
        return None
    first, last = points[0].at, points[-1].at
    held = sorted([(t.entry_at, t.exit_at) for t in trips] + [(t.entry_at, last) for t in still_open])
    covered, until = 0.0, first
    for begin, end in held:
        start, stop = max(begin, until), min(end, last)
        covered += max(_seconds(start, stop), 0.0)
        until = max(until, stop)
    return covered / _seconds(first, last)


def _cagr(total: float | None, days: float) -> float | None:
    if total is None or days < 1:
        return None
    try:
        return float((1 + total) ** (_YEAR / days)) - 1
    except OverflowError:
        return None


def _yearly(changes: Floats, spread: float | None) -> float | None:
    if spread is None or spread < _NOTHING:
        return None
    return float(changes.mean()) / spread * math.sqrt(_YEAR)


def _downside(changes: Floats) -> float | None:
    return math.sqrt(float(np.square(np.minimum(changes, 0.0)).mean())) if len(changes) > 1 else None


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _streak(hits: Iterable[bool]) -> int:
    return max((sum(1 for _ in run) for hit, run in groupby(hits) if hit), default=0)


def _seconds(start: datetime, stop: datetime) -> float:
    return (stop - start).total_seconds()


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
