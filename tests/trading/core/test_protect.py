"""Where protective levels stand, what a candle touches first, and how the levels move: worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import START, a_candle, at, walk
from trading.core import protect
from trading.core.protect import Guard, Touch
from trading.domain.order import Reason
from trading.domain.protection import Protection
from trading.indicators import atr

HOUR = 3600
BOUGHT = int(START.timestamp())


def a_guard(p: Protection, entry: float = 100.0, swing: float = 2.0) -> Guard:
    """10 units bought at the start."""
    return protect.begin(p, entry, BOUGHT, 10.0, swing)


def candle(opened: float, high: float, low: float, close: float | None = None, *, hour: float = 0):
    closed = opened if close is None else close
    return a_candle(opened_at=at(hour), open=opened, high=high, low=low, close=closed)


def touch(p: Protection, guard: Guard, made) -> Touch | None:
    return protect.touched(p, guard, made, HOUR)


def test_the_stop_is_met_at_its_level():
    p = Protection(stop=0.015)

    assert touch(p, a_guard(p), candle(100, 101, 98.5)) == Touch(98.5, Reason.STOP)
    assert touch(p, a_guard(p), candle(100, 101, 98.51)) is None


def test_a_candle_that_opens_below_the_stop_is_sold_at_its_open():
    p = Protection(stop=0.015)

    assert touch(p, a_guard(p), candle(97.0, 99, 95)) == Touch(97.0, Reason.STOP)


def test_the_nearer_of_two_stops_counts_and_the_atr_is_that_of_the_entry():
    near, far = Protection(stop=0.10, atr_stop=3.0), Protection(stop=0.02, atr_stop=3.0)

    assert touch(near, a_guard(near), candle(100, 100, 94)) == Touch(94.0, Reason.STOP)  # 100 - 3 x 2
    assert touch(far, a_guard(far), candle(100, 100, 94)) == Touch(98.0, Reason.STOP)


def test_the_target_is_met_at_its_level_and_a_jump_beyond_it_gives_the_open():
    p = Protection(take=0.05)

    assert touch(p, a_guard(p), candle(100, 105, 99)) == Touch(105.0, Reason.TAKE_PROFIT)
    assert touch(p, a_guard(p), candle(107, 108, 106)) == Touch(107.0, Reason.TAKE_PROFIT)
    assert touch(p, a_guard(p), candle(100, 104.99, 99)) is None


@pytest.mark.parametrize(
    ("both", "expected"), [("stop", Touch(98.5, Reason.STOP)), ("take", Touch(105.0, Reason.TAKE_PROFIT))]
)
def test_one_candle_that_touches_both_sides_goes_by_the_setting(both, expected):
    p = Protection(stop=0.015, take=0.05, both_touched=both)

    assert touch(p, a_guard(p), candle(100, 106, 98)) == expected


def test_an_open_beyond_a_level_came_first_whatever_the_setting_says():
    p = Protection(stop=0.015, take=0.05, both_touched="stop")

    assert touch(p, a_guard(p), candle(106, 107, 90)) == Touch(106.0, Reason.TAKE_PROFIT)


def test_tiers_are_sold_one_after_the_other_and_the_rest_at_the_target():
    p = Protection(tiers=((0.02, 0.5), (0.04, 0.25)), take=0.06)
    guard, made = a_guard(p), candle(100, 106, 99)
    found = []
    for taken in range(3):
        guard.taken = taken
        found.append(touch(p, guard, made))

    assert found == [
        Touch(102.0, Reason.TAKE_PROFIT, 0.5),
        Touch(104.0, Reason.TAKE_PROFIT, 0.25),
        Touch(106.0, Reason.TAKE_PROFIT, None),
    ]


def test_with_the_kinder_guess_what_the_tiers_leave_is_stopped_in_the_same_candle():
    p = Protection(tiers=((0.02, 0.5),), stop=0.01, both_touched="take")
    guard, made = a_guard(p), candle(100, 103, 98)

    first = touch(p, guard, made)
    guard.taken = 1

    assert first == Touch(102.0, Reason.TAKE_PROFIT, 0.5)
    assert touch(p, guard, made) == Touch(99.0, Reason.STOP)


def test_the_trailing_stop_follows_closed_candles_only_once_it_was_set_off():
    p = Protection(trail=0.05, trail_from=0.08)
    guard = a_guard(p)

    protect.closed(p, guard, candle(100, 107.9, 100), None)
    before = touch(p, guard, candle(107, 107, 90, hour=1))
    protect.closed(p, guard, candle(107, 110, 106, hour=1), None)
    within = touch(p, guard, candle(110, 120, 104.6, hour=2))
    after = touch(p, guard, candle(110, 120, 104.5, hour=2))

    assert before is None
    assert within is None  # its own high of 120 moves nothing yet: 110 less 5 % is 104.5
    assert after == Touch(104.5, Reason.TRAILING_STOP)


def test_the_atr_trailing_stop_stands_from_the_entry_and_never_moves_down():
    p = Protection(atr_trail=3.0)
    guard = a_guard(p)

    stood = [guard.trail]
    for high, swing in ((104.0, 2.0), (105.0, 4.0), (103.0, 1.0)):
        protect.closed(p, guard, candle(100, high, 99.5), swing)
        stood.append(guard.trail)

    assert stood == [94.0, 98.0, 98.0, 102.0]
    assert touch(p, guard, candle(103, 103, 101.9)) == Touch(102.0, Reason.TRAILING_STOP)


def test_before_the_minimum_hold_only_the_stop_acts():
    p = Protection(stop=0.015, take=0.05, trail=0.01, min_hold=10)
    guard = a_guard(p)
    protect.closed(p, guard, candle(100, 104, 100), None)

    early = touch(p, guard, candle(106, 108, 100, hour=9))
    stopped = touch(p, guard, candle(100, 108, 98, hour=9))
    late = touch(p, guard, candle(106, 108, 100, hour=10))

    assert early is None
    assert stopped == Touch(98.5, Reason.STOP)
    assert late == Touch(106.0, Reason.TAKE_PROFIT)


def test_the_rules_of_macd_adaptive_stop_one_and_a_half_per_cent_or_less_take_five():
    from trading.strategies import find

    p = find("macd_adaptive").protection
    guard = a_guard(p, swing=0.4)

    assert protect.stop_level(p, guard) == 98.8  # three ATRs are nearer than 1.5 % in a calm market
    assert protect.stop_level(p, a_guard(p, swing=4.0)) == 98.5
    assert protect.target(p, guard) == (105.0, None)
    assert (p.min_hold, p.trail, p.trail_from) == (10, 0.05, 0.08)


def test_what_is_held_for_long_enough_is_overdue():
    p = Protection(time_stop=5)

    assert not protect.overdue(p, a_guard(p), BOUGHT + 5 * HOUR - 1, HOUR)
    assert protect.overdue(p, a_guard(p), BOUGHT + 5 * HOUR, HOUR)


def test_of_the_candle_a_position_was_opened_within_only_the_close_counts():
    p = Protection(stop=0.01, trail=0.5)
    guard = protect.begin(p, 100.0, BOUGHT + 60, 10.0, 0.0)

    crashed_before = touch(p, guard, candle(120, 120, 80, 100))
    protect.closed(p, guard, candle(120, 120, 80, 100.5), None)

    assert crashed_before is None
    assert touch(p, guard, candle(120, 120, 80, 98.0)) == Touch(98.0, Reason.STOP)
    assert guard.best == 100.5


def test_buying_more_moves_the_levels_with_the_average_price():
    p = Protection(stop=0.10)
    guard = a_guard(p)

    protect.enlarge(guard, 110.0, 20.0)

    assert touch(p, guard, candle(105, 105, 98.9)) == Touch(99.0, Reason.STOP)


@given(
    stop=st.floats(0, 0.2),
    take=st.floats(0, 0.3),
    trail=st.floats(0, 0.2),
    atr_trail=st.floats(0, 5),
    prices=st.lists(st.floats(50, 150), min_size=4, max_size=4),
    both=st.sampled_from(["stop", "take"]),
)
def test_a_touch_is_a_price_of_the_candle_and_the_worse_side_unless_asked_otherwise(
    stop, take, trail, atr_trail, prices, both
):
    p = Protection(stop=stop, take=take, trail=trail, atr_trail=atr_trail, both_touched=both)
    low, opened, closed, high = sorted(prices)
    guard, made = a_guard(p), candle(opened, high, low, closed)

    found = touch(p, guard, made)

    level = max(protect.stop_level(p, guard), protect.trail_level(p, guard))
    if found is None:
        assert low > level
        return
    assert low <= found.price <= high
    if found.reason is Reason.TAKE_PROFIT and both == "stop":
        assert low > level or opened >= protect.target(p, guard)[0]


@given(seed=st.integers(0, 1000), trail=st.floats(0.001, 0.2), atr_trail=st.floats(0.5, 5))
def test_levels_never_move_down_while_prices_do_what_they_like(seed, trail, atr_trail):
    p = Protection(trail=trail, atr_trail=atr_trail)
    guard, dice, before = a_guard(p), np.random.default_rng(seed), 0.0

    for step in dice.normal(0, 2, 30).tolist():
        high = 100 + abs(step) * 3
        protect.closed(p, guard, candle(high, high, high - 1), float(dice.random() * 4))
        level = protect.trail_level(p, guard)
        assert level >= before
        before = level


def test_the_average_true_range_is_that_of_ta_lib():
    talib = pytest.importorskip("talib", reason="needs TA-Lib as the oracle")
    frame = walk(800, seed=3)

    ours = atr(frame, 14).to_numpy()
    theirs = talib.ATR(frame.high.to_numpy(), frame.low.to_numpy(), frame.close.to_numpy(), 14)

    np.testing.assert_allclose(ours[500:], theirs[500:], rtol=1e-9)
