"""How much of a result chance explains: Sharpe ratios with their doubt, and thrown dice to compare with.

Everything is of one period (a day) and not annualised where it says "sharpe". Dice are handed in, seeded: the
same seed gives the same answer.

PSR, DSR and the track record's length: Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier" (2012)
and "The Deflated Sharpe Ratio" (2014). Stationary bootstrap: Politis and Romano (1994). The share of random
results at least as good counts the observed one, too (Phipson and Smyth 2010), so it is never 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Dice = np.random.Generator

YEAR = 365  # days; crypto never closes
_EULER = 0.5772156649015329
_NORMAL = NormalDist()
_NOTHING = 1e-12  # a standard deviation below this is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Returns of equal periods, described: `sharpe` is of one period, `kurtosis` is 3 for a normal distribution."""

    count: int
    sharpe: float
    skew: float
    kurtosis: float


def shape_of(changes: Floats) -> Shape | None:
    """None for fewer than three changes, or when nothing ever moved."""
    if len(changes) < 3:
        return None
    spread = float(changes.std(ddof=1))
    if spread < _NOTHING:
        return None
    centred = changes - changes.mean()
    variance = float(np.square(centred).mean())
    return Shape(
        count=len(changes),
        sharpe=float(changes.mean()) / spread,
        skew=float((centred**3).mean()) / variance**1.5,
        kurtosis=float((centred**4).mean()) / variance**2,
    )


def sharpe_of(changes: Floats) -> float | None:
    """The yearly Sharpe ratio of daily changes, as trading/analysis/metrics.py has it."""
    found = shape_of(changes)
    return None if found is None else found.sharpe * math.sqrt(YEAR)


def probabilistic_sharpe(shape: Shape, benchmark: float = 0.0) -> float:
    """How probable it is that the true Sharpe ratio (of one period) is above the benchmark: 0 ... 1."""
    doubt = _doubt(shape)
    return _NORMAL.cdf((shape.sharpe - benchmark) * math.sqrt(shape.count - 1) / doubt)


def best_of_luck(trials: int, variance: float) -> float:
    """The Sharpe ratio the best of so many skilless variants is expected to show; `variance` is that among them."""
    if trials < 2:
        return 0.0
    first = _NORMAL.inv_cdf(1 - 1 / trials)
    second = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(max(variance, 0.0)) * ((1 - _EULER) * first + _EULER * second)


def deflated_sharpe(shape: Shape, trials: int, variance: float) -> float:
    """The probability of skill after so many variants were tried and the best was kept."""
    return probabilistic_sharpe(shape, best_of_luck(trials, variance))


def track_record(shape: Shape, benchmark: float = 0.0, confidence: float = 0.95) -> float | None:
    """How many periods it takes until such a Sharpe ratio is above the benchmark with this confidence."""
    if shape.sharpe <= benchmark:
        return None
    needed = _NORMAL.inv_cdf(confidence) * _doubt(shape) / (shape.sharpe - benchmark)
    return 1 + needed**2


def _doubt(shape: Shape) -> float:
    """Standard error of the Sharpe ratio times the root of the periods; wide tails and losses make it larger."""
    square = 1 - shape.skew * shape.sharpe + (shape.kurtosis - 1) / 4 * shape.sharpe**2
    return math.sqrt(max(square, _NOTHING))


def share_as_good(random: Floats, ours: float) -> float:
    """The p-value: how often chance alone did at least as well, our own result counted among it."""
    return float(1 + (random >= ours - 1e-12 * abs(ours)).sum()) / (1 + len(random))


# --- thrown dice ------------------------------------------------------------------------------------------


def random_stays(lengths: Ints, bars: int, first: int, count: int, dice: Dice) -> tuple[Ints, Ints, Ints]:
    """`count` random histories with as many stays of the same lengths, in any order and with any pauses between.

    Rows of starts and ends within first ... bars - 1, and whose length (an index of `lengths`) stands where. At
    least one candle lies between two stays, and where ends equal `bars` - 1 the stay is open at the end.
    """
    number = len(lengths)
    free = bars - 1 - first - int(lengths.sum()) - (number - 1)
    if number == 0 or free < 0:
        nothing = np.empty((count, 0), np.int64)
        return nothing, nothing, nothing
    order = dice.permuted(np.tile(np.arange(number), (count, 1)), axis=1)
    places = np.sort(dice.integers(0, free + 1, (count, number)), axis=1)
    drawn = lengths[order]
    before = np.cumsum(drawn + 1, axis=1) - (drawn + 1)
    starts = first + places + before
    return starts, starts + drawn, order


def reshuffled(factors: Floats, count: int, dice: Dice) -> tuple[Floats, Floats]:
    """Final growth when trades are drawn anew (with replacement), and the deepest fall when their order is.

    Order alone changes no end, so the ends come from drawing; the falls come from order alone.
    """
    drawn = dice.choice(factors, (count, len(factors)))
    ends = np.prod(drawn, axis=1)
    mixed = dice.permuted(np.tile(factors, (count, 1)), axis=1)
    curves = np.cumprod(np.concatenate((np.ones((count, 1)), mixed), axis=1), axis=1)
    return ends, deepest(curves)


def deepest(curves: Floats) -> Floats:
    """The deepest fall from a top in every row, 0 ... 1."""
    tops = np.maximum.accumulate(curves, axis=-1)
    return np.asarray(np.max(1.0 - curves / tops, axis=-1))


def mean_is_luck(differences: Floats, count: int, dice: Dice) -> float:
    """The p-value of a mean above zero, neighbours kept together: stationary bootstrap around a mean of zero."""
    size = len(differences)
    if size < 3 or float(differences.std()) < _NOTHING:
        return 1.0
    centred = differences - differences.mean()
    means = np.empty(count)
    restart = 1 / max(size ** (1 / 3), 1.0)
    for number in range(count):
        jumps = dice.random(size) < restart
        jumps[0] = True
        begin = dice.integers(0, size, size)
        since = np.arange(size) - np.maximum.accumulate(np.where(jumps, np.arange(size), 0))
        block = np.cumsum(jumps) - 1
        rows = (begin[block] + since) % size
        means[number] = centred[rows].mean()
    return share_as_good(means, float(differences.mean()))


def percentiles(values: Floats, at: Sequence[int] = (5, 50, 95)) -> tuple[float, ...]:
    return tuple(float(v) for v in np.percentile(values, list(at)))
