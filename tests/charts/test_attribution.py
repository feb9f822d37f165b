"""Who earned it: each group adds up to the same, and nothing is left out of a sum."""

import pytest

from charts.attribution import MOST, Earned, alt_text, attribution_figure
from charts.theme import theme
from tests.charts.gallery import earners, sentences


def figure(earned):
    return attribution_figure(earned, title="t", currency="USDT", theme=theme())


def lengths(drawn):
    return [patch.get_width() for axes in drawn.axes for patch in axes.patches]


def test_bars_are_as_long_as_what_was_won_or_lost_the_best_first():
    drawn = figure([Earned("Strategies", "rsi", -20.0), Earned("Strategies", "macd", 50.0)])

    assert lengths(drawn) == [50.0, 20.0]
    assert {"+30.00", "+50.00", "-20.00"} <= set(sentences(drawn))


def test_the_headline_is_what_each_group_adds_up_to():
    earned = earners()

    total = sum(one.profit for one in earned if one.group == "Strategies")
    assert sum(one.profit for one in earned if one.group == "Markets") == pytest.approx(total)
    assert f"{total:+.2f}" in sentences(figure(earned))
    assert alt_text(earned, currency="USDT").startswith(
        f"Closed trades: {total:+.2f} USDT. Strategies: ema_cross"
    )


def test_many_are_put_together_with_their_sum():
    earned = [Earned("Markets", f"C{n}/USDT", float(n)) for n in range(1, 51)]

    drawn = figure(earned)

    assert len(lengths(drawn)) == MOST
    assert {"47 others", f"+{sum(range(1, 48)):,}.00"} <= set(sentences(drawn))
