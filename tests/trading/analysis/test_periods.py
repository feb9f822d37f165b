"""Days, weeks and months as a person reads them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.builders import START, a_trip, at
from trading.analysis.periods import by_period, first_start
from trading.domain.report import EquityPoint

DAY = timedelta(days=1)


def days(points, *, since=START, now=at(240), length="day", zone="UTC", trips=()):
    return [
        (p.label, p.profit, round(p.change, 9), p.trades)
        for p in by_period(points, trips, since, now, length, zone)
    ]


def test_each_day_earns_from_the_last_point_of_the_day_before():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(23), 110.0), EquityPoint(at(30), 121.0))

    assert days(points) == [("2024-01-01", Decimal(10), 0.1, 0), ("2024-01-02", Decimal(11), 0.1, 0)]


def test_what_an_account_begins_with_is_no_profit():
    for flow in (0.0, 10_000.0):
        points = (EquityPoint(at(9), 10_000.0, flow), EquityPoint(at(12), 10_050.0))

        assert days(points) == [("2024-01-01", Decimal(50), 0.005, 0)]


def test_money_put_in_is_no_profit():
    points = (EquityPoint(at(1), 100.0), EquityPoint(at(30), 310.0, 200.0))

    assert days(points)[1] == ("2024-01-02", Decimal(10), 0.1, 0)


def test_a_day_after_a_silence_earns_from_the_last_point_there_is():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(100), 130.0))

    found = days(points, since=at(96))

    assert found == [("2024-01-05", Decimal(30), 0.3, 0)]


def test_trades_count_on_the_day_they_were_closed_where_the_reader_lives():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(38), 100.0))
    trips = [a_trip(exit_at=at(14)), a_trip(exit_at=at(16)), a_trip(exit_at=at(17))]

    found = days(points, zone="Asia/Seoul", trips=trips)

    assert [(label, trades) for label, _, _, trades in found] == [("2024-01-01", 1), ("2024-01-02", 2)]


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        ("week", ["2024-W01", "2024-W02", "2024-W03", "2024-W04", "2024-W05"]),
        ("month", ["2024-01", "2024-02"]),
    ],
)
def test_weeks_and_months_have_their_usual_names(length, labels):
    points = [EquityPoint(START + n * DAY, 100.0 + n) for n in range(35)]

    found = days(points, now=at(24 * 40), length=length)

    assert [label for label, *_ in found] == labels
    assert sum(profit for _, profit, _, _ in found) == 34


def test_points_after_now_are_not_known_yet():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(5), 110.0), EquityPoint(at(8), 999.0))

    assert days(points, now=at(6)) == [("2024-01-01", Decimal(10), 0.1, 0)]


def test_no_points_are_no_days():
    assert days(()) == []


@pytest.mark.parametrize(
    ("length", "count", "start"),
    [
        ("day", 1, datetime(2024, 3, 14, tzinfo=UTC)),
        ("day", 14, datetime(2024, 3, 1, tzinfo=UTC)),
        ("week", 2, datetime(2024, 3, 4, tzinfo=UTC)),
        ("month", 3, datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_newest_periods_begin_so_far_back(length, count, start):
    assert first_start(datetime(2024, 3, 14, 15, 30, tzinfo=UTC), length, count, "UTC") == start


def test_days_begin_at_midnight_of_the_zone():
    now = datetime(2024, 3, 14, 15, 30, tzinfo=UTC)  # half past midnight of the 15th in Seoul

    assert first_start(now, "day", 1, "Asia/Seoul").isoformat() == "2024-03-15T00:00:00+09:00"
