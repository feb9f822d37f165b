"""What orders were filled at: the average is of the money, and one order far outside does not flatten the rest."""

from dataclasses import replace
from decimal import Decimal

import pytest

from charts.slippage import alt_text, average, slippage_figure
from charts.theme import theme
from tests.charts.gallery import sentences, slips

SAME = {"currency": "USDT", "zone": "UTC"}


def figure(found):
    return slippage_figure(found, title="t", theme=theme(), **SAME)


def filled(share: str, amount: str = "1"):
    return replace(slips(2)[0], filled=200 * (1 + Decimal(share)), amount=Decimal(amount))


def test_the_average_is_weighed_by_money():
    found = [filled("0.001", "9"), filled("-0.001", "1")]

    assert average(found) == pytest.approx(0.0008)
    assert {"+8.0 bp", "+1.60 USDT"} <= set(sentences(figure(found)))


def test_an_order_far_outside_is_counted_and_the_others_keep_their_height():
    usual = [filled("0.0005")] * 30

    drawn = figure([*usual, filled("0.05")])

    assert drawn.axes[0].get_ylim()[1] < 0.001
    assert any(text.endswith("1 far outside") for text in sentences(drawn))


def test_better_fills_lie_below_the_line_and_are_said_to_have_cost_less_than_nothing():
    found = [filled("-0.0004"), filled("-0.0002")]

    low, high = figure(found).axes[0].get_ylim()

    assert low < -0.0004 and high >= 0
    assert alt_text(found, **SAME) == (
        "Orders filled: 2; beyond the price at the decision they paid -3.0 bp on average, -0.12 USDT in all. "
        "Worst -2.0 bp (BTC/USDT, 1 Jan), best -4.0 bp; 1 bp is 0.01%."
    )


def test_fills_at_exactly_the_price_of_the_decision_are_drawn_too():
    assert "0.0 bp" in sentences(figure([filled("0"), filled("0")]))
