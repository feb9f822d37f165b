"""How bad a bad day is for what is held: value at risk and expected shortfall, in money, quickly.

Of one series of gains and losses, one for each candle, both the historical and the normal (parametric) figure are
worked out, and the worse counts. A candle's figure is made a day's by the square root of time.
"""

from dataclasses import dataclass
from math import isfinite, nan, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.95  # one day in twenty is worse
_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(LEVEL)
MEAN_BEYOND = _NORMAL.pdf(_Z) / (1 - LEVEL)


@dataclass(frozen=True, slots=True)
class Tail:
    """What a day in twenty costs at least (value at risk), and on average (shortfall)."""

    value_at_risk: float
    shortfall: float


def tail_of(gains: Floats, periods_in_a_day: float) -> Tail:
    """The worse of history and of the normal distribution. NaN where a gain is not a number."""
    count = len(gains)
    mean = float(gains.sum()) / count
    if not isfinite(mean):
        return Tail(nan, nan)
    apart = gains - mean
    spread = sqrt(float(apart @ apart) / (count - 1))
    place = (count - 1) * (1 - LEVEL)
    low = int(place)
    mass = count * (1 - LEVEL)
    whole = int(mass)  # so many candles lie beyond, and the next one with what is left of the mass
    ordered = np.partition(gains, (low, low + 1, whole))
    edge = float(ordered[low]) + (place - low) * float(ordered[low + 1] - ordered[low])
    beyond = (float(ordered[:whole].sum()) + (mass - whole) * float(ordered[whole])) / mass
    root = sqrt(periods_in_a_day)
    drift = mean * periods_in_a_day
    return Tail(
        value_at_risk=max(-edge * root, spread * root * _Z - drift, 0.0),
        shortfall=max(-beyond * root, spread * root * MEAN_BEYOND - drift, 0.0),
    )
