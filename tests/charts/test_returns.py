"""Days, months and trades: the pictures and the words under them."""

from datetime import date, timedelta

import numpy as np
import pytest

from charts.months import compounded
from charts.returns import (
    daily_alt_text,
    daily_bars,
    daily_figure,
    distribution,
    distribution_alt_text,
    distribution_figure,
    monthly_alt_text,
    monthly_figure,
    monthly_heatmap,
)
from charts.theme import theme
from tests.charts.gallery import days, pixels, sentences

NAN = float("nan")
MONDAY = date(2025, 11, 10)
THREE = [(MONDAY, 12.5), (MONDAY + timedelta(1), -7.25), (MONDAY + timedelta(2), 0.0)]


def daily(data, **changes):
    return daily_figure(data, **{"title": "t", "currency": "USDT", "theme": theme()} | changes)


def test_a_day_that_earned_points_up_and_one_that_lost_points_down():
    drawn = daily(THREE)

    gained, lost = (lines.get_segments() for lines in drawn.axes[0].collections)
    assert [segment[1][1] for segment in gained] == [12.5]
    assert [segment[1][1] for segment in lost] == [-7.25]
    assert {"+5.25", "1 of 3 days up", "+12.50", "-7.25"} <= set(sentences(drawn))


def test_the_caption_of_the_days_says_the_same():
    assert daily_alt_text(THREE, currency="USDT") == (
        "+5.25 USDT, up on 1 of 3 days; best +12.50 on 10 Nov, worst -7.25 on 11 Nov."
    )


def test_among_many_days_only_the_best_and_the_worst_are_named():
    shown = sentences(daily(days(60)))

    assert sum(text[0] in "+-" and "." in text for text in shown) == 3  # these two, and the total


def test_a_long_time_is_drawn_in_bars_of_several_days_that_sum_up():
    drawn = daily(days(1500))

    heights = [float(end[1]) for lines in drawn.axes[0].collections for _, end in lines.get_segments()]
    assert len(heights) <= 120
    assert sum(heights) == pytest.approx(sum(value for _, value in days(1500)))
    assert any("13 days a bar" in text for text in sentences(drawn))


def test_the_same_day_twice_is_one_day():
    assert daily_alt_text([(MONDAY, 1.0), (MONDAY, 2.0)], currency="KRW").startswith(
        "+3 KRW, up on 1 of 1 days"
    )


@pytest.mark.parametrize(
    "data",
    [[(MONDAY, NAN)], [(MONDAY, 0.0)], [(MONDAY, 1e300), (MONDAY + timedelta(1), -1e300)], days(20_000)],
    ids=len,
)
def test_strange_days_are_drawn_without_a_warning(data):
    assert pixels(daily_bars(data, title="t", currency="KRW", theme=theme())).any()


def test_months_stand_in_their_year_with_its_compounded_total():
    table = {(2024, 11): 0.1, (2024, 12): -0.05, (2025, 1): 0.021}

    shown = sentences(monthly_figure(table, title="t", theme=theme()))

    assert {"2024", "2025", "Nov", "+10", "-5.0", "+2.1", "+4.5", "in 3 months", "+6.69%"} <= set(shown)
    assert monthly_alt_text(table) == (
        "+6.69% in 3 months; best month +10.00% (Nov 2024), worst -5.00% (Dec 2024)."
    )


def test_compounding_multiplies_and_never_loses_more_than_everything():
    assert compounded([0.1, -0.05]) == pytest.approx(0.045)
    assert compounded([-3.0, 5.0]) == -1
    assert compounded([]) == 0


def test_a_month_is_coloured_by_its_sign():
    look = theme("light", "western")

    shades = [
        pixels(monthly_heatmap({(2025, 1): value}, title="t", theme=look))[290, 150, :3]
        for value in (0.1, -0.1)
    ]

    assert shades[0][1] > shades[0][0]
    assert shades[1][0] > shades[1][1]


def test_only_the_latest_years_fit_and_it_says_how_many_do_not():
    table = {(year, month): 0.01 for year in range(1990, 2026) for month in range(1, 13)}

    shown = sentences(monthly_figure(table, title="t", theme=theme()))

    assert "2014" in shown
    assert "2013" not in shown
    assert "per cent · earlier years: 24" in shown


@pytest.mark.parametrize(
    "table", [{(2025, 13): 0.1}, {(2025, 1): NAN}, {(2025, 1): 1e300, (2025, 2): -5.0, (1, 1): 0.0}], ids=str
)
def test_strange_months_are_drawn_without_a_warning(table):
    assert pixels(monthly_heatmap(table, title="t", theme=theme())).any()


def test_the_spread_of_trades_shows_winners_mean_and_median():
    trades = [-0.02, -0.01, 0.01, 0.02, 0.05]

    shown = sentences(distribution_figure(trades, title="t", theme=theme()))

    assert {"60%", "of 5 trades with profit", "mean +1.00%", "median +1.00%"} <= set(shown)
    assert distribution_alt_text(trades) == (
        "60% of 5 trades with profit; mean +1.00%, median +1.00%, best +5.00%, worst -2.00%."
    )


@pytest.mark.parametrize("low, ends_below", [(-0.0175, True), (0.03, False)])
def test_a_line_ends_below_its_name_where_there_is_no_room_beside_it(low, ends_below):
    trades = [low] * 30 + [0.06] * 20 + [-0.02]

    pane = distribution_figure(trades, title="t", theme=theme()).axes[0]

    median = min((lines.get_segments()[0] for lines in pane.collections), key=lambda line: line[0][0])
    assert median[0][0] == pytest.approx(low)
    assert (median[1][1] < pane.get_ylim()[1]) == ends_below


def test_every_trade_is_in_one_bar_and_no_bar_mixes_profit_and_loss():
    trades = [float(value) for value in np.random.default_rng(3).standard_t(2, 500) * 0.01]

    drawn = distribution_figure(trades, title="t", theme=theme())

    bars = drawn.axes[0].patches
    assert sum(bar.get_height() for bar in bars) == 500
    losing = sum(bar.get_height() for bar in bars if bar.get_x() < -1e-12)
    assert losing == sum(value < 0 for value in trades)
    assert not any(bar.get_x() < -1e-12 and bar.get_x() + bar.get_width() > 1e-12 for bar in bars)


def test_trades_far_outside_do_not_squeeze_the_others():
    drawn = distribution_figure([0.01, 0.012, 0.009, -0.01] * 50 + [50.0], title="t", theme=theme())

    assert drawn.axes[0].get_xlim()[1] < 0.1
    assert any("1 far outside" in text for text in sentences(drawn))


@pytest.mark.parametrize(
    "trades",
    [[NAN], [0.5], [0.0] * 9, [1e300, -1e300, 0.1], [1e-15, 2e-15], [0.01] * 50_000],
    ids=lambda t: str(t[:3]),
)
def test_strange_trades_are_drawn_without_a_warning(trades):
    assert pixels(distribution(trades, title="t", theme=theme())).any()
