"""How much of a sleeve's budget its own record justifies: a fraction of Kelly's growth-optimal bet, with caution."""

from collections.abc import Sequence

import numpy as np

FEWEST_TRADES = 30  # fewer closed trades than this say nothing, whatever they earned
STEPS = 60  # halvings; 2**-60 is exact for every purpose


def kelly(returns: Sequence[float]) -> float:
    """The share of the money that would have grown it most: the f that maximises the mean of log(1 + f * return).

    `returns` are those of closed trades on the money put into them (0.02 is a gain of 2 %). 0 without an edge; may be
    above 1. Kelly, "A New Interpretation of Information Rate" (1956); Thorp (2006), for outcomes as they were seen.
    """
    r = np.asarray(returns, dtype=np.float64)
    if len(r) == 0 or not np.isfinite(r).all() or r.mean() <= 0:
        return 0.0
    worst = float(r.min())
    if worst >= 0:
        return float("inf")
    low, high = 0.0, -1.0 / worst
    for _ in range(STEPS):
        middle = (low + high) / 2
        if float((r / (1 + middle * r)).mean()) > 0:
            low = middle
        else:
            high = middle
    return low


def stake(returns: Sequence[float], fraction: float, begin: float) -> float:
    """The share of its budget a sleeve may use, 0 ... 1: `fraction` of Kelly, shrunk while the record is short.

    Before FEWEST_TRADES trades it is `begin`, a small stake that makes the record; what they earned has no say in it.
    After them it is 0 without an edge. With n trades Kelly counts n / (n + FEWEST_TRADES): half after FEWEST_TRADES,
    nearly all of it after many. A record without a loss is not believed: it is given one like its best trade.
    """
    if len(returns) < FEWEST_TRADES:
        return begin
    seen = list(returns) if min(returns) < 0 else [*returns, -max(returns)]
    believed = len(returns) / (len(returns) + FEWEST_TRADES)
    return min(1.0, fraction * believed * kelly(seen))
