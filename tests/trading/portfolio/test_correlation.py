"""Correlation: numpy as the oracle, groups by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.portfolio.correlation import clusters, correlation


def test_it_is_numpys_correlation():
    rng = np.random.default_rng(1)
    returns = rng.normal(size=(200, 5)) + rng.normal(size=(200, 1))

    assert correlation(returns) == pytest.approx(np.corrcoef(returns, rowvar=False))


def test_every_pair_uses_the_moments_both_have():
    rng = np.random.default_rng(2)
    returns = rng.normal(size=(100, 2)) + rng.normal(size=(100, 1))
    returns[:40, 1] = np.nan

    assert correlation(returns)[0, 1] == pytest.approx(np.corrcoef(returns[40:], rowvar=False)[0, 1])


@given(seed=st.integers(0, 2**32 - 1), markets=st.integers(1, 7), moments=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_pair_by_pair_it_is_numpys_wherever_prices_are_missing(seed, markets, moments):
    rng = np.random.default_rng(seed)
    returns = rng.normal(size=(moments, markets)) + rng.normal(size=(moments, 1))
    for column in range(markets):
        begun, lost = rng.integers(0, moments + 1), rng.random(moments) < 0.2
        returns[: begun if rng.random() < 0.4 else 0, column] = np.nan
        returns[lost if rng.random() < 0.4 else [], column] = np.nan

    found = correlation(returns)

    for i, j in ((i, j) for i in range(markets) for j in range(i)):
        both = returns[np.isfinite(returns[:, [i, j]]).all(axis=1)][:, [i, j]]
        expected = np.corrcoef(both, rowvar=False)[0, 1] if len(both) >= 3 else np.nan
        assert found[i, j] == found[j, i] or (np.isnan(found[i, j]) and np.isnan(found[j, i]))
        assert found[i, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert (np.diag(found) == 1).all()


def test_a_market_that_never_moved_is_correlated_with_nothing():
    returns = np.column_stack((np.zeros(50), np.random.default_rng(3).normal(size=50)))

    assert correlation(returns)[0, 1] == 0


def test_a_chain_of_likeness_is_one_group():
    names = ("BTC", "ETH", "SOL", "PAXG")
    matrix = np.array(
        [[1.0, 0.9, 0.5, 0.0], [0.9, 1.0, 0.8, 0.1], [0.5, 0.8, 1.0, 0.0], [0.0, 0.1, 0.0, 1.0]]
    )

    assert clusters(names, matrix, 0.75) == [("BTC", "ETH", "SOL"), ("PAXG",)]
    assert clusters(names, matrix, 0.85) == [("BTC", "ETH"), ("SOL",), ("PAXG",)]


def test_what_is_not_known_counts_as_one_risk():
    matrix = np.array([[1.0, np.nan], [np.nan, 1.0]])

    assert clusters(("BTC", "NEW"), matrix, 0.75) == [("BTC", "NEW")]
