"""Equity curves: growth without the cash that came and went, falls from the top, days, weeks and months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from trading.domain.report import EquityPoint

Floats = npt.NDArray[np.float64]

_DAY = 86400.0
_DUST = 1e-8  # less money than this is none
_ROUNDING = 1e-12  # a fall smaller than this is arithmetic


class Span(StrEnum):
    """Stretches of the calendar; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One day, week or month of a curve, from midnight of `start` to midnight of `end`.

    `change` is time-weighted: cash that came or went is no profit.
    """

    start: date
    end: date
    first_equity: float
    last_equity: float
    flow: float
    change: float

    @property
    def profit(self) -> float:
        return self.last_equity - self.first_equity - self.flow


@dataclass(frozen=True, slots=True)
class Curve:
    """Equity points as columns: seconds since 1970, equity, flow, and growth (1.0 at the start)."""

    seconds: Floats
    equity: Floats
    flow: Floats
    growth: Floats

    @classmethod
    def of(cls, points: Sequence[EquityPoint]) -> "Curve":
        """From points in the order of time; the flow of the first point is what the account began with."""
        seconds = np.array([point.at.timestamp() for point in points])
        equity = np.array([point.equity for point in points])
        flow = np.array([point.flow for point in points])
        flow[:1] = 0.0
        with np.errstate(over="ignore"):
            return cls(seconds, equity, flow, _growth(equity, flow))

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def days(self) -> float:
        """How long it is."""
        return float(self.seconds[-1] - self.seconds[0]) / _DAY if len(self) else 0.0


def drawdowns(curve: Curve) -> Floats:
    """At every point, how far it is below the highest so far: 0 ... 1 (0.25 is a quarter down)."""
    if not len(curve):
        return np.empty(0)
    fall = np.maximum.accumulate(curve.growth)
    np.divide(curve.growth, fall, out=fall)
    np.subtract(1.0, fall, out=fall)
    fall[~(fall > _ROUNDING)] = 0.0
    return fall


def longest_below_top(curve: Curve) -> float:
    """The longest time, in days, from a top until it was reached again (or until the end)."""
    if not len(curve):
        return 0.0
    tops = np.flatnonzero(drawdowns(curve) == 0)
    waited = np.diff(curve.seconds[np.append(tops, len(curve) - 1)])  # to the next top, or to the end
    waited[:-1][np.diff(tops) == 1] = 0.0  # nothing was below in between
    return float(waited.max()) / _DAY


def periods(points: Sequence[EquityPoint], span: Span, zone: tzinfo = UTC) -> tuple[Period, ...]:
    """The curve cut into calendar days, weeks or months of `zone`, each there once, quiet ones too.

    A point at midnight is the end of the day before. The first and last may be parts of their span.
    """
    return cut(Curve.of(points), span, zone)


def daily(points: Sequence[EquityPoint], zone: tzinfo = UTC) -> tuple[EquityPoint, ...]:
    """One point a day: the start, then each midnight of `zone`, then the last point."""
    if not points:
        return ()
    curve = Curve.of(points)
    edges = _edges(curve, Span.DAY, zone)
    rows = _rows_at(curve, edges)
    flows = np.cumsum(curve.flow)[rows]
    moved = np.diff(flows, prepend=flows[0])
    return tuple(
        EquityPoint(datetime.fromtimestamp(float(edge), UTC), float(curve.equity[row]), float(flow))
        for edge, row, flow in zip(edges, rows, moved, strict=True)
    )


def daily_changes(curve: Curve, zone: tzinfo = UTC) -> Floats:
    """Time-weighted change of every day, as shares; what volatility and Sharpe are measured on."""
    if len(curve) < 2:
        return np.empty(0)
    return _changes(curve.growth[_rows_at(curve, _edges(curve, Span.DAY, zone))])


def cut(curve: Curve, span: Span, zone: tzinfo = UTC) -> tuple[Period, ...]:
    """As `periods`, of a curve."""
    if len(curve) < 2:
        return ()
    edges = _edges(curve, span, zone)
    rows = _rows_at(curve, edges)
    changes, flows = _changes(curve.growth[rows]), np.diff(np.cumsum(curve.flow)[rows])
    starts = [_begin(datetime.fromtimestamp(float(edge), zone).date(), span) for edge in edges[:-1]]
    return tuple(
        Period(
            start=start,
            end=_next(start, span),
            first_equity=float(curve.equity[first]),
            last_equity=float(curve.equity[last]),
            flow=float(flow),
            change=float(change),
        )
        for start, first, last, flow, change in zip(starts, rows[:-1], rows[1:], flows, changes, strict=True)
    )


def _growth(equity: Floats, flow: Floats) -> Floats:
    """Growth of one unit of money. Flows count as moved just before their point; ruin stays ruin."""
    if not len(equity):
        return np.empty(0)
    if equity.min() > _DUST and not flow.any():
        return np.asarray(equity / equity[0])
    before = equity[:-1]
    at_work = before > _DUST  # with nothing at work nothing is gained or lost
    factors = np.where(at_work, (equity[1:] - flow[1:]) / np.where(at_work, before, 1.0), 1.0)
    return np.asarray(np.cumprod(np.concatenate(([1.0], np.maximum(factors, 0.0)))), dtype=np.float64)


def _changes(growth: Floats) -> Floats:
    before = growth[:-1]
    alive = before > 0
    return np.where(alive, growth[1:] / np.where(alive, before, 1.0) - 1.0, 0.0)


def _edges(curve: Curve, span: Span, zone: tzinfo) -> Floats:
    """The start of the curve, every boundary of the calendar inside it, and its end, in seconds."""
    first, last = float(curve.seconds[0]), float(curve.seconds[-1])
    day = _begin(datetime.fromtimestamp(first, zone).date(), span)
    found = [first]
    while True:
        day = _next(day, span)
        edge = datetime.combine(day, time(), zone).timestamp()
        if edge >= last:
            return np.array([*found, last])
        found.append(edge)


def _rows_at(curve: Curve, edges: Floats) -> npt.NDArray[np.intp]:
    """The newest point at each of these times."""
    rows = np.searchsorted(curve.seconds, edges, side="right") - 1
    rows[0] = 0
    return rows


def _begin(day: date, span: Span) -> date:
    if span is Span.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if span is Span.MONTH else day


def _next(day: date, span: Span) -> date:
    if span is Span.MONTH:
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if span is Span.WEEK else 1)
