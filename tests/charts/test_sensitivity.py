"""The map of neighbouring parameters: every number in its place, the chosen one framed."""

from charts.sensitivity import alt_text, sensitivity_figure
from charts.theme import theme
from tests.charts.gallery import crossed, landscape, outside, sentences, texts, variants


def figure(found):
    return sensitivity_figure(found, title="t", theme=theme())


def test_every_variant_has_its_number_and_one_that_never_traded_a_dash():
    shown = sentences(figure(landscape(variants())))

    numbers = [f"{score:.2f}" for row in variants() for score in row if score is not None]
    assert sorted(text for text in shown if "." in text and "%" not in text)[: len(numbers)]
    assert all(shown.count(number) >= numbers.count(number) for number in set(numbers))
    assert shown.count("—") == 1


def test_the_chosen_pair_is_framed_and_named():
    drawn = figure(landscape(variants()))

    frame = drawn.axes[0].lines
    xs = [x for line in frame for x in line.get_xdata()]
    ys = [y for line in frame for y in line.get_ydata()]
    middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    number = next(t for t in texts(drawn) if t.get_text() == "0.65" and t.get_fontsize() < 30)
    box = number.get_window_extent()
    place = drawn.axes[0].transData.transform(middle)
    assert abs(place[0] - (box.x0 + box.x1) / 2) < 4
    assert abs(place[1] - (box.y0 + box.y1) / 2) < 8
    assert "fast=9 slow=21" in sentences(drawn)


def test_one_parameter_is_one_row_without_a_name():
    drawn = figure(landscape([(0.1, 0.5, 0.4)], y_name="", ys=(0.0,), chosen=(0, 1)))

    shown = sentences(drawn)
    assert "fast=6" in shown
    assert "yearly Sharpe ratio; across fast" in shown
    assert outside(drawn, texts(drawn)) == crossed(texts(drawn)) == []


def test_long_values_and_names_find_room():
    found = landscape(
        variants(), x_name="a_parameter_with_a_long_name", y_name="another_parameter", xs=(0.012345,) * 7
    )

    drawn = figure(found)

    assert outside(drawn, texts(drawn)) == crossed(texts(drawn)) == []


def test_the_caption_has_the_chosen_score_and_the_range():
    assert alt_text(landscape([(0.1, None, 0.4)], ys=(5.0,), chosen=(0, 2))) == (
        "fast=8 slow=5: Sharpe ratio 0.40; all 2 variants lie between 0.10 and 0.40."
    )
