"""Which candles show a trade, and between which levels it was held."""

import pytest

from tests.builders import START, a_trip, at
from trading.domain.market import Timeframe
from trading.domain.order import Side
from trading.domain.protection import NOTHING, Protection
from trading.domain.replay import Level
from trading.replaying import MOST, levels, window

HOUR = Timeframe.parse("1h")


def test_a_short_trade_is_shown_in_its_own_candles_with_some_before_and_after():
    frame, start, end = window(a_trip(entry_at=START, exit_at=at(5)), HOUR)

    assert frame == HOUR
    assert (START - start) / HOUR.length == 24
    assert (end - at(6)) / HOUR.length == 12


@pytest.mark.parametrize(("hours", "frame"), [(200, "1h"), (201, "4h"), (900, "1d"), (24 * 201, "1w")])
def test_a_long_trade_is_shown_in_longer_candles(hours, frame):
    chosen, start, end = window(a_trip(entry_at=START, exit_at=at(hours)), HOUR)

    assert chosen == Timeframe.parse(frame)
    assert (end - start) / chosen.length < 2 * MOST


def test_even_a_trade_of_ten_years_fits():
    frame, start, end = window(a_trip(entry_at=START, exit_at=at(24 * 3650)), HOUR)

    assert (end - start) / frame.length < 2 * MOST


def test_the_stop_and_every_target_stand_where_the_settings_put_them():
    protection = Protection(stop=0.05, take=0.2, tiers=((0.1, 0.5),))

    found = levels(protection, a_trip(entry_price="100"))

    assert found == (Level("stop", 95.0), Level("target", 110.0), Level("target", 120.0))


def test_a_stop_that_moves_is_no_level_and_nothing_protects_what_was_sold_first():
    assert levels(Protection(trail=0.05, atr_stop=2.0), a_trip()) == ()
    assert levels(NOTHING, a_trip()) == ()
    assert levels(Protection(stop=0.05), a_trip(side=Side.SELL)) == ()
