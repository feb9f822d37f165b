"""The candle picture: prices, trades, overlays, and the words under it."""

import pytest
from matplotlib.colors import to_hex

from charts.candles import alt_text, candles_chart, candles_figure
from charts.theme import theme
from tests.builders import a_candle, a_fill, a_series, at
from tests.charts.gallery import average, crossed, outside, pixels, prices, sentences, texts, trips
from trading.domain.order import Side

NAN = float("nan")


def figure(candles, **changes):
    return candles_figure(candles, **{"title": "t", "zone": "UTC", "theme": theme()} | changes)


def triangles(drawn):
    return [
        (line.get_marker(), line.get_xdata()[0], line.get_ydata()[0])
        for line in drawn.axes[0].lines
        if line.get_marker() in "^v"
    ]


def test_last_price_and_change_are_written_on_it():
    shown = sentences(figure(a_series([100, 102, 105])))

    assert {"105.00", "USDT", "▲ +5.00%"} <= set(shown)
    assert shown.count("105.00") == 2


def test_the_caption_says_the_same():
    candles = a_series([100, 102, 105, 104])

    assert alt_text(candles, zone="UTC") == (
        "BTC/USDT at 104.00 USDT, +4.00% in this window; between 100.00 and 105.00."
    )


def test_every_candle_has_a_wick_and_a_body():
    candles = prices(150)

    price_pane = figure(candles).axes[0]

    assert sum(len(found.get_paths()) for found in price_pane.collections) == 2 * 150


def test_bought_is_marked_under_the_candle_and_sold_over_it():
    candles = a_series([100, 102, 105, 104])
    fills = [a_fill(at=at(1), price="101"), a_fill(at=at(3), price="104.5", side=Side.SELL)]

    drawn = figure(candles, fills=fills)

    found = {shape: (bar, height) for shape, bar, height in triangles(drawn)}
    assert found["^"][0] == 1
    assert found["^"][1] < candles[1].low
    assert found["v"][0] == 3
    assert found["v"][1] > candles[3].high
    assert {"101.00", "104.50"} <= set(sentences(drawn))
    assert alt_text(candles, zone="UTC", fills=fills).endswith("Buys: 1, sells: 1.")


def test_price_labels_are_left_out_where_there_is_no_room():
    candles = prices(150)
    fills = [a_fill(at=candle.opened_at, price=str(candle.close)) for candle in candles]

    drawn = figure(candles, fills=fills)

    labels = [found for found in drawn.axes[0].texts if found.get_text()[0].isdigit()]
    assert len(triangles(drawn)) == 150
    assert 1 < len(labels) < 30


def test_a_trip_is_a_line_from_entry_to_exit():
    candles = prices(150)

    lines = [
        line for line in figure(candles, trips=trips(candles)).axes[0].lines if len(line.get_xdata()) == 2
    ]

    assert (12, 30) in [tuple(line.get_xdata()) for line in lines]


def test_overlays_are_named_in_their_own_colour():
    candles = prices(150)

    drawn = figure(
        candles, overlays={"fast": average(candles, 9), "slow": average(candles, 21), "none": [NAN] * 150}
    )

    names = {found.get_text(): to_hex(found.get_color()) for found in texts(drawn)}
    lines = {to_hex(line.get_color()) for line in drawn.axes[0].lines if len(line.get_xdata()) == 150}
    assert {names["fast"], names["slow"]} <= lines
    assert names["fast"] != names["slow"]
    assert "none" not in names


def test_names_of_overlays_and_prices_of_trades_keep_clear_of_each_other():
    candles = prices(150)
    fills = [a_fill(at=candle.opened_at, price=str(candle.close)) for candle in candles[::7]]

    drawn = figure(
        candles, fills=fills, overlays={"EMA 9": average(candles, 9), "EMA 21": average(candles, 21)}
    )

    assert crossed(texts(drawn)) == []
    assert outside(drawn, texts(drawn)) == []


def test_an_overlay_far_away_does_not_flatten_the_candles():
    candles = a_series([100, 102, 105, 104])

    low, high = figure(candles, overlays={"far": [1e6] * 4}).axes[0].get_ylim()

    assert 90 < low < high < 115


def test_missing_candles_leave_a_dotted_line_and_are_counted():
    candles = prices(150)
    del candles[60:64], candles[100:101]

    assert any("gaps: 2" in text for text in sentences(figure(candles)))


def test_many_candles_share_bars_and_it_says_so():
    assert any("7 candles a bar" in text for text in sentences(figure(prices(1000))))


def test_won_have_no_decimals_and_small_coins_no_exponent():
    won = sentences(figure(prices(150, start=145_000_000, symbol="BTC/KRW")))
    dust = sentences(figure(prices(150, start=0.0000123, symbol="SHIB/USDT")))

    assert not any("." in text for text in won if text.replace(",", "").replace(".", "").isdigit())
    assert any(text.startswith("0.0000") for text in dust)
    assert not any("e-" in text for text in dust)


@pytest.mark.parametrize(
    "candles",
    [
        [a_candle()],
        a_series([5.0] * 30),
        [a_candle(open=0.0, high=0.0, low=0.0, close=0.0, volume=0.0)],
        [a_candle(open=1e300, high=1e308, low=-1e308, close=1e299, volume=1e308)],
        [a_candle(close=NAN), a_candle(opened_at=at(1), volume=NAN)],
        a_series([5.0, 6.0], symbol="X"),
    ],
    ids=("one", "flat", "zero", "huge", "unknown", "no quote"),
)
def test_strange_candles_are_drawn_without_a_warning(candles):
    assert pixels(candles_chart(candles, title="t", zone="UTC", theme=theme())).any()


def test_fifty_thousand_candles_are_drawn():
    assert pixels(candles_chart(prices(50_000), title="t", zone="UTC", theme=theme())).any()
