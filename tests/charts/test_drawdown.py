"""The underwater picture: depth, length, and how it stands now."""

from charts.drawdown import alt_text, drawdown_figure
from charts.theme import theme
from tests.builders import a_curve
from tests.charts.gallery import points, sentences


def figure(curve, **changes):
    return drawdown_figure(curve, **{"title": "t", "zone": "UTC", "theme": theme()} | changes)


TWO_FALLS = a_curve([100, 90, 80, 95, 101, 105, 100, 99.75, 106, 106])


def test_the_worst_falls_carry_their_depth_and_length():
    shown = sentences(figure(TWO_FALLS))

    assert {"-20.00%", "-20.00% · 4 days", "-5.00% · 3 days", "now 0.00%"} <= set(shown)


def test_only_as_many_as_asked_for_are_named():
    shown = sentences(figure(TWO_FALLS, worst=1))

    assert "-20.00% · 4 days" in shown
    assert not any("-5.00%" in text and "days" in text for text in shown)


def test_the_deepest_is_always_named_however_wild_the_curve():
    for seed in range(8):
        curve = points(seed=seed)

        assert any(" · " in text and text.startswith("-") for text in sentences(figure(curve)))


def test_the_caption_tells_a_fall_that_is_over_from_one_that_is_not():
    assert alt_text(TWO_FALLS, zone="UTC") == (
        "Deepest fall -20.00% on 3 Jan, under water for 4 days, made good again. Now at its best so far."
    )
    assert alt_text(TWO_FALLS[:4], zone="UTC") == (
        "Deepest fall -20.00% on 3 Jan, under water for 3 days, not made good yet."
        " Now 5.00% below the best so far."
    )


def test_without_a_fall_the_caption_says_so():
    assert alt_text(a_curve([1, 2, 3]), zone="UTC") == "No fall in 2 days."
    assert "0.00%" in sentences(figure(a_curve([1, 2, 3])))


def test_the_deepest_point_lies_within_the_pane():
    drawn = figure(points())

    low, high = drawn.axes[0].get_ylim()
    assert low < min(min(line.get_ydata()) for line in drawn.axes[0].lines)
    assert high == 0
