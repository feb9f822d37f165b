"""Candles built from single trades."""

import numpy as np

from trading.domain.market import Timeframe
from trading.market.ticks import candles_of

MINUTE = Timeframe(60)


def test_a_candle_opens_with_its_first_trade_and_closes_with_its_last():
    times = np.array([60_001, 61_000, 119_999, 240_000], np.int64)
    prices, amounts = np.array([10.0, 12.0, 9.0, 11.0]), np.array([1.0, 2.0, 3.0, 4.0])

    found = candles_of(times, prices, amounts, MINUTE)

    assert found.opened.tolist() == [60, 240]
    assert [found.open[0], found.high[0], found.low[0], found.close[0], found.volume[0]] == [10, 12, 9, 9, 6]
    assert [found.open[1], found.close[1], found.volume[1]] == [11, 11, 4]


def test_no_trades_are_no_candles():
    nothing = np.array([])

    assert len(candles_of(nothing.astype(np.int64), nothing, nothing, MINUTE)) == 0
