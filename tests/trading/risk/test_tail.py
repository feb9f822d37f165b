"""A bad day's figures against an independent implementation, and how quickly they come."""

from math import isnan, sqrt
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.risk.cases import HOUR
from trading.analysis import tail as other
from trading.risk.market import History, Market
from trading.risk.tail import tail_of


@given(st.lists(st.floats(-0.5, 0.5), min_size=49, max_size=400), st.sampled_from([1.0, 4.0, 24.0]))
def test_both_figures_are_the_worse_of_history_and_normal(gains, periods):
    values = np.array(gains)

    found = tail_of(values, periods)

    mean, spread = values.mean() * periods, values.std(ddof=1) * sqrt(periods)
    normal = max(spread * 1.6448536269514722 - mean, 0), max(spread * 2.0627128027825736 - mean, 0)
    seen = other.historical_var(values), other.historical_shortfall(values)
    assert found.value_at_risk == pytest.approx(max(seen[0] * sqrt(periods), normal[0]), rel=1e-6, abs=1e-9)
    assert found.shortfall == pytest.approx(max(seen[1] * sqrt(periods), normal[1]), rel=1e-6, abs=1e-9)


def test_a_gain_that_is_no_number_leaves_no_figure():
    found = tail_of(np.array([0.01] * 60 + [np.nan]), 24.0)

    assert isnan(found.value_at_risk)
    assert isnan(found.shortfall)


@pytest.mark.parametrize(("bars", "seconds"), [(730, 24 * HOUR), (17_520, HOUR)])
def test_two_years_of_fifty_symbols_take_no_tenth_of_a_second(bars, seconds):
    dice = np.random.default_rng(1)
    opened = np.arange(bars, dtype=np.int64) * seconds
    past = {
        f"C{n}": History(opened, 100 * np.exp(np.cumsum(dice.normal(0, 0.01, bars))), opened)
        for n in range(50)
    }
    look = Market(past.get, seconds)

    began = process_time()
    found = look.tail(dict.fromkeys(past, 100.0))
    first = process_time() - began
    began = process_time()
    again = look.tail(dict.fromkeys(past, 100.0))
    later = process_time() - began

    assert found == again
    assert first < 0.1
    assert later < 0.05


def test_candles_that_not_all_symbols_have_are_left_out():
    opened = np.arange(100, dtype=np.int64) * HOUR
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.01, 100)))
    some = np.delete(np.arange(100), [20, 40, 41])
    past = {
        "A": History(opened, closes, opened),
        "B": History(opened[some], closes[some], opened[some]),
    }
    look = Market(past.get, HOUR)

    assert look.tail({"A": 1.0, "B": 1.0}) is not None
    assert look.correlation("A", "B") > 0.9
    assert look.at_most({"A": 1.0, "B": 1.0}) is None  # not of the same candles, so no quick answer
