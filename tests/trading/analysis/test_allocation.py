"""What the money was in, by hand."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from tests.builders import START, a_fill
from trading.analysis.allocation import MOST, allocation, traded_in
from trading.domain.order import Side
from trading.domain.report import EquityPoint

HOURS = np.array([int(START.timestamp()) + 3600 * n for n in range(5)])


def at(hour: int):
    return START + timedelta(hours=hour)


def test_shares_are_what_was_held_at_the_close_over_the_equity():
    fills = [
        a_fill(id="1", symbol="BTC/USDT", amount="2", price="100", at=at(1)),
        a_fill(id="2", symbol="ETH/USDT", amount="10", price="10", at=at(2)),
        a_fill(id="3", symbol="BTC/USDT", side=Side.SELL, amount="1", price="150", at=at(3)),
    ]
    closes = {
        "BTC/USDT": (HOURS, np.array([100.0, 100.0, 120.0, 150.0, 150.0])),
        "ETH/USDT": (HOURS, np.array([10.0, 10.0, 10.0, 12.0, 12.0])),
        "SOL/USDT": (HOURS, np.ones(5)),
    }
    equity = [EquityPoint(at(n), 1000.0) for n in range(5)]

    found = allocation(fills, closes, equity)

    assert [point.shares for point in found] == [
        {"BTC/USDT": 0.0, "ETH/USDT": 0.0},
        {"BTC/USDT": 0.2, "ETH/USDT": 0.0},
        {"BTC/USDT": 0.24, "ETH/USDT": 0.1},
        {"BTC/USDT": 0.15, "ETH/USDT": 0.12},
        {"BTC/USDT": 0.15, "ETH/USDT": 0.12},
    ]


def test_many_moments_are_thinned_and_the_last_is_kept():
    fills = [a_fill(id="1", amount="1", price="100", at=at(0))]
    equity = [EquityPoint(at(n), 1000.0) for n in range(5000)]

    found = allocation(fills, {"BTC/USDT": (HOURS, np.full(5, 100.0))}, equity)

    assert len(found) == MOST
    assert found[-1].at == equity[-1].at
    assert found[-1].shares["BTC/USDT"] == pytest.approx(0.1)


def test_without_trades_there_is_nothing_to_allocate():
    assert allocation([], {}, [EquityPoint(at(0), float(Decimal(1)))]) == ()


def test_only_markets_that_were_held_at_some_time_of_the_window_count_with_all_they_were_bought_before():
    sold_before = [
        a_fill(id="1", symbol="ETH/USDT", at=at(1)),
        a_fill(id="2", symbol="ETH/USDT", side=Side.SELL, at=at(2)),
    ]
    held_all_along = a_fill(id="3", symbol="BTC/USDT", at=at(3))
    bought_within = a_fill(id="4", symbol="SOL/USDT", at=at(12))
    bought_after = [
        a_fill(id="5", symbol="XRP/USDT", at=at(30)),
        a_fill(id="6", symbol="BTC/USDT", at=at(31)),
    ]

    found = traded_in([*sold_before, held_all_along, bought_within, *bought_after], at(10), at(20))

    assert found == [held_all_along, bought_within]
