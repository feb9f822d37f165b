"""The numbers of a report: by hand, against other formulas, and where there is nothing to measure."""

import math
import statistics
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import START, a_curve, a_fill, a_trip, at
from trading.analysis.metrics import measure
from trading.analysis.trades import open_trips
from trading.domain.report import EquityPoint

DAY = timedelta(days=1)


def test_returns_by_hand():
    found = measure(a_curve([100, 110, 99, 108.9]), ())

    # daily changes: +10 %, -10 %, +10 %
    assert found["total_return"] == pytest.approx(0.089)
    assert found["cagr"] == pytest.approx(1.089 ** (365 / 3) - 1)
    assert found["max_drawdown"] == pytest.approx(0.1)
    assert found["max_drawdown_days"] == 2
    assert found["best_day"] == pytest.approx(0.1)
    assert found["worst_day"] == pytest.approx(-0.1)
    assert found["volatility"] == pytest.approx(0.11547005 * math.sqrt(365))
    assert found["sharpe"] == pytest.approx((0.1 / 3) / 0.11547005 * math.sqrt(365))
    assert found["sortino"] == pytest.approx((0.1 / 3) / math.sqrt(0.01 / 3) * math.sqrt(365))
    assert found["calmar"] == pytest.approx((1.089 ** (365 / 3) - 1) / 0.1)


def test_a_published_growth_rate():
    # freqtrade's tests: 64,900 became 176,000 in 1,095 days, 1,000 became 1,500 in 100
    points = (EquityPoint(START, 64900.0), EquityPoint(START + 1095 * DAY, 176000.0))
    quick = (EquityPoint(START, 1000.0), EquityPoint(START + 100 * DAY, 1500.0))

    assert measure(points, ())["cagr"] == pytest.approx(0.3945, abs=5e-5)
    assert measure(quick, ())["cagr"] == pytest.approx(3.3927, abs=5e-5)


@settings(deadline=None)
@given(equities=st.lists(st.floats(10, 1000), min_size=5, max_size=200))
def test_returns_agree_with_the_standard_library(equities):
    found = measure(a_curve(equities), ())

    daily = [b / a - 1 for a, b in pairwise(equities)]
    spread = statistics.stdev(daily)
    losing = math.sqrt(sum(min(d, 0) ** 2 for d in daily) / len(daily))
    assert found["volatility"] == pytest.approx(spread * math.sqrt(365), rel=1e-6, abs=1e-9)
    if spread > 1e-9:
        assert found["sharpe"] == pytest.approx(
            statistics.fmean(daily) / spread * math.sqrt(365), rel=1e-5, abs=1e-9
        )
    if losing > 1e-9:
        assert found["sortino"] == pytest.approx(
            statistics.fmean(daily) / losing * math.sqrt(365), rel=1e-5, abs=1e-9
        )


def test_points_within_a_day_count_for_the_fall_but_not_for_the_spread():
    points = tuple(
        EquityPoint(at(hour), equity)
        for hour, equity in ((0, 100.0), (7, 50.0), (24, 110.0), (31, 60.0), (48, 121.0))
    )

    found = measure(points, ())

    assert found["max_drawdown"] == 0.5
    assert found["volatility"] == pytest.approx(0, abs=1e-9)
    assert found["sharpe"] is None


def test_money_put_in_changes_no_number():
    plain = measure(a_curve([100, 110, 99, 108.9]), ())
    points = (
        EquityPoint(START, 100.0),
        EquityPoint(START + DAY, 1110.0, 1000.0),
        EquityPoint(START + 2 * DAY, 999.0),
        EquityPoint(START + 3 * DAY, 98.9, -1000.0),
    )

    assert measure(points, ()) == pytest.approx(plain)


def test_trades_by_hand():
    trips = [
        a_trip(pnl=pnl, exit_at=at(hours), entry_price="100", amount="2")
        for pnl, hours in (("10", 1), ("30", 2), ("-5", 3), ("0", 4), ("-15", 5), ("-1", 3))
    ]

    found = measure((), trips)

    assert found["trades"] == 6
    assert found["win_rate"] == pytest.approx(2 / 6)
    assert found["profit_factor"] == pytest.approx(40 / 21)
    assert found["expectancy"] == pytest.approx(19 / 6)
    assert (found["average_win"], found["average_loss"]) == (20, -7)
    assert (found["largest_win"], found["largest_loss"]) == (30, -15)
    assert found["best_trade"] == pytest.approx(0.15)
    assert found["worst_trade"] == pytest.approx(-0.075)
    assert found["average_trade"] == pytest.approx(19 / 6 / 200)
    assert found["average_holding_hours"] == 3
    assert (found["longest_winning_streak"], found["longest_losing_streak"]) == (2, 2)


