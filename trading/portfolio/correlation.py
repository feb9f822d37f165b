"""Which markets move together: the correlation of their returns, and the groups a limit treats as one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def correlation(returns: Floats) -> Floats:
    """Pearson's correlation of the columns, -1 ... 1. A market that never moved is correlated with nothing.

    Every pair uses the moments both have; NaN for a pair with fewer than three of them.
    """
    count, known = returns.shape[1], np.isfinite(returns)
    matrix, done = np.eye(count), np.eye(count, dtype=bool)
    alike: dict[bytes, list[int]] = {}
    for i in range(count):
        alike.setdefault(known[:, i].tobytes(), []).append(i)
    for members in alike.values():
        group = np.array(members)
        rows = known[:, group[0]]
        others = np.flatnonzero(
            known[rows].all(axis=0)
        )  # with these, the moments in common are the group's own
        table = _table(returns[np.ix_(rows, others)])[np.isin(others, group)]
        matrix[np.ix_(group, others)], matrix[np.ix_(others, group)] = table, table.T
        done[np.ix_(group, others)] = done[np.ix_(others, group)] = True
    for i, j in np.argwhere(~done).tolist():
        if j < i:
            both = known[:, i] & known[:, j]
            matrix[i, j] = matrix[j, i] = _table(returns[both][:, [i, j]])[0, 1]
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _table(returns: Floats) -> Floats:
    """As `correlation`, of returns without a gap."""
    if len(returns) < 3:
        return np.full((returns.shape[1], returns.shape[1]), np.nan)
    off = returns - returns.mean(axis=0)
    together = off.T @ off
    size = np.sqrt(np.outer(np.diag(together), np.diag(together)))
    moved = np.where(size > 0, size, 1.0)
    return np.asarray(np.where(size > 0, np.clip(together / moved, -1.0, 1.0), 0.0))


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
