"""What trading took: turnover, and slippage found again in the prices it is inside."""

from decimal import Decimal

import pytest

from tests.builders import a_fill
from trading.analysis.costs import slipped, traded, yearly_turnover
from trading.domain.order import Side

SHARE = Decimal("0.0005")


def test_slippage_is_what_the_fills_cost_beyond_the_price_that_was_seen():
    bought = a_fill(amount="2", price=Decimal(100) * (1 + SHARE))
    sold = a_fill(amount="2", side=Side.SELL, price=Decimal(100) * (1 - SHARE))

    assert slipped([bought], SHARE) == pytest.approx(Decimal("0.1"))
    assert slipped([bought, sold], SHARE) == pytest.approx(Decimal("0.2"))
    assert slipped([bought, sold], Decimal(0)) == 0


def test_both_sides_count_as_traded():
    assert traded([a_fill(price="100"), a_fill(side=Side.SELL, price="120")]) == 220


def test_turnover_is_yearly_and_none_where_there_is_no_year_to_speak_of():
    assert yearly_turnover(Decimal(5000), 1000.0, 182.5) == pytest.approx(10)
    assert yearly_turnover(Decimal(5000), 1000.0, 0.5) is None
    assert yearly_turnover(Decimal(5000), 0.0, 365) is None