def test_exposure_is_the_share_of_time_something_was_held():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(100), 100.0))
    trips = [
        a_trip(entry_at=at(10), exit_at=at(20)),
        a_trip(entry_at=at(15), exit_at=at(30), symbol="ETH/USDT"),
        a_trip(entry_at=at(16), exit_at=at(18), symbol="XRP/USDT"),
        a_trip(entry_at=at(50), exit_at=at(55)),
    ]

    assert measure(points, trips)["exposure"] == pytest.approx(0.25)
    assert measure(points, trips, open_trips([a_fill(at=at(90))]))["exposure"] == pytest.approx(0.35)
    assert measure(points, ())["exposure"] == 0


def test_exposure_counts_only_what_lies_within_the_curve():
    points = (EquityPoint(at(10), 100.0), EquityPoint(at(20), 100.0))

    assert measure(points, [a_trip(entry_at=at(0), exit_at=at(12))])["exposure"] == pytest.approx(0.2)
    assert measure(points, [a_trip(entry_at=at(18), exit_at=at(30))])["exposure"] == pytest.approx(0.2)
    assert measure(points, [a_trip(entry_at=at(0), exit_at=at(5))])["exposure"] == 0


def test_nothing_at_all_is_measured_as_none_and_no_trades():
    found = measure((), ())

    assert found.pop("trades") == 0
    assert found.pop("longest_winning_streak") == 0
    assert found.pop("longest_losing_streak") == 0
    assert set(found.values()) == {None}


def test_a_curve_that_stands_still_has_no_sharpe_and_no_calmar():
    found = measure(a_curve([100] * 30), ())

    assert (found["total_return"], found["cagr"], found["volatility"], found["max_drawdown"]) == (0, 0, 0, 0)
    assert (found["sharpe"], found["sortino"], found["calmar"]) == (None, None, None)


def test_a_curve_that_only_rises_has_no_sortino_and_no_calmar():
    found = measure(a_curve([100, 101, 103]), ())

    assert found["sharpe"] > 0
    assert (found["sortino"], found["calmar"]) == (None, None)


def test_only_winners_have_no_profit_factor():
    assert measure((), [a_trip()])["profit_factor"] is None
    assert measure((), [a_trip(pnl="0")])["win_rate"] == 0


def test_less_than_a_day_is_not_made_into_a_year():
    assert measure(a_curve([100, 110], step=timedelta(hours=20)), ())["cagr"] is None
    assert measure(a_curve([1, 1e300]), ())["cagr"] is None


def test_losing_everything_is_a_number():
    found = measure(a_curve([100, 50, 0, 0]), ())

    assert (found["total_return"], found["cagr"], found["max_drawdown"]) == (-1, -1, 1)


@settings(deadline=None)
@given(
    equities=st.lists(st.floats(-1e12, 1e12) | st.just(0.0), max_size=40),
    flows=st.lists(st.floats(-1e6, 1e6) | st.just(0.0), min_size=40, max_size=40),
    minutes=st.integers(0, 3000),
    profits=st.lists(st.decimals(-1000, 1000, places=4), max_size=10),
)
def test_no_number_is_ever_nan_or_infinite(equities, flows, minutes, profits):
    points = [
        EquityPoint(START + n * timedelta(minutes=minutes), e, f)
        for n, (e, f) in enumerate(zip(equities, flows, strict=False))
    ]

    found = measure(points, [a_trip(pnl=p) for p in profits])

    assert all(value is None or math.isfinite(value) for value in found.values())


def test_a_year_of_minutes_is_measured_in_a_moment():
    equities = (1000 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-4, 200_000)))).tolist()
    points = a_curve(equities, step=timedelta(minutes=1))

    found = measure(points, ())

    daily = np.array(equities[:1] + equities[1440::1440] + equities[-1:])
    change = np.diff(daily) / daily[:-1]
    assert found["sharpe"] == pytest.approx(change.mean() / change.std(ddof=1) * math.sqrt(365))
