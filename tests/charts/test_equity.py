"""The equity picture: what it shows, what it marks, and the words under it."""

import math

import numpy as np
import pytest
from matplotlib.text import Text

from charts.equity import alt_text, equity_chart, equity_figure
from charts.theme import theme
from tests.builders import a_curve, a_trip, at
from tests.charts.gallery import ZONE, pixels, points, sentences
from trading.domain.report import EquityPoint


def figure(curve, **changes):
    asked = {"title": "t", "currency": "USDT", "zone": "UTC", "theme": theme()} | changes
    return equity_figure(curve, **asked)


def words(curve, **changes):
    return alt_text(curve, **{"currency": "USDT", "zone": "UTC"} | changes)


WEEK = a_curve([10_000, 10_100, 10_300, 10_094, 10_150, 10_200, 10_210, 10_214.31])


def test_equity_change_and_deepest_fall_are_written_on_it():
    shown = sentences(figure(WEEK))

    assert {"10,214.31", "USDT", "▲ +2.14%", "+214.31", "-2.00%", "4 Jan", "start 10,000.00"} <= set(shown)


def test_the_caption_says_the_same():
    assert words(WEEK) == "Equity 10,214.31 USDT, +2.14% over 7 days; deepest fall -2.00% on 4 Jan."


def test_a_deposit_is_marked_and_left_out_of_the_percentages():
    curve = (EquityPoint(at(0), 1000.0), EquityPoint(at(24), 6050.0, 5000.0), EquityPoint(at(48), 5929.0))

    shown, caption = sentences(figure(curve)), words(curve)

    assert {"+5,000.00", "put in 6,000.00", "▲ +2.90%", "-2.00%"} <= set(shown)
    assert caption == (
        "Equity 5,929.00 USDT, +2.90% over 2 days; deepest fall -2.00% on 3 Jan."
        " Money put in or taken out (+5,000.00 USDT) is left out of the percentages."
    )


def test_many_flows_are_all_marked_and_the_largest_is_named():
    curve = points(400, flows={hour: 4000.0 if hour == 200 else 10.0 for hour in range(5, 395, 3)})

    drawn = figure(curve)

    lines = [found for found in drawn.axes[0].collections if hasattr(found, "get_segments")]
    assert "+4,000.00" in sentences(drawn)
    assert sum(len(found.get_segments()) for found in lines) == 130


def test_closed_trades_stand_between_equity_and_drawdown():
    trades = [
        a_trip(exit_at=at(24), pnl="5"),
        a_trip(exit_at=at(48), pnl="-5"),
        a_trip(exit_at=at(72), pnl="9"),
    ]

    drawn = figure(WEEK, trades=trades)

    band = drawn.axes[2]
    assert [len(lines.get_segments()) for lines in band.collections] == [2, 1]
    assert words(WEEK, trades=trades).endswith("Trades closed: 3, with profit: 2.")


def test_trades_that_ended_before_the_picture_are_not_counted():
    trades = [a_trip(exit_at=at(-5)), a_trip(exit_at=at(24))]

    assert words(WEEK, trades=trades).endswith("Trades closed: 1, with profit: 1.")
    assert "trades" not in sentences(figure(WEEK, trades=trades[:1]))


def test_both_panes_share_their_time():
    above, below = figure(WEEK).axes[:2]

    assert above.get_xlim() == below.get_xlim()


def test_a_curve_that_never_fell_says_so():
    assert words(a_curve([1, 2, 3])) == (
        "Equity 3.00 USDT, +200.00% over 2 days; it never fell below an earlier high."
    )
    assert "0.00%" in sentences(figure(a_curve([1, 2, 3])))


def test_one_point_has_no_change():
    curve = a_curve([10_000])

    assert words(curve) == "Equity 10,000.00 USDT; nothing to compare it with yet."
    assert "%" not in "".join(text for text in sentences(figure(curve)) if "▲" in text or "▼" in text)


def test_negative_equity_stands_below_a_line_at_zero():
    drawn = figure(a_curve([100, -50, 20]))

    low, high = drawn.axes[0].get_ylim()
    assert low < -50 < 100 < high
    assert "▼ -100.00%" in sentences(drawn)


def test_the_window_is_in_the_readers_zone():
    assert "1 Jan 09:00 – 8 Jan 09:00 · Asia/Seoul" in sentences(figure(WEEK, zone=ZONE))


@pytest.mark.parametrize(
    "values",
    [
        [math.nan, math.nan],
        [1, math.nan, math.inf, 3],
        [7.0] * 50,
        [0.0] * 9,
        [1e300, 1e-300, 1e308, -1e308],
        [1e-12, 2e-12],
    ],
    ids=str,
)
def test_strange_numbers_are_drawn_without_a_warning(values):
    assert pixels(equity_chart(a_curve(values), title="t", currency="BTC", zone="UTC", theme=theme())).any()


def test_a_hundred_thousand_points_are_thinned_and_keep_their_extremes():
    money = 10_000 + np.random.default_rng(2).normal(size=100_000)
    money[[30_000, 60_000]] = 20_000, 5_000
    curve = [EquityPoint(at(hour / 4), float(value)) for hour, value in enumerate(money)]

    drawn = figure(curve)

    drawn_values = [set(line.get_ydata()) for line in drawn.axes[0].lines]
    assert max(map(len, drawn_values)) < 3000
    assert any({20_000, 5_000} <= values for values in drawn_values)
    assert "-75.00%" in sentences(drawn)


@pytest.mark.parametrize(("path", "side"), [([1.0, 1.2, 1.3, 1.5], "left"), ([1.0, 1.5, 1.2, 1.1], "right")])
def test_the_rivals_name_stands_where_the_lines_run_lower(path, side):
    rival = a_curve([10_000 * step for step in path])

    drawn = figure(a_curve([10_000, 10_100, 10_050, 10_080]), holding=rival)

    (name,) = [text for text in drawn.findobj(Text) if text.get_text().startswith("holding ")]
    assert name.get_horizontalalignment() == side
