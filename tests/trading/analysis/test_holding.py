"""Buying and holding: equal parts, the same costs, nothing before a market began."""

import numpy as np
import pytest

from trading.analysis.holding import Prices, buy_and_hold

DAY = 86400


def prices(closes: list[float], first: float = 100.0, start: int = 0) -> Prices:
    return Prices((np.arange(len(closes)) + 1 + start) * DAY, first, np.array(closes, dtype=float))


def test_one_market_is_bought_once_with_its_costs():
    found = buy_and_hold([prices([110, 90, 120])], 1000.0, 0.001, 0.0005)

    assert found.total_return == pytest.approx(1.2 / (1.0005 * 1.001) - 1)
    assert found.max_drawdown == pytest.approx(1 - 90 / 110)
    assert found.equity[0].equity == 1000
    assert found.equity[-1].equity == pytest.approx(1000 * (1 + found.total_return))


def test_two_markets_share_the_money_and_the_later_one_is_cash_until_it_begins():
    found = buy_and_hold([prices([200, 200, 200]), prices([50], start=2)], 1000.0, 0.0, 0.0)

    assert [round(point.equity) for point in found.equity][-2:] == [1500, 1250]
    assert found.total_return == pytest.approx(0.25)


def test_without_prices_there_is_no_rival():
    assert buy_and_hold([prices([])], 1000.0, 0.0, 0.0) is None
