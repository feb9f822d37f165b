"""Candles that fit on a page, and where trades stand among them."""

from datetime import timedelta

import numpy as np
import pytest

from charts.bars import MOST, Mark, aligned, bars, marks
from tests.builders import a_candle, a_fill, a_series, a_trip, at
from trading.domain.order import Side


def test_a_few_candles_are_bars_as_they_are():
    shown = bars(a_series([100, 102, 101]))

    assert (len(shown), shown.each, shown.gaps) == (3, 1, ())
    assert shown.close.tolist() == [100, 102, 101]
    assert shown.ends == at(3).timestamp()


def test_too_many_become_one_bar_of_several_without_losing_an_extreme():
    closes = [100.0] * 1000
    closes[500] = 150.0

    shown = bars(a_series(closes))

    assert len(shown) <= MOST
    assert shown.each == 7
    assert shown.high.max() == 150
    assert shown.volume.sum() == pytest.approx(10_000)
    assert shown.open[0] == 100


def test_a_candle_without_a_price_is_left_out_and_leaves_a_gap():
    nan = float("nan")
    candles = a_series([100, 101, 102, 103])
    candles[2] = a_candle(opened_at=at(2), close=nan)

    shown = bars(candles)

    assert shown.close.tolist() == [100, 101, 103]
    assert shown.gaps == (2,)


def test_unknown_volume_counts_as_none():
    assert bars([a_candle(volume=float("nan"))]).volume.tolist() == [0]


def test_a_moment_belongs_to_the_bar_that_contains_it():
    shown = bars(a_series([100, 101, 102]))

    found = [shown.place(at(hours)) for hours in (-0.1, 0, 0.9, 1, 2.99, 3.9, 4)]

    assert found == [None, 0, 0, 1, 2, 2, None]


def test_fills_of_one_side_in_one_bar_are_one_mark_at_their_average():
    shown = bars(a_series([100, 101, 102]))
    fills = [
        a_fill(at=at(1), price="100", amount="1"),
        a_fill(at=at(1.5), price="104", amount="3"),
        a_fill(at=at(2), price="102", side=Side.SELL),
        a_fill(at=at(9), price="1"),
    ]

    assert marks(shown, fills, []) == [Mark(2, Side.SELL, 102.0), Mark(1, Side.BUY, 103.0)]


def test_without_fills_the_ends_of_trips_are_marked():
    shown = bars(a_series([100, 101, 102]))

    found = marks(shown, [], [a_trip(entry_at=at(0), exit_at=at(2), side=Side.SELL)])

    assert found == [Mark(2, Side.BUY, 110.0), Mark(0, Side.SELL, 100.0)]


def test_an_overlay_follows_its_candles():
    candles = a_series([100.0] * 500)

    found = aligned([float(n) for n in range(500)], candles, bars(candles).each)

    assert found[0] == bars(candles).each - 1
    assert found[-1] == 499
    assert np.isnan(aligned([float("inf")] * 500, candles, 4)).all()


def test_an_overlay_of_another_length_is_refused_with_both_numbers():
    with pytest.raises(ValueError, match="one value for each candle: 2, found 3"):
        aligned([1.0, 2.0, 3.0], a_series([1, 2]), 1)


def test_candles_come_in_any_order():
    candles = a_series([100, 101, 102])

    assert bars(candles[::-1]).close.tolist() == [100, 101, 102]
    assert bars([]).ends == 0
    assert bars(candles).at[1] - bars(candles).at[0] == timedelta(hours=1).total_seconds()
