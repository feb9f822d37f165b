"""One trade again, among its candles."""

import numpy as np

from charts.replay import alt_text, replay_figure
from charts.theme import theme
from tests.builders import a_series, a_trip, at
from tests.charts.gallery import PICTURES, sentences
from trading.domain.replay import Level

CANDLES = a_series([100 + n for n in range(40)])
TRIP = a_trip(entry_at=at(10), entry_price="110", exit_at=at(20), exit_price="120", pnl="9.7")
LEVELS = [Level("stop", 105.0), Level("target", 125.0), Level("target", 130.0)]


def figure(**changes):
    given = {"trip": TRIP, "title": "t", "zone": "UTC", "theme": theme(), "levels": LEVELS}
    return replay_figure(CANDLES, **given | changes)


def test_the_head_says_what_the_trade_made_and_how_long_it_took():
    shown = sentences(figure())

    assert {"+8.82%", "+9.70 USDT", "10 hours"} <= set(shown)


def test_levels_begin_with_the_trade_and_carry_their_names():
    drawn = figure()

    assert {"stop", "target", "target 2"} <= set(sentences(drawn))
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in drawn.axes[0].lines]
    (stop,) = [values for values in lines if len(values) == len(CANDLES) and 105.0 in values]
    assert np.flatnonzero(np.isfinite(stop))[0] in (9, 10)


def test_the_trade_of_the_gallery_ends_at_the_first_touch_of_one_of_its_levels():
    candles, shown = PICTURES["trade"].data, PICTURES["trade"].same
    trip, (stop, target) = shown["trip"], shown["levels"]

    held = [c for c in candles if trip.entry_at < c.closed_at <= trip.exit_at]

    assert len(held) > 5
    assert all(stop.price < c.low and c.high < target.price for c in held)
    assert round(stop.price, 2) == float(trip.exit_price)


def test_the_words_have_the_same_numbers():
    assert alt_text(CANDLES, trip=TRIP, zone="UTC", levels=LEVELS[:2]) == (
        "BTC/USDT from 110.00 to 120.00 in 10 hours: +8.82%, +9.70 USDT after fees. "
        "Levels: stop 105.00, target 125.00."
    )
