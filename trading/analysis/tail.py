"""How bad a bad day is: value at risk and expected shortfall of a series of returns, as shares of the money at work.

A loss is above zero: 0.03 is three per cent. `level` is how sure one wants to be: at 0.95 one day in twenty is
worse than the value at risk, and the expected shortfall is the mean of those days: of exactly that share of them,
the day on the edge in part (Acerbi and Tasche 2002), so that equal days do not water it down and two books together
never have more of it than each alone. Neither is ever below zero: a series that only rose has nothing to lose.

Historical: what was seen, without any shape assumed (the quantile between the two nearest returns, Hyndman and
Fan 1996, type 7). Parametric: as if returns were normal with their mean and sample deviation, which says too
little about rare days: Jorion, "Value at Risk" (2006), chapters 5 and 11; shortfall: Rockafellar and Uryasev (2000).
"""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

USUAL = 0.95
FEWEST = 20  # returns below which a tail of one in twenty has nobody in it

_NORMAL = NormalDist()


def historical_var(returns: Floats, level: float = USUAL) -> float | None:
    """The loss that was exceeded in a share of 1 - `level` of all cases; None for too few returns."""
    if len(returns) < FEWEST:
        return None
    return max(-float(np.quantile(returns, 1 - level)), 0.0)


def historical_shortfall(returns: Floats, level: float = USUAL) -> float | None:
    """The mean loss of the worst share of 1 - `level` of all cases, exactly; never below the value at risk."""
    if len(returns) < FEWEST:
        return None
    mass = len(returns) * (1 - level)
    whole = int(mass)
    ordered = np.partition(returns, whole)
    worst = float(ordered[:whole].sum()) + (mass - whole) * float(ordered[whole])
    return max(-worst / mass, -float(ordered[whole]), 0.0)  # of equal days rounding makes no smaller loss


def parametric_var(returns: Floats, level: float = USUAL) -> float | None:
    """As `historical_var`, of the normal distribution with the mean and the deviation of these returns."""
    if len(returns) < FEWEST:
        return None
    mean, spread = _moments(returns)
    return max(-(mean + spread * _NORMAL.inv_cdf(1 - level)), 0.0)


def parametric_shortfall(returns: Floats, level: float = USUAL) -> float | None:
    """As `historical_shortfall`, of the normal distribution with the same mean and deviation."""
    if len(returns) < FEWEST:
        return None
    mean, spread = _moments(returns)
    density = _NORMAL.pdf(_NORMAL.inv_cdf(1 - level))
    return max(spread * density / (1 - level) - mean, 0.0)


def _moments(returns: Floats) -> tuple[float, float]:
    return float(returns.mean()), float(returns.std(ddof=1))
