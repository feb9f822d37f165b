"""The histogram of chance: every throw is in it, and our own result is where it belongs."""

import pytest
from matplotlib.colors import to_hex

from charts.luck import alt_text, luck_figure
from charts.theme import theme
from tests.charts.gallery import chance, sentences, spread


def figure(outcomes, ours):
    return luck_figure(spread(outcomes, ours), title="t", theme=theme())


def bars(drawn):
    return [patch for patch in drawn.axes[0].patches if patch.get_height() > 0]


def test_every_throw_is_counted_once():
    drawn = figure(chance(1000), 0.8)

    assert sum(bar.get_height() for bar in bars(drawn)) == 1000


def test_what_is_better_than_ours_stands_out_and_is_the_share_that_is_told():
    drawn = figure(chance(1000), 0.8)

    beyond = [bar for bar in bars(drawn) if to_hex(bar.get_facecolor()) == theme().warn]
    assert all(bar.get_x() + bar.get_width() > 0.8 for bar in beyond)
    better = sum(value > 0.8 for value in chance(1000))
    assert sum(bar.get_height() for bar in beyond) == pytest.approx(better, abs=25)
    assert f"better than {1 - better / 1000:.0%} of chance" in sentences(drawn)


@pytest.mark.parametrize("ours", [-1.0, 0.0, 500.0, 1e15])
def test_our_line_is_on_the_page_wherever_it_lies(ours):
    drawn = figure(chance(300), ours)
    pane = drawn.axes[0]

    line = next(found for found in pane.collections if len(found.get_segments()) == 1)
    x = line.get_segments()[0][0][0]
    assert pane.get_xlim()[0] <= x <= pane.get_xlim()[1]
    assert "ours" in sentences(drawn)


def test_one_lucky_throw_does_not_squeeze_the_others():
    drawn = figure([*chance(500), 1e6], 0.8)

    assert drawn.axes[0].get_xlim()[1] < 20
    assert any("far outside" in text for text in sentences(drawn))


def test_throws_that_all_end_the_same_can_be_drawn():
    drawn = figure([0.0] * 100, 0.0)

    assert sum(bar.get_height() for bar in bars(drawn)) == 100


def test_the_caption_has_the_middle_and_nine_in_ten():
    shown = alt_text(spread([n / 100 for n in range(101)], 0.905))

    assert (
        shown
        == "Ours +90.50%, better than 90% of chance; the middle of chance +50.00%, nine in ten +5.00% to +95.00%."
    )
