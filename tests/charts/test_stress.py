"""The bad days' bars: a number at each end, which the dashed line of the limit never runs through."""

from matplotlib.colors import to_rgb

from charts.stress import stress_figure
from charts.theme import theme
from tests.charts.gallery import bad_days


def test_the_dashed_line_ends_before_a_number_that_stands_in_its_way():
    drawn = stress_figure(bad_days(), title="Stress", room=0.10, theme=theme())

    pane = next(axes for axes in drawn.axes if axes.texts and axes.lines)
    patches = [text.get_bbox_patch() for text in pane.texts]
    assert {patch.get_facecolor() for patch in patches} == {(*to_rgb(theme().background), 1.0)}
    assert all(text.zorder > pane.lines[0].zorder for text in pane.texts)
