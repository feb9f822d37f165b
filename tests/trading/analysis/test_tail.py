"""Value at risk and expected shortfall: small series by hand, and what must hold for any."""

import numpy as np
import pytest
from hypothesis import given
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
