"""What an equity curve really earned: growth and falls with money put in or taken out left aside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.domain.report import EquityPoint

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]

_HUGE = 1e18  # drawing stays finite; nothing real is larger
_ROUNDING = 1e-9  # a fall this small is what multiplying leaves behind


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """An equity curve as arrays of one length, in time order, without a value that is not a number.

    growth: time-weighted, starts at 1, never below 0; a deposit or a withdrawal does not move it.
    fall:   growth against its best so far, 0 ... -1.
    """

    at: Floats  # seconds since 1970
    equity: Floats
    flows: Floats  # what came in (or went out) since the point before; 0 at the first
    growth: Floats
    fall: Floats

    def __len__(self) -> int:
        return len(self.at)

    @property
    def invested(self) -> Floats:
        """The equity at the start plus all money put in since: equity above it is profit."""
        return np.asarray(self.equity[0] + np.cumsum(self.flows))

    @property
    def change(self) -> float | None:
        """The time-weighted return; None when there is nothing to measure it by."""
        if len(self) < 2 or not bool((self.equity[:-1] > 0).any()):
            return None
        return float(self.growth[-1] - 1)

    @property
    def profit(self) -> float:
        """Money earned: the last equity less the first and less what was put in."""
        return float(self.equity[-1] - self.invested[-1])

    @property
    def deepest(self) -> int:
        """Where the fall is deepest."""
        return int(self.fall.argmin())

    @property
    def seconds(self) -> float:
        return float(self.at[-1] - self.at[0])


@dataclass(frozen=True, slots=True)
class Fall:
    """One drawdown: from the high before it until the high is reached again (`end` None: not yet)."""

    start: float
    bottom: float
    end: float | None
    depth: float
    seconds: float  # under water so far


def curve(points: Sequence[EquityPoint]) -> Curve:
    """The points as a curve. A point that is not a number is left out; its cash flow is not."""
    at = np.array([point.at.timestamp() for point in points], dtype=float)
    equity = np.array([point.equity for point in points], dtype=float)
    flows = np.array([point.flow for point in points], dtype=float)
    put_in = np.where(np.isfinite(flows), np.clip(flows, -_HUGE, _HUGE), 0.0)
    order = np.argsort(at, kind="stable")
    kept = order[np.isfinite(equity[order])]
    moved = np.diff(np.cumsum(put_in[order])[np.isfinite(equity[order])])  # of the points left out, too
    money = np.clip(equity[kept], -_HUGE, _HUGE)
    moved = np.concatenate((np.zeros(min(len(kept), 1)), moved))
    growth = _growth(money, moved)
    fall = growth / np.maximum.accumulate(growth) - 1
    fall[fall > -_ROUNDING] = 0.0
    return Curve(at=at[kept], equity=money, flows=moved, growth=growth, fall=fall)


def _growth(equity: Floats, flows: Floats) -> Floats:
    """What each step made of the money it began with, multiplied up; a step from nothing counts 1."""
    if not len(equity):
        return equity
    before, after = equity[:-1], np.maximum(equity[1:] - flows[1:], 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        factors = np.divide(after, before, out=np.ones_like(before), where=before > 0)
        growth = np.concatenate(([1.0], np.cumprod(factors)))
    return np.asarray(np.clip(np.nan_to_num(growth, nan=0.0, posinf=_HUGE), 0.0, _HUGE))


def falls(of: Curve, count: int = 3) -> list[Fall]:
    """The `count` deepest drawdowns, deepest first."""
    under = of.fall < 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], under.astype(np.int8), [0]))))
    found = []
    for first, past in zip(edges[::2], edges[1::2], strict=True):
        bottom = first + int(of.fall[first:past].argmin())
        end = float(of.at[past]) if past < len(of) else None
        start = float(of.at[max(first - 1, 0)])
        until = float(of.at[-1]) if end is None else end
        found.append(Fall(start, float(of.at[bottom]), end, float(of.fall[bottom]), until - start))
    return sorted(found, key=lambda fall: fall.depth)[:count]


def thin(*rows: Floats, room: int = 1200) -> Indexes:
    """Which points to draw where there is room for about `room`: first, last, and each stretch's extremes."""
    length = len(rows[0])
    if length <= room:
        return np.arange(length)
    width = -(-length * 2 * len(rows) // room)
    whole = length // width * width
    kept = [np.array([0, length - 1]), np.arange(whole, length)]
    offsets = np.arange(0, whole, width)
    for row in rows:
        stretches = row[:whole].reshape(-1, width)
        kept += [offsets + stretches.argmin(axis=1), offsets + stretches.argmax(axis=1)]
    return np.unique(np.concatenate(kept))


def met(at: Floats, one: Floats, other: Floats) -> tuple[Floats, Floats, Floats]:
    """Both lines with a point added wherever they cross, so that each stretch lies on one side."""
    gap = one - other
    before = np.flatnonzero(np.sign(gap[:-1]) * np.sign(gap[1:]) < 0)
    share = gap[before] / (gap[before] - gap[before + 1])

    def inserted(row: Floats) -> Floats:
        return np.asarray(np.insert(row, before + 1, row[before] + share * (row[before + 1] - row[before])))

    return inserted(at), inserted(one), inserted(other)
