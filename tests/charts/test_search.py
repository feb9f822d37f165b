"""The map of a search and its front."""

import numpy as np

from charts.search import Spot, front_alt_text, front_figure, map_alt_text, map_figure
from charts.theme import theme
from tests.charts.gallery import sentences, tried, weighed


def drawn(spots, names=("fast", "slow"), explains=None):
    return map_figure(
        spots, names=names, explains=explains or {}, objective="sharpe", title="t", theme=theme()
    )


def test_every_square_shows_the_best_of_its_tries():
    shown = sentences(drawn([Spot(5, 30, 0.5), Spot(5, 30, 1.25), Spot(9, 40, -0.75)]))

    assert {"1.25", "-0.75", "5", "9", "30", "40", "fast=5 slow=30"} <= set(shown)
    assert "0.50" not in shown


def test_many_values_are_put_together_in_whole_ranges():
    shown = sentences(drawn([Spot(float(n), 30.0, n / 10) for n in range(2, 100)]))

    assert {"2", "16", "30", "44", "58", "72", "86"} <= set(shown)


def test_one_parameter_needs_one_row():
    shown = sentences(drawn([Spot(5, 0, 0.5), Spot(6, 0, 0.7)], names=("fast", "")))

    assert "best Sharpe ratio of each square; across fast" in shown
    assert "fast=6" in shown


def test_a_bar_is_as_long_as_what_its_parameter_explains():
    figure = drawn(tried(), explains={"fast": 0.75, "slow": 0.25})

    bars = [patch.get_width() for axes in figure.axes for patch in axes.patches]
    assert bars == [0.75, 0.25]
    assert {"75%", "25%"} <= set(sentences(figure))


def test_what_cannot_be_measured_is_left_out():
    spots = [Spot(5, 30, float("nan")), Spot(6, 30, 1.0)]

    assert map_alt_text(spots, names=("a", "b"), explains={}, objective="sharpe") == (
        "Best Sharpe ratio 1.00 at a=6 b=30, of 1 tries."
    )


def test_the_front_joins_those_that_none_beats():
    figure = front_figure(weighed(), names=("a", "b"), title="t", theme=theme())

    everything, best = figure.axes[0].lines
    assert len(everything.get_xdata()) == 60
    assert len(best.get_xdata()) == sum(s.value > 0 for s in weighed())
    assert list(best.get_xdata()) == sorted(best.get_xdata())
    assert np.all(np.diff(best.get_ydata()) < 0)


def test_the_front_is_in_words_and_shares_are_per_cent():
    names = ("sharpe", "-max_drawdown")
    spots = [Spot(1.5, -0.2, 1), Spot(0.5, -0.3, 0)]

    shown = sentences(front_figure(spots, names=names, title="t", theme=theme()))

    assert "across Sharpe ratio, up deepest fall" in shown
    assert "-20%" in shown
    assert front_alt_text(spots, names=names) == (
        "1 of 2 tries are beaten by none; best Sharpe ratio 1.50, best deepest fall -20.00%."
    )


def test_a_formula_of_ones_own_stays_as_it_was_written():
    shown = sentences(
        front_figure(weighed(), names=("sharpe", "sharpe - 2 * ulcer"), title="t", theme=theme())
    )

    assert "across Sharpe ratio, up sharpe - 2 * ulcer" in shown
