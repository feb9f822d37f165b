"""Curves: growth without cash flows, falls from the top, days, weeks and months."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import START, a_curve, at
from trading.analysis.curves import (
    Curve,
    Span,
    daily,
    daily_changes,
    drawdowns,
    longest_below_top,
    periods,
)
from trading.domain.report import EquityPoint

DAY = timedelta(days=1)
SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")


def changes(points, span, zone=UTC):
    return [(p.start.isoformat(), round(p.change, 9)) for p in periods(points, span, zone)]


def test_growth_without_flows_is_equity_over_the_first():
    curve = Curve.of(a_curve([200, 220, 110]))

    assert curve.growth.tolist() == [1.0, 1.1, 0.55]
    assert curve.days == 2


def test_money_put_in_is_no_growth_and_taken_out_is_no_loss():
    points = (
        EquityPoint(START, 100.0),
        EquityPoint(START + DAY, 1110.0, 1000.0),  # earned 10 %, then 1,000 came
        EquityPoint(START + 2 * DAY, 555.0),  # halved
        EquityPoint(START + 3 * DAY, 55.0, -500.0),  # nothing happened, then 500 left
    )

    assert Curve.of(points).growth.tolist() == pytest.approx([1.0, 1.1, 0.55, 0.55])


def test_what_the_account_began_with_is_no_flow():
    points = (EquityPoint(START, 100.0, 100.0), EquityPoint(START + DAY, 150.0))

    assert Curve.of(points).growth.tolist() == [1.0, 1.5]


def test_an_emptied_account_neither_wins_nor_loses_until_money_comes_back():
    points = (
        EquityPoint(START, 100.0),
        EquityPoint(START + DAY, 0.0, -120.0),
        EquityPoint(START + 2 * DAY, 50.0, 50.0),
        EquityPoint(START + 3 * DAY, 55.0),
    )

    assert Curve.of(points).growth.tolist() == pytest.approx([1.0, 1.2, 1.2, 1.32])


def test_ruin_stays_ruin():
    points = (*a_curve([100, -20]), EquityPoint(START + 2 * DAY, 80.0, 100.0))

    curve = Curve.of(points)

    assert curve.growth.tolist() == [1, 0, 0]
    assert drawdowns(curve).tolist() == [0, 1, 1]


def test_drawdown_is_the_fall_from_the_highest_so_far():
    curve = Curve.of(a_curve([100, 120, 90, 120, 60, 130]))

    assert drawdowns(curve).tolist() == pytest.approx([0, 0, 0.25, 0, 0.5, 0])


def test_the_longest_time_below_a_top_counts_until_it_is_regained():
    assert longest_below_top(Curve.of(a_curve([100, 120, 90, 120, 60, 80, 130]))) == 3


def test_the_longest_time_below_a_top_counts_until_the_end_when_it_never_is():
    assert longest_below_top(Curve.of(a_curve([100, 90, 100, 99, 98, 97]))) == 3


def test_a_curve_that_only_rises_is_never_below_its_top():
    assert longest_below_top(Curve.of(a_curve([100, 100, 101, 102]))) == 0


def test_taking_money_out_every_day_is_no_drawdown():
    points = [EquityPoint(START + n * DAY, 933.31 - n * 0.07, -0.07 if n else 0.0) for n in range(2000)]

    curve = Curve.of(points)

    assert drawdowns(curve).max() == 0
    assert longest_below_top(curve) == 0


@settings(deadline=None)
@given(equities=st.lists(st.floats(0.01, 1e9), min_size=1, max_size=60))
def test_drawdown_agrees_with_looking_back_at_every_point(equities):
    found = drawdowns(Curve.of(a_curve(equities)))

    by_hand = [1 - equity / max(equities[: n + 1]) for n, equity in enumerate(equities)]
    assert found.tolist() == pytest.approx(by_hand, abs=1e-9)


def test_a_point_at_midnight_ends_the_day_before():
    points = (
        EquityPoint(at(6), 100.0),
        EquityPoint(at(24), 110.0),
        EquityPoint(at(25), 121.0),
        EquityPoint(at(48), 133.1),
    )

    assert changes(points, Span.DAY) == [("2024-01-01", 0.1), ("2024-01-02", 0.21)]


def test_quiet_days_are_there_too():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(80), 130.0))

    assert changes(points, Span.DAY) == [
        ("2024-01-01", 0.0),
        ("2024-01-02", 0.0),
        ("2024-01-03", 0.0),
        ("2024-01-04", 0.3),
    ]


def test_a_day_begins_at_midnight_where_the_person_lives():
    points = (EquityPoint(at(0), 100.0), EquityPoint(at(14), 110.0), EquityPoint(at(16), 121.0))

    assert changes(points, Span.DAY, SEOUL) == [("2024-01-01", 0.1), ("2024-01-02", 0.1)]


def test_days_of_23_and_25_hours_are_days():
    spring = datetime(2024, 3, 30, 23, tzinfo=UTC)  # midnight in Berlin, the clocks change the night after
    points = [EquityPoint(spring + timedelta(hours=n), 100.0 + n) for n in range(48)]

    found = periods(points, Span.DAY, BERLIN)

    assert [(p.start, p.last_equity) for p in found] == [
        (date(2024, 3, 31), 123.0),
        (date(2024, 4, 1), 147.0),
    ]


def test_weeks_begin_on_monday_and_months_on_the_first():
    points = [EquityPoint(datetime(2024, 1, 30, tzinfo=UTC) + n * DAY, 100.0 + n) for n in range(10)]

    weeks, months = periods(points, Span.WEEK), periods(points, Span.MONTH)

    assert [(w.start, w.last_equity) for w in weeks] == [
        (date(2024, 1, 29), 106.0),
        (date(2024, 2, 5), 109.0),
    ]
    assert [(m.start, m.last_equity) for m in months] == [
        (date(2024, 1, 1), 102.0),
        (date(2024, 2, 1), 109.0),
    ]


def test_a_period_knows_its_flow_and_its_profit():
    points = (EquityPoint(at(1), 100.0), EquityPoint(at(5), 160.0, 50.0), EquityPoint(at(9), 168.0))

    (day,) = periods(points, Span.DAY)

    assert (day.first_equity, day.last_equity, day.flow) == (100.0, 168.0, 50.0)
    assert day.profit == 18.0
    assert day.change == pytest.approx(1.1 * 1.05 - 1)


def test_a_curve_of_one_point_has_no_periods():
    assert periods(a_curve([100]), Span.DAY) == ()
    assert periods((), Span.DAY) == ()
    assert daily(()) == ()
    assert len(daily_changes(Curve.of(a_curve([100])))) == 0


def test_no_curve_has_no_fall_and_no_length():
    curve = Curve.of(())

    assert (len(drawdowns(curve)), longest_below_top(curve), curve.days) == (0, 0.0, 0.0)


@settings(deadline=None)
@given(
    equities=st.lists(st.floats(1, 1e6), min_size=2, max_size=80),
    step=st.integers(1, 5000),
    span=st.sampled_from(Span),
    zone=st.sampled_from([UTC, SEOUL, BERLIN]),
)
def test_periods_follow_each_other_and_multiply_to_the_whole(equities, step, span, zone):
    points = a_curve(equities, step=timedelta(minutes=step))

    found = periods(points, span, zone)

    assert found[0].first_equity == equities[0]
    assert [p.first_equity for p in found[1:]] == [p.last_equity for p in found[:-1]]
    assert np.prod([1 + p.change for p in found]) == pytest.approx(equities[-1] / equities[0])
    assert len({p.start for p in found}) == len(found)


def test_daily_keeps_the_start_every_midnight_and_the_end_with_their_flows():
    points = (
        EquityPoint(at(20), 100.0, 100.0),
        EquityPoint(at(23), 130.0, 20.0),
        EquityPoint(at(30), 140.0, 5.0),
        EquityPoint(at(60), 150.0),
    )

    assert daily(points) == (
        EquityPoint(at(20), 100.0, 0.0),
        EquityPoint(at(24), 130.0, 20.0),
        EquityPoint(at(48), 140.0, 5.0),
        EquityPoint(at(60), 150.0, 0.0),
    )
