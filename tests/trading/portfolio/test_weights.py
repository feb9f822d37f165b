"""Weights: what each method promises, held against scipy's optimiser and against cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from trading.domain.errors import Refused
from trading.portfolio.weights import (
    METHODS,
    covariance,
    inverse_volatility,
    minimum_variance,
    risk_contributions,
    risk_parity,
)

each = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
seeds = st.integers(0, 2**32 - 1)


def a_market(seed: int, markets: int = 8, moments: int = 400) -> np.ndarray:
    """Returns of markets that share one mood and have another of their own."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(0, 0.02, (moments, 1)) * rng.uniform(0.2, 1.5, markets)
    return mood + rng.normal(0, rng.uniform(0.005, 0.05, markets), (moments, markets))


@each
@given(seed=seeds, markets=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_weights_are_never_negative_and_add_up_to_one(method, seed, markets):
    weights = method(covariance(a_market(seed, markets)))

    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@each
def test_the_unit_of_the_returns_does_not_matter(method):
    returns = a_market(3)

    assert method(covariance(100 * returns)) == pytest.approx(method(covariance(returns)), abs=1e-9)


def test_two_uncorrelated_markets_one_twice_as_wild():
    cov = np.array([[0.04, 0.0], [0.0, 0.01]])

    assert inverse_volatility(cov) == pytest.approx([1 / 3, 2 / 3])
    assert risk_parity(cov) == pytest.approx([1 / 3, 2 / 3])
    assert minimum_variance(cov) == pytest.approx([0.2, 0.8])


def test_a_wild_market_that_follows_a_calm_one_is_left_out_of_the_calmest_mix():
    cov = np.array([[0.04, 0.009], [0.009, 0.0025]])

    assert minimum_variance(cov) == pytest.approx([0.0, 1.0])


@given(seed=seeds, markets=st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_risk_parity_gives_each_market_the_same_share_of_the_variance(seed, markets):
    cov = covariance(a_market(seed, markets))

    assert risk_contributions(risk_parity(cov), cov) == pytest.approx(np.full(markets, 1 / markets), abs=1e-9)


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_risk_parity_is_what_scipy_finds(seed):
    cov = covariance(a_market(seed, 6))
    scale = np.sqrt(np.diag(cov)).mean()

    def barrier(x):
        return 0.5 * x @ (cov / scale**2) @ x - np.log(x).mean()

    found = minimize(barrier, np.ones(6), bounds=[(1e-6, None)] * 6, method="L-BFGS-B", tol=1e-14)

    assert risk_parity(cov) == pytest.approx(found.x / found.x.sum(), abs=2e-4)


@given(seed=seeds, markets=st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_no_mix_that_scipy_finds_is_calmer_than_minimum_variance(seed, markets):
    cov = covariance(a_market(seed, markets))
    unit = np.diag(cov).mean()

    found = minimize(
        lambda w: w @ cov @ w / unit,
        np.full(markets, 1 / markets),
        bounds=[(0, 1)] * markets,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    ours = minimum_variance(cov)

    assert ours @ cov @ ours / unit <= found.fun + 1e-7


def test_more_markets_than_moments_still_give_weights():
    cov = covariance(a_market(5, markets=60, moments=25))

    for method in METHODS.values():
        assert method(cov).sum() == pytest.approx(1)


def test_two_markets_that_are_the_same_share_evenly():
    one = a_market(9, markets=1)

    weights = risk_parity(covariance(np.hstack((one, one))))

    assert weights == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("returns", "sentence"),
    [
        (np.zeros((19, 2)), "Weights need at least 20 returns of every market; found 19."),
        (
            np.full((30, 2), np.nan),
            "Weights need a price of every market at every moment; found one that is missing.",
        ),
        (np.zeros((30, 2)), "A market that never moves has no risk to weigh; leave it out."),
    ],
)
def test_what_cannot_be_weighed_is_refused_in_one_sentence(returns, sentence):
    with pytest.raises(Refused) as refused:
        covariance(returns)

    assert refused.value.tell == sentence
