"""Several curves on one scale."""

from itertools import pairwise

from matplotlib.colors import to_hex

from charts.compare import alt_text, compare_figure
from charts.theme import theme
from tests.builders import a_curve, at
from tests.charts.gallery import points, rivals, sentences, texts
from trading.domain.report import EquityPoint


def figure(curves, **changes):
    return compare_figure(curves, **{"title": "t", "zone": "UTC", "theme": theme()} | changes)


def test_every_curve_starts_at_a_hundred_whatever_its_money():
    drawn = figure({"rich": a_curve([1_000_000, 1_100_000]), "poor": a_curve([10, 9])})

    starts = {line.get_ydata()[0] for line in drawn.axes[0].lines if len(line.get_ydata()) == 2}
    assert starts == {100}
    assert {"rich", "+10.00%", "poor", "-10.00%"} <= set(sentences(drawn))


def test_a_deposit_does_not_win():
    saver = [EquityPoint(at(0), 100.0), EquityPoint(at(24), 1100.0, 1000.0)]

    assert alt_text({"saver": saver, "trader": a_curve([100, 101])}) == (
        "Change over the window: trader +1.00%, saver 0.00%."
    )


def test_each_name_has_the_colour_of_its_line_and_the_best_comes_first():
    drawn = figure(rivals())

    names = {found.get_text(): to_hex(found.get_color()) for found in texts(drawn)}
    colours = [to_hex(line.get_color()) for line in drawn.axes[0].lines if len(line.get_ydata()) > 100]
    assert sorted(names[name] for name in rivals()) == sorted(colours)
    best = max(rivals(), key=lambda name: rivals()[name][-1].equity)
    assert names[best] == theme().series[0]


def test_names_of_curves_that_end_together_stay_apart():
    drawn = figure({f"variant {n}": a_curve([100, 101 + n / 1000]) for n in range(8)})

    heights = sorted(found.get_window_extent().y0 for found in texts(drawn) if "variant" in found.get_text())
    assert min(b - a for a, b in pairwise(heights)) > 36


def test_more_than_eight_are_there_in_grey():
    drawn = figure({f"variant {n}": points(50, seed=n) for n in range(12)})

    shown = sentences(drawn)
    assert sum(text.startswith("variant") for text in shown) == 8
    assert any("grey: 4 more" in text for text in shown)


def test_a_long_name_is_cut_and_one_that_cannot_be_drawn_is_left_out():
    shown = sentences(figure({"a very long name of a strategy": a_curve([1, 2]), "🧪": a_curve([1, 3])}))

    assert any(text.startswith("a very") and text.endswith("…") for text in shown)
    assert "+200.00%" in shown


def test_a_curve_without_points_is_left_out():
    assert alt_text({"none": [], "one": a_curve([5])}) == "Change over the window: one —."
