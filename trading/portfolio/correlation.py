"""Which markets move together: the correlation of their returns, and the groups a limit treats as one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def correlation(returns: Floats) -> Floats:
    """Pearson's correlation of the columns, -1 ... 1. A market that never moved is correlated with nothing.

    Every pair uses the moments both have; NaN for a pair with fewer than three of them.
    """
    count = returns.shape[1]
    matrix = np.eye(count)
    for i in range(count):
        for j in range(i):
            both = returns[np.isfinite(returns[:, i]) & np.isfinite(returns[:, j])][:, [i, j]]
            matrix[i, j] = matrix[j, i] = _pair(both)
    return matrix


def _pair(both: Floats) -> float:
    if len(both) < 3:
        return float("nan")
    a, b = (both - both.mean(axis=0)).T
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / size, -1.0, 1.0)) if size > 0 else 0.0


def clusters(symbols: Sequence[str], matrix: Floats, together: float) -> list[tuple[str, ...]]:
    """The symbols in groups: two are in one when a chain of correlations of at least `together` links them.

    A correlation that is not known (NaN) counts as a link: what cannot be told apart is one risk.
    """
    linked = ~(matrix < together)
    group = list(range(len(symbols)))
    for i in range(len(symbols)):
        for j in range(i):
            if linked[i, j] and group[i] != group[j]:
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if g == old else g for g in group]
    return [
        tuple(s for s, g in zip(symbols, group, strict=True) if g == number) for number in sorted(set(group))
    ]
