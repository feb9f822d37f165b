"""Other people's formulas on numbers small enough to do by hand."""

import numpy as np
import pytest

from trading.analysis import elsewhere

DAY = 86400.0


def test_days_end_at_their_last_moment_and_midnight_belongs_to_the_day_it_ends():
    seconds = np.array([3600.0, DAY, DAY + 3600, 2 * DAY, 4 * DAY])

    assert elsewhere.day_ends(seconds, np.array([1.0, 2.0, 3.0, 4.0, 5.0])).tolist() == [2.0, 4.0, 5.0]


def test_a_year_of_equal_days_compounds():
    ends = 1.001 ** np.arange(366)
    bumpy = ends * np.where(np.arange(366) % 2, 1.0001, 1.0)

    found = elsewhere.compounded(bumpy, 0.1, first_day=False)

    assert found.yearly_return == pytest.approx(1.001**365 * 1.0001 - 1)
    assert found.calmar == pytest.approx(found.yearly_return / 0.1)
    assert found.sharpe == pytest.approx(found.yearly_return / found.volatility)
    assert found.sortino is None


def test_the_first_day_may_count_as_one_without_a_change():
    ends = np.array([100.0, 101.0, 99.0, 104.0])

    counted, not_counted = (elsewhere.compounded(ends, 0.1, first_day=first) for first in (True, False))

    assert counted.yearly_return == pytest.approx(1.04 ** (365 / 4) - 1)
    assert not_counted.yearly_return == pytest.approx(1.04 ** (365 / 3) - 1)


def test_the_volatility_of_a_compounded_year_is_that_of_a_product_of_days():
    changes = np.array([0.01, -0.02, 0.03, 0.0])
    ends = 100 * np.cumprod(np.concatenate(([1.0], 1 + changes)))

    found = elsewhere.compounded(ends, 0.1, year=4, first_day=False)

    growth, variance = (ends[-1] / ends[0]) ** 0.25, changes.var(ddof=1)
    assert found.volatility == pytest.approx(((variance + growth**2) ** 4 - growth**8) ** 0.5)


def test_falls_are_averaged_each_at_its_deepest():
    assert elsewhere.mean_fall(np.array([100, 90, 80, 100, 110, 99, 120, 120])) == pytest.approx(0.15)
    assert elsewhere.mean_fall(np.array([1.0, 2.0, 3.0])) == 0.0


def test_profit_factor_quality_and_kelly():
    assert elsewhere.factor_of_returns([0.1, -0.02, 0.05, -0.03]) == pytest.approx(3.0)
    assert elsewhere.system_quality([1.0, 3.0]) == pytest.approx(2**0.5 * 2 / 2**0.5)
    assert elsewhere.kelly([20.0, -10.0]) == pytest.approx(0.5 - 0.5 / 2)


def test_figures_per_trade():
    shares = np.array([0.02, -0.01, 0.03, -0.03])

    assert elsewhere.sharpe_per_trade(shares, 10) == pytest.approx(0.001 / shares.std() * 365**0.5)
    assert elsewhere.sortino_per_trade(shares, 10) == pytest.approx(0.001 / 0.01 * 365**0.5)
    assert elsewhere.calmar_per_trade(shares, 10, 0.05) == pytest.approx(2 * 365**0.5)
    assert elsewhere.expectancy_ratio([3.0, 1.0, -1.0]) == pytest.approx((1 + 2) * 2 / 3 - 1)


def test_the_fall_of_profit_is_that_of_the_largest_loss_of_money():
    assert elsewhere.fall_of_profit(np.array([1.0, -0.9, 10.0, -2.0])) == pytest.approx(2 / 10.1)


@pytest.mark.parametrize(
    ("start", "end", "days", "rate"),
    [
        (64900, 176000, 1095, 0.3945),
        (1000, 1500, 365, 0.5),
        (1000, 1500, 100, 3.3927),
        (0.01, 0.01762792, 120, 4.6087),
    ],
)
def test_growth_a_year(start, end, days, rate):
    assert elsewhere.yearly_growth(start, end, days) == pytest.approx(rate, abs=5e-5)


def test_a_breakout_day_is_bought_at_its_target_and_sold_at_its_close():
    columns = [np.array(values, dtype=float) for values in ([100, 102], [110, 120], [90, 101], [105, 115])]

    factors = elsewhere.breakout_factors(*columns, 0.5, 0.001)

    assert factors.tolist() == pytest.approx([1.0, 115 / 112 - 0.001])
