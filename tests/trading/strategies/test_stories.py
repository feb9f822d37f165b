"""What single strategies promise in their sentence, on markets small enough to follow by hand."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.builders import at, candles, walk
from trading import indicators
from trading.strategies import evaluate, find

FOUR_HOURS = timedelta(hours=4)
DAY = timedelta(days=1)


def said(name: str, frame: pd.DataFrame, **params: object) -> list[float]:
    """The strategy's answers on this market."""
    return evaluate(find(name), find(name).params(params), frame).tolist()


def bought(answers: list[float]) -> np.ndarray:
    """The bars at which it went in."""
    return np.flatnonzero(np.diff(answers, prepend=0.0) > 0)


# --- volatility_breakout ------------------------------------------------------------------------------------

DAY_ONE = [100, 95, 105, 100, 100, 100]  # a range of 10
DAY_TWO = [102, 106, 104, 107, 103, 108]  # opens at 100: k = 0.5 buys above 105


def test_a_breakout_is_bought_and_sold_at_the_end_of_the_day():
    frame = candles([*DAY_ONE, *DAY_ONE, *DAY_TWO, 108], step=FOUR_HOURS)

    assert said("volatility_breakout", frame)[12:] == [0, 1, 1, 1, 1, 0, 0]


def test_a_greater_k_asks_for_more():
    frame = candles([*DAY_ONE, *DAY_ONE, *DAY_TWO], step=FOUR_HOURS)

    assert said("volatility_breakout", frame, k=0.7)[12:] == [0, 0, 0, 0, 0, 0]
    assert said("volatility_breakout", frame, k=0.65)[12:] == [0, 0, 0, 1, 1, 0]


def test_a_day_may_begin_at_another_hour():
    frame = candles([*DAY_ONE, *DAY_ONE, *DAY_TWO, 100], step=FOUR_HOURS, start=at(8))

    assert said("volatility_breakout", frame, day_starts_at=8)[12:] == [0, 1, 1, 1, 1, 0, 0]
    assert said("volatility_breakout", frame, day_starts_at=8) != said("volatility_breakout", frame)


def test_on_candles_of_a_day_the_candle_after_the_breakout_is_kept():
    frame = candles([100, 110, 112, 118, 119, 110], step=DAY)

    # ranges 0, 10, 2, 6, 1: half of the day before
    assert said("volatility_breakout", frame) == [0, 1, 0, 1, 0, 0]


def test_days_below_their_average_are_left_alone():
    falling = candles([*np.repeat([130, 120, 110, 100], 6), 103, 112, 113, 114, 115, 115], step=FOUR_HOURS)

    assert max(said("volatility_breakout", falling)[24:]) == 1
    assert max(said("volatility_breakout", falling, trend=3)[24:]) == 0


# --- macd_adaptive ------------------------------------------------------------------------------------------


def wildness(frame: pd.DataFrame) -> pd.Series:
    """Volatility now, in usual ones."""
    swing = indicators.atr(frame, 20) / frame["close"]
    return swing / indicators.sma(swing, 20)


def test_three_conditions_are_enough_in_calm_times_and_all_four_are_asked_for_in_wild_ones():
    frame = walk(6000, 3)

    without_volume = bought(said("macd_adaptive", frame, volume=10))  # a condition that is never met
    with_all = bought(said("macd_adaptive", frame, volume=0, strength=0))

    assert len(without_volume) > 20
    assert wildness(frame).iloc[without_volume].max() <= 1.2
    assert (wildness(frame).iloc[with_all] > 1.2).any()


def test_two_conditions_are_never_enough():
    assert not any(said("macd_adaptive", walk(6000, 3), volume=10, strength=2))


def test_a_dead_cross_sells():
    frame = walk(6000, 3)

    inside = np.array(said("macd_adaptive", frame)) > 0

    assert inside.any()
    assert indicators.macd(frame["close"], 12, 26, 9)["histogram"][inside].min() > 0


# --- grid ---------------------------------------------------------------------------------------------------


def test_each_line_of_a_grid_buys_a_part_and_sells_it_one_line_higher():
    closes = [100.0] * 1400 + [98.9, 97.9, 97.9, 98.5, 99.2, 99.9, 100.3]

    found = said("grid", candles(closes), length=1000, spacing=0.01, lines=4, hold=100)

    # lines at 99, 98, 97 and 96 of an average that hardly moves
    assert found[-8:] == [0, 0.25, 0.5, 0.5, 0.5, 0.25, 0.25, 0]


def test_a_grid_has_no_lines_below_zero():
    closes = [100.0] * 1400 + [1.0] * 3

    assert said("grid", candles(closes), length=1000, spacing=0.2, lines=20, hold=100)[-1] == pytest.approx(
        0.2
    )


def test_a_line_of_a_grid_is_sold_when_its_time_is_over():
    closes = [100.0] * 1400 + [98.9] * 12

    found = said("grid", candles(closes), length=1000, spacing=0.01, lines=1, hold=10)

    assert found[1400:] == [1.0] * 12
    assert (
        said("grid", candles([*closes, *[99.5] * 12]), length=1000, spacing=0.01, lines=1, hold=10)[-1] == 0
    )


# --- the others ---------------------------------------------------------------------------------------------


def test_vwap_knows_nothing_of_yesterday_and_waits_in_the_morning():
    yesterday, today = [200.0] * 23 + [100.0], [100.0, 101, 101, 101, 100.5, 100, 99, 98]

    found = said("vwap", candles([*yesterday, *yesterday, *today]), wait=3, hold=5)

    assert found[48:] == [0, 0, 1, 1, 1, 0, 0, 0]


def test_a_new_high_buys_and_a_new_low_sells():
    closes = [10.0] * 20 + [11, 10.5, 11.5, 11, 10.4, 10.2, 9.8]

    found = said("donchian", candles(closes), length=4, leave=4, hold=9)

    assert found[19:] == [0, 1, 1, 1, 1, 1, 0, 0]


def test_the_usual_supertrend_and_ours_hold_the_same_bars():
    frame = walk(5000, 9)
    usual = indicators.supertrend(frame, 10, 3.0)["direction"] > 0

    ours = np.array(said("supertrend", frame)) > 0

    assert (ours == usual)[904:].mean() > 0.99


def test_short_strategies_are_the_long_ones_and_their_mirror():
    frame = walk(4000, 9)

    for name in ("supertrend", "zscore_reversion", "tsmom"):
        both, long = np.array(said(name, frame, short=True)), np.array(said(name, frame))

        assert both.clip(min=0).tolist() == long.tolist()
        assert (both < 0).any()


def test_a_squeeze_is_bought_when_it_is_released_upwards():
    dice = np.random.default_rng(2)
    calm = 100 + dice.normal(0, 0.05, 300)
    release = calm[-1] + np.arange(1, 30) * 0.5
    frame = candles(np.concatenate((calm, release, release[::-1] - 3)))
    frame = frame.assign(high=frame["high"] + 0.2, low=frame["low"] - 0.2)

    found = said("squeeze", frame, hold=50)

    assert not any(found[200:300])
    assert found[310] == 1
    assert found[-1] == 0


def test_the_return_into_the_value_area_is_bought_and_sold_where_most_was_traded():
    closes = [100.0, 100.0, 101.0, 101.0, 101.0, 101.0, 102.0, 102.0] * 30 + [98.0, 99, 100.9, 100.95, 101.2]

    found = said("volume_profile", candles(closes), length=100, every=100, hold=20)

    # the area begins at 100.67, most was traded around 101.04
    assert found[-6:] == [0, 0, 0, 1, 1, 0]
