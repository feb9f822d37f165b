"""Growth and falls, checked against sums done by hand."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from charts.series import curve, falls, met, thin
from tests.builders import START
from trading.domain.report import EquityPoint


def points(*pairs):
    """One point a day: an equity, or an equity and the flow that came with it."""
    found = [pair if isinstance(pair, tuple) else (pair, 0.0) for pair in pairs]
    return [EquityPoint(START + timedelta(days=n), money, flow) for n, (money, flow) in enumerate(found)]


def test_without_flows_growth_is_equity_over_its_start():
    found = curve(points(100, 110, 99))

    np.testing.assert_allclose(found.growth, [1, 1.1, 0.99])
    np.testing.assert_allclose(found.fall, [0, 0, 0.99 / 1.1 - 1])
    assert found.change == pytest.approx(-0.01)
    assert found.profit == pytest.approx(-1)


def test_a_deposit_is_neither_growth_nor_profit():
    # 100 grows by 10 % to 110; 890 come in; 1000 grows by 5 %.
    found = curve(points(100, 110, (1000, 890), 1050))

    np.testing.assert_allclose(found.growth, [1, 1.1, 1.1, 1.155])
    assert found.change == pytest.approx(0.155)
    assert found.profit == pytest.approx(60)
    np.testing.assert_allclose(found.invested, [100, 100, 990, 990])


def test_a_withdrawal_is_not_a_fall():
    found = curve(points(1000, (400, -600), 380))

    np.testing.assert_allclose(found.fall, [0, 0, -0.05])
    assert found.change == pytest.approx(-0.05)
    assert found.profit == pytest.approx(-20)


def test_a_fall_and_a_flow_in_the_same_step_are_told_apart():
    # 1000 falls to 900 while 500 come in: 1400 in the account, 10 % lost.
    found = curve(points(1000, (1400, 500)))

    assert found.change == pytest.approx(-0.1)
    assert found.fall[1] == pytest.approx(-0.1)


def test_the_flow_of_the_first_point_came_before_the_picture():
    assert curve(points((1000, 1000), 1100)).profit == pytest.approx(100)


def test_the_flow_of_a_point_without_a_number_is_kept():
    found = curve(points(100, (math.nan, 50), 160))

    assert found.change == pytest.approx(0.1)
    assert found.profit == pytest.approx(10)


def test_growth_begins_with_the_first_money():
    found = curve(points(0, (1000, 1000), 1100))

    assert found.change == pytest.approx(0.1)


def test_debt_is_the_loss_of_everything_and_not_more():
    found = curve(points(100, -50, 20))

    np.testing.assert_allclose(found.growth, [1, 0, 0])
    assert found.fall.min() == -1


def test_nothing_can_be_said_about_the_change_of_one_point_or_of_no_money():
    assert curve(points(100)).change is None
    assert curve(points(0, 0)).change is None


def test_points_are_put_in_order():
    found = curve(list(reversed(points(100, 110, 99))))

    assert list(found.equity) == [100, 110, 99]


def test_falls_are_ranked_by_depth_and_know_their_length():
    found = falls(curve(points(100, 95, 100, 80, 90, 101, 99)))

    assert [round(fall.depth, 4) for fall in found] == [-0.2, -0.05, round(99 / 101 - 1, 4)]
    assert [fall.seconds / 86400 for fall in found] == [3, 2, 1]
    assert found[0].end is not None
    assert found[2].end is None
    assert found[0].bottom == (START + timedelta(days=3)).timestamp()


def test_only_as_many_falls_as_asked_for():
    assert len(falls(curve(points(10, 9, 10, 9, 10, 9, 10)), 2)) == 2
    assert falls(curve(points(1, 2, 3))) == []


def test_thinning_keeps_ends_and_extremes():
    values = np.random.default_rng(1).normal(size=100_003)
    values[[4_321, 77_777]] = 50.0, -50.0

    kept = thin(values)

    assert len(kept) < 2500
    assert {0, 4_321, 77_777, 100_002} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_few_points_are_all_kept():
    assert thin(np.arange(50.0)).tolist() == list(range(50))


def test_lines_that_cross_meet_in_a_point_of_their_own():
    at, one, other = met(np.array([0.0, 10.0, 20.0]), np.array([1.0, 3.0, 3.0]), np.array([2.0, 2.0, 3.0]))

    assert at.tolist() == [0, 5, 10, 20]
    assert one.tolist() == [1, 2, 3, 3]
    assert other.tolist() == [2, 2, 2, 3]


@given(
    some.lists(
        some.tuples(some.floats(allow_nan=True, allow_infinity=True), some.floats(allow_nan=True)),
        max_size=30,
    )
)
def test_whatever_comes_growth_and_falls_stay_within_their_bounds(pairs):
    found = curve(points(*pairs))

    assert np.isfinite(found.growth).all()
    assert (found.growth >= 0).all()
    assert ((found.fall <= 0) & (found.fall >= -1)).all()
