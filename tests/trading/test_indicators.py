"""Indicators against TA-Lib, by hand, and where there is nothing to say."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import a_candle, at, candles, walk
from trading import indicators

NAN = float("nan")
BARS = walk(3000)
SECONDS = walk(300, step=timedelta(minutes=15))


def frame(rows: list[tuple[float, float, float, float, float]], **changes: object) -> pd.DataFrame:
    """Rows of open, high, low, close, volume, an hour apart."""
    index = candles([1.0] * len(rows), **changes).index
    return pd.DataFrame(rows, columns=["open", "high", "low", "close", "volume"], index=index)


def same(ours: pd.Series, theirs: np.ndarray, *, skip: int = 0, rel: float = 1e-9) -> None:
    """Equal wherever both are known, and ours known from their first bar on."""
    ours_at, theirs_at = ours.to_numpy()[skip:], theirs[skip:]
    known = ~np.isnan(theirs_at)
    assert known.sum() > 2000
    assert ours_at[known] == pytest.approx(theirs_at[known], rel=rel, abs=1e-9)


@pytest.fixture(scope="module")
def talib():
    return pytest.importorskip("talib", reason="TA-Lib is the oracle; it is in the test group")


class Columns:
    """What TA-Lib takes."""

    open, high, low, close, volume = (BARS[n].to_numpy() for n in ("open", "high", "low", "close", "volume"))


# --- against TA-Lib -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [2, 3, 9, 20, 37, 64, 200])
def test_averages_and_deviation_equal_talib(talib, length):
    close = BARS["close"]

    same(indicators.sma(close, length), talib.SMA(Columns.close, length))
    same(indicators.stdev(close, length), talib.STDDEV(Columns.close, length), rel=1e-7)
    same(indicators.ema(close, length), talib.EMA(Columns.close, length))


@pytest.mark.parametrize("length", [2, 5, 14, 50])
def test_rsi_atr_and_roc_equal_talib(talib, length):
    same(indicators.rsi(BARS["close"], length), talib.RSI(Columns.close, length))
    same(indicators.atr(BARS, length), talib.ATR(Columns.high, Columns.low, Columns.close, length))
    same(indicators.roc(BARS["close"], length), talib.ROC(Columns.close, length))


def test_true_range_equals_talib(talib):
    same(indicators.true_range(BARS), talib.TRANGE(Columns.high, Columns.low, Columns.close))


def test_macd_equals_talib_once_its_late_start_is_forgotten(talib):
    ours = indicators.macd(BARS["close"], 12, 26, 9)

    line, signal, histogram = talib.MACD(Columns.close, 12, 26, 9)

    same(ours["line"], line, skip=400)
    same(ours["signal"], signal, skip=400)
    same(ours["histogram"], histogram, skip=400, rel=1e-6)


@pytest.mark.parametrize(("length", "deviations"), [(20, 2.0), (5, 1.0), (50, 2.5)])
def test_bollinger_bands_equal_talib(talib, length, deviations):
    ours = indicators.bbands(BARS["close"], length, deviations)

    upper, mid, lower = talib.BBANDS(Columns.close, length, deviations, deviations)

    for name, theirs in (("upper", upper), ("mid", mid), ("lower", lower)):
        same(ours[name], theirs)
    same(ours["bandwidth"], (upper - lower) / mid, rel=1e-7)
    same(ours["percent"], (Columns.close - lower) / (upper - lower), rel=1e-7)


@pytest.mark.parametrize("length", [5, 14, 30])
def test_adx_and_its_directions_equal_talib(talib, length):
    ours = indicators.adx(BARS, length)
    columns = (Columns.high, Columns.low, Columns.close)

    same(ours["adx"], talib.ADX(*columns, length))
    same(ours["plus"], talib.PLUS_DI(*columns, length))
    same(ours["minus"], talib.MINUS_DI(*columns, length))


def test_cci_stochastic_obv_and_donchian_equal_talib(talib):
    ours = indicators.stoch(BARS, 14, 3, 3)
    k, d = talib.STOCH(Columns.high, Columns.low, Columns.close, 14, 3, 0, 3, 0)
    channel = indicators.donchian(BARS, 20)

    same(indicators.cci(BARS, 20), talib.CCI(Columns.high, Columns.low, Columns.close, 20))
    same(ours["k"], k)
    same(ours["d"], d)
    same(indicators.obv(BARS), talib.OBV(Columns.close, Columns.volume))
    same(channel["lower"], talib.MIN(Columns.low, 20))
    same(channel["upper"], talib.MAX(Columns.high, 20))


@pytest.mark.parametrize("length", [2, 3, 5, 16, 20, 77])
def test_channels_and_regression_equal_talib(talib, length):
    channel = indicators.donchian(BARS, length)

    same(channel["lower"], talib.MIN(Columns.low, length))
    same(channel["upper"], talib.MAX(Columns.high, length))
    same(indicators.regression(BARS["close"], length), talib.LINEARREG(Columns.close, length))


# --- by hand ------------------------------------------------------------------------------------------------


def test_ema_begins_as_the_plain_average():
    found = indicators.ema(pd.Series([1.0, 2.0, 6.0, 7.0, 1.0]), 3)

    assert found.tolist() == pytest.approx([NAN, NAN, 3.0, 5.0, 3.0], nan_ok=True)


def test_an_average_of_an_average_begins_where_the_first_is_known():
    line = pd.Series([NAN, NAN, 1.0, 3.0, 5.0])

    assert indicators.ema(line, 2).tolist() == pytest.approx([NAN, NAN, NAN, 2.0, 4.0], nan_ok=True)


def test_wilder_forgets_more_slowly_than_ema():
    line = pd.Series([3.0] * 5 + [6.0])

    assert indicators.wilder(line, 3).iloc[-1] == pytest.approx(4.0)
    assert indicators.ema(line, 3).iloc[-1] == pytest.approx(4.5)


def test_vwap_begins_anew_at_midnight_utc():
    rows = [(0, 12, 9, 12, 2.0), (0, 24, 18, 18, 1.0), (0, 33, 27, 30, 4.0)]
    found = indicators.vwap(frame(rows, start=at(22)))

    # typical prices 11, 20, 30; the third bar opens at midnight
    assert found.tolist() == pytest.approx([11.0, (22 + 20) / 3, 30.0])


def test_vwap_may_begin_its_day_at_another_hour():
    rows = [(0, 12, 9, 12, 2.0), (0, 24, 18, 18, 1.0), (0, 33, 27, 30, 1.0)]
    found = indicators.vwap(frame(rows, start=at(22)), day_starts_at=23)

    assert found.tolist() == pytest.approx([11.0, 20.0, 25.0])


def test_vwap_is_unknown_until_something_is_traded():
    rows = [(0, 12, 9, 12, 0.0), (0, 24, 18, 18, 3.0)]

    assert indicators.vwap(frame(rows)).tolist() == pytest.approx([NAN, 20.0], nan_ok=True)


def test_supertrend_holds_its_line_until_a_close_beyond_it():
    # ATR(2) is 2.0, 2.0, 2.0, 3.5, 2.75, 2.375 and 3.9875 from the third bar on; bands are twice that away
    closes = [10.0, 10.0, 10.0, 11.0, 12.0, 16.0, 16.0, 15.0, 10.4]
    rows = [(c, c + 1, c - 1, c, 1.0) for c in closes]

    found = indicators.supertrend(frame(rows), 2, 2.0)

    assert found["direction"].tolist()[:2] == pytest.approx([NAN, NAN], nan_ok=True)
    assert found["direction"].tolist()[2:] == [-1, -1, -1, 1, 1, 1, -1]
    assert found["line"].tolist()[2:] == pytest.approx([14, 14, 14, 9, 10.5, 10.5, 18.375])


def test_supertrend_line_never_loosens_while_its_direction_lasts():
    found = indicators.supertrend(BARS, 10, 3.0).dropna()

    same_way = found["direction"].to_numpy()[1:] == found["direction"].to_numpy()[:-1]
    tightened = np.diff(found["line"].to_numpy()) * found["direction"].to_numpy()[1:] >= 0
    assert tightened[same_way].all()
    assert 20 < (~same_way).sum() < 300
    above = BARS["close"].loc[found.index] > found["line"]
    assert (above == (found["direction"] > 0)).mean() > 0.999


def test_bar_seconds_is_the_smallest_step():
    gapped = walk(100, step=timedelta(minutes=15)).drop(walk(100, step=timedelta(minutes=15)).index[5:60])

    assert indicators.bar_seconds(gapped) == 900
    assert indicators.bar_seconds(BARS) == 3600
    assert indicators.bar_seconds(BARS.set_index(BARS.index.as_unit("ns"))) == 3600
    assert indicators.bar_seconds(BARS[:1]) == 60
    assert indicators.bar_seconds(BARS[:0]) == 60


# --- nothing to say -----------------------------------------------------------------------------------------

ALL = {
    "sma": lambda c: indicators.sma(c["close"], 20),
    "stdev": lambda c: indicators.stdev(c["close"], 20),
    "ema": lambda c: indicators.ema(c["close"], 20),
    "wilder": lambda c: indicators.wilder(c["close"], 20),
    "macd": lambda c: indicators.macd(c["close"], 12, 26, 9),
    "rsi": lambda c: indicators.rsi(c["close"], 14),
    "roc": lambda c: indicators.roc(c["close"], 10),
    "cci": lambda c: indicators.cci(c, 20),
    "stoch": lambda c: indicators.stoch(c, 14, 3, 3),
    "obv": lambda c: indicators.obv(c),
    "true_range": indicators.true_range,
    "atr": lambda c: indicators.atr(c, 14),
    "adx": lambda c: indicators.adx(c, 14),
    "bbands": lambda c: indicators.bbands(c["close"], 20, 2.0),
    "donchian": lambda c: indicators.donchian(c, 20),
    "supertrend": lambda c: indicators.supertrend(c, 10, 3.0),
    "supertrend with a memory": lambda c: indicators.supertrend(c, 5, 3.0, memory=20),
    "regression": lambda c: indicators.regression(c["close"], 20),
    "volume_profile": lambda c: indicators.volume_profile(c, 20, bins=10, share=0.7, every=3),
    "vwap": indicators.vwap,
}
each = pytest.mark.parametrize("indicator", ALL.values(), ids=ALL.keys())


@each
@pytest.mark.parametrize("count", [0, 1, 2, 10, 15])
def test_too_few_bars_give_nan_of_the_same_length_and_names(indicator, count):
    found, usual = indicator(BARS[:count]), indicator(BARS[:200])

    assert len(found) == count
    assert found.index.equals(BARS.index[:count])
    assert type(found) is type(usual)
    assert isinstance(found, pd.Series) or list(found.columns) == list(usual.columns)


@each
@pytest.mark.parametrize("end", [60, 137, 299])
def test_no_indicator_looks_ahead(indicator, end):
    known, whole = indicator(BARS[:end]), indicator(BARS[:300])

    assert np.array_equal(np.asarray(known)[-1], np.asarray(whole)[end - 1], equal_nan=True)


@each
def test_no_indicator_changes_its_candles_or_gives_infinity(indicator):
    for market in (BARS[:400].copy(), candles([100.0] * 200), candles([100.0] * 200, volume=0.0)):
        before = market.copy(deep=True)

        found = np.asarray(indicator(market), dtype=float)

        pd.testing.assert_frame_equal(market, before)
        assert not np.isinf(found).any()


def test_a_price_that_never_moves_has_no_strength_and_no_place_in_its_bands():
    flat = candles([100.0] * 60)

    bands = indicators.bbands(flat["close"], 20, 2.0)

    assert indicators.rsi(flat["close"], 14).isna().all()
    assert bands["percent"].isna().all()
    assert bands["upper"].iloc[-1] == bands["lower"].iloc[-1] == 100
    assert bands["bandwidth"].iloc[-1] == 0


@settings(deadline=None)
@given(
    values=st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=120),
    length=st.integers(1, 70),
)
def test_moving_averages_and_deviations_are_those_of_each_window(values, length):
    line = pd.Series(values)

    mean, spread = indicators.sma(line, length), indicators.stdev(line, length)

    for end in range(length, len(values) + 1):
        window = np.array(values[end - length : end])
        assert mean[end - 1] == pytest.approx(window.mean(), rel=1e-12)
        assert spread[end - 1] == pytest.approx(window.std(), rel=1e-6, abs=1e-12 * window.max())
    assert mean[: length - 1].isna().all()


@settings(deadline=None)
@given(length=st.integers(1, 300), before=st.lists(st.floats(1e-9, 1e12), max_size=40))
def test_a_window_keeps_no_trace_of_what_came_before(length, before):
    recent = BARS["close"].tolist()[:length]
    padded = pd.Series([*before, *recent])

    assert indicators.sma(padded, length).iloc[-1] == indicators.sma(pd.Series(recent), length).iloc[-1]
    assert indicators.stdev(padded, length).iloc[-1] == indicators.stdev(pd.Series(recent), length).iloc[-1]


def test_the_library_is_not_loaded_before_it_is_needed():
    import subprocess
    import sys

    program = "import sys, trading.indicators; print('pandas_ta_classic' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"


def test_a_candle_from_the_builders_is_what_a_frame_row_is():
    candle = a_candle(close=101.0)

    assert (candle.open, candle.high, candle.low, candle.close) == (100.0, 101.0, 99.0, 101.0)
