"""The meters: every limit has its bar, as long as what is used, and the worst is the headline."""

import pytest
from matplotlib.colors import to_hex

from charts.risk import Meter, alt_text, risk_figure
from charts.theme import theme
from tests.charts.gallery import meters, sentences


def figure(shown):
    return risk_figure(shown, title="Risk", theme=theme())


def used(drawn):
    return [axes.patches[1].get_width() for axes in drawn.axes]


def test_each_bar_is_as_long_as_what_is_used():
    assert used(figure(meters())) == [m.used for m in meters()]


@pytest.mark.parametrize(("share", "drawn"), [(-0.3, 0.0), (1.7, 1.0)])
def test_a_bar_never_leaves_its_place(share, drawn):
    assert used(figure([Meter("Loss left today", share, "0")])) == [drawn]


def test_what_is_nearest_its_limit_is_the_headline_and_has_the_colour_of_loss():
    drawn = figure(meters())

    assert "100%" in sentences(drawn)
    assert to_hex(drawn.axes[0].patches[1].get_facecolor()) == theme().down
    assert to_hex(drawn.axes[2].patches[1].get_facecolor()) == theme().up


def test_a_share_is_rounded_down_in_headline_and_caption_as_it_is_in_the_chats_words():
    shown = [Meter("Drawdown left", 0.5797, "630.23 USDT"), Meter("Exposure left", 0.1, "9")]

    assert "57%" in sentences(figure(shown))
    assert "57% used" in alt_text(shown)


def test_the_caption_has_the_same_numbers():
    shown = alt_text(meters()[1:3])

    assert shown == "Loss left this week: 287.10 USDT, 71% used; Drawdown left: 1,075.76 USDT, 29% used."
