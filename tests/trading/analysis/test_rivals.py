"""Strategies and accounts over the same window, measured alike."""

import pytest

from tests.builders import a_curve, a_trip, at
from trading.analysis.rivals import rival, strategies
from trading.domain.report import EquityPoint

WINDOW = [EquityPoint(at(0), 1000.0), EquityPoint(at(100), 1300.0)]


def test_a_strategy_is_measured_by_what_its_closed_trades_added_to_the_equity_at_the_start():
    trips = [
        a_trip(sleeve="good", exit_at=at(10), pnl="100"),
        a_trip(sleeve="bad", exit_at=at(20), pnl="-50"),
        a_trip(sleeve="good", exit_at=at(30), pnl="-55"),
    ]

    good, idle, bad = strategies(["bad", "good", "idle"], trips, WINDOW)

    assert (good.name, good.trades, good.change) == ("good", 2, pytest.approx(0.045))
    assert good.deepest_fall == pytest.approx(0.05)
    assert (idle.name, idle.trades, idle.change, idle.deepest_fall) == ("idle", 0, 0.0, 0.0)
    assert (bad.name, bad.change) == ("bad", pytest.approx(-0.05))


def test_trades_outside_of_the_window_do_not_count_and_a_strategy_that_left_does():
    trips = [a_trip(sleeve="left", exit_at=at(hour), pnl="10") for hour in (0, 50, 101)]

    (one,) = strategies([], trips, WINDOW)

    assert (one.name, one.trades, one.change) == ("left", 1, pytest.approx(0.01))
    assert [point.at for point in one.points] == [at(0), at(50), at(100)]


def test_nothing_is_compared_where_there_was_no_money():
    assert strategies(["a"], [], []) == ()
    assert strategies(["a"], [], [EquityPoint(at(0), 0.0)]) == ()


def test_money_put_in_is_no_growth_of_an_account():
    found = rival("main", [EquityPoint(at(0), 100.0), EquityPoint(at(1), 210.0, 100.0)], 0)

    assert found.change == pytest.approx(0.1)


def test_a_fall_is_measured_from_the_top():
    assert rival("main", a_curve([100, 200, 150, 180]), 3).deepest_fall == pytest.approx(0.25)
