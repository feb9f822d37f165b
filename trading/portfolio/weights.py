"""How a budget is divided among markets: equally, by volatility, by equal risk, or for the least variance.

Every function takes a covariance matrix of returns (n x n) and gives n weights that are never negative and add up
to 1. They are the same for the same matrix, whatever unit its returns are in.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trading.domain.errors import Refused

Floats = npt.NDArray[np.float64]

SHRINK = 0.1  # how far correlations are drawn towards none: few candles tell little about many pairs
FEWEST = 20  # returns below which nothing is said about their spread
STILL = 1e-12  # a change of the weights smaller than this is none
MOST_ROUNDS = 1000


def covariance(returns: Floats) -> Floats:
    """Sample covariance of `returns` (rows: moments, columns: markets), its correlations drawn towards none by SHRINK.

    So it can always be inverted, also with more markets than moments (Ledoit and Wolf, 2004, with a fixed share).
    Raises Refused for fewer than FEWEST rows, for a value that is no number, and for a market that never moves.
    """
    if returns.ndim != 2 or len(returns) < FEWEST:
        raise Refused(f"Weights need at least {FEWEST} returns of every market; found {len(returns)}.")
    if not np.isfinite(returns).all():
        raise Refused("Weights need a price of every market at every moment; found one that is missing.")
    sample = np.atleast_2d(np.cov(returns, rowvar=False))
    if (np.diag(sample) <= 0).any():
        raise Refused("A market that never moves has no risk to weigh; leave it out.")
    return (1 - SHRINK) * sample + SHRINK * np.diag(np.diag(sample))


def equal(cov: Floats) -> Floats:
    """The same for each."""
    return np.full(len(cov), 1.0 / len(cov))


def inverse_volatility(cov: Floats) -> Floats:
    """In inverse proportion to volatility: equal risk, if nothing were correlated."""
    calm = 1.0 / np.sqrt(np.diag(cov))
    return np.asarray(calm / calm.sum())


def risk_parity(cov: Floats) -> Floats:
    """Every market contributes the same share of the portfolio's variance.

    Cyclical coordinate descent on the log-barrier form (Griveau-Billion, Richard, Roncalli, 2013).
    """
    deviation = np.sqrt(np.diag(cov))
    correlation = cov / np.outer(deviation, deviation)
    budget, x = 1.0 / len(cov), np.full(len(cov), 1.0)
    for _ in range(MOST_ROUNDS):
        before = x.copy()
        for i in range(len(x)):
            rest = correlation[i] @ x - x[i]
            x[i] = (np.sqrt(rest * rest + 4 * budget) - rest) / 2
        if np.abs(x - before).max() < STILL:
            break
    weights = x / deviation
    return np.asarray(weights / weights.sum())


def minimum_variance(cov: Floats) -> Floats:
    """The calmest mix without short positions: markets that would be sold are left out, one at a time.

    Active set: what is inside has equal marginal variance, what is outside would only add to it.
    """
    inside = np.ones(len(cov), dtype=bool)
    for _ in range(MOST_ROUNDS):
        weights = _unconstrained(cov, inside)
        if (weights < 0).any():
            inside[int(np.argmin(weights))] = False
            continue
        marginal = cov @ weights
        better = ~inside & (marginal < weights @ marginal * (1 - 1e-9))
        if not better.any():
            return weights
        inside[int(np.argmin(np.where(better, marginal, np.inf)))] = True
    return weights


def _unconstrained(cov: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    part = np.linalg.solve(cov[np.ix_(inside, inside)], np.ones(int(inside.sum())))
    weights = np.zeros(len(cov))
    weights[inside] = part / part.sum()
    return weights


def risk_contributions(weights: Floats, cov: Floats) -> Floats:
    """What share of the portfolio's variance each market brings; they add up to 1."""
    marginal = cov @ weights
    return np.asarray(weights * marginal / (weights @ marginal))


METHODS: dict[str, Callable[[Floats], Floats]] = {
    "equal": equal,
    "inverse_volatility": inverse_volatility,
    "risk_parity": risk_parity,
    "minimum_variance": minimum_variance,
}
