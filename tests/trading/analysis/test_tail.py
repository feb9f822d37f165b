"""Value at risk and expected shortfall: small series by hand, and what must hold for any."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.analysis.tail import (
    historical_shortfall,
    historical_var,
    parametric_shortfall,
    parametric_var,
)

HUNDRED = np.arange(-50, 50) / 1000  # -5.0 % ... +4.9 %


def test_one_day_in_twenty_is_worse_than_the_value_at_risk():
    found = historical_var(HUNDRED, 0.95)

    assert found == pytest.approx(0.04505)
    assert (-found > HUNDRED).mean() == 0.05


def test_the_shortfall_is_the_mean_of_those_days():
    assert historical_shortfall(HUNDRED, 0.95) == pytest.approx((0.050 + 0.049 + 0.048 + 0.047 + 0.046) / 5)


def exact_shortfall(returns, level):
    """Acerbi and Tasche (2002), in fractions: the mean of the worst mass of 1 - level, the case on its edge in part."""
    mass = (1 - Fraction(str(level))) * len(returns)
    left, total = mass, Fraction(0)
    for loss in sorted(-Fraction(r) for r in returns.tolist())[::-1]:
        taken = min(left, Fraction(1))
        total, left = total + taken * loss, left - taken
    return max(float(total / mass), 0.0)


def test_many_equal_days_on_the_edge_do_not_water_down_the_worst():
    returns = np.array([-0.5] + [-0.1] * 10 + [0.01] * 89)

    found = historical_shortfall(returns, 0.95)

    assert found == pytest.approx((0.5 + 4 * 0.1) / 5)  # five days of a hundred, not all eleven that lost


def test_the_case_on_the_edge_counts_in_part():
    returns = np.array([-0.30, -0.20, -0.10] + [0.0] * 47)

    found = historical_shortfall(returns, 0.95)  # two and a half of fifty

    assert found == pytest.approx((0.30 + 0.20 + 0.5 * 0.10) / 2.5)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([-0.5, -0.1, -0.01, 0.0, 0.02]) | st.floats(-0.5, 0.5), min_size=20, max_size=200
    ),
    st.sampled_from([0.8, 0.9, 0.95, 0.975, 0.99]),
)
def test_the_shortfall_is_the_mean_of_exactly_the_worst_mass(returns, level):
    series = np.array(returns)

    found = historical_shortfall(series, level)

    assert found == pytest.approx(exact_shortfall(series, level), abs=1e-12)


def test_the_normal_numbers_are_those_of_the_tables():
    returns = np.array([-0.01, 0.01] * 500)
    spread = returns.std(ddof=1)

    assert parametric_var(returns, 0.95) == pytest.approx(1.6448536 * spread)
    assert parametric_var(returns, 0.99) == pytest.approx(2.3263479 * spread)
    assert parametric_shortfall(returns, 0.95) == pytest.approx(2.0627128 * spread)


def test_what_only_rose_has_nothing_to_lose():
    rising = np.full(40, 0.01)

    assert historical_var(rising) == historical_shortfall(rising) == parametric_var(rising) == 0.0


@pytest.mark.parametrize(
    "measure", [historical_var, historical_shortfall, parametric_var, parametric_shortfall]
)
def test_a_few_days_say_nothing_of_a_tail(measure):
    assert measure(np.full(19, -0.01)) is None


@given(st.lists(st.floats(-0.5, 0.5), min_size=20, max_size=200), st.floats(0.8, 0.99))
def test_the_shortfall_is_never_smaller_than_the_value_at_risk(returns, level):
    series = np.array(returns)

    assert historical_shortfall(series, level) >= historical_var(series, level)
    assert parametric_shortfall(series, level) >= parametric_var(series, level) - 1e-12
