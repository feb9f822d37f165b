"""Indicators that begin anew: with a day, or with a fixed stretch of bars that every window agrees about."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import candles, walk
from trading import indicators

BARS = walk(3000)


def frame(rows: list[tuple[float, float, float, float, float]]) -> pd.DataFrame:
    """Rows of open, high, low, close, volume, an hour apart."""
    index = candles([1.0] * len(rows)).index
    return pd.DataFrame(rows, columns=["open", "high", "low", "close", "volume"], index=index)


def test_a_supertrend_with_a_memory_is_nearly_always_the_usual_one():
    usual = indicators.supertrend(BARS, 10, 3.0)

    found = indicators.supertrend(BARS, 10, 3.0, memory=300)

    known = found["direction"].notna()
    assert known.sum() > len(BARS) - 301
    assert (found["direction"] == usual["direction"])[known].mean() > 0.99


def test_a_supertrend_with_a_memory_depends_on_two_periods_only():
    whole = indicators.supertrend(BARS, 2, 3.0, memory=50)

    for end in range(600, 1200, 7):
        window = indicators.supertrend(BARS[end - 600 : end], 2, 3.0, memory=50)

        assert window["direction"].iloc[-1] == whole["direction"].iloc[end - 1]
        assert window["line"].iloc[-1] == pytest.approx(whole["line"].iloc[end - 1])


def test_a_supertrend_with_a_memory_shows_the_stop_begun_one_period_before():
    begun = BARS[120:216]  # whole days: periods of 48 bars begin at every second midnight

    found = indicators.supertrend(begun, 10, 3.0, memory=48)

    assert found["direction"][:48].isna().all()
    pd.testing.assert_frame_equal(found[48:], indicators.supertrend(begun, 10, 3.0)[48:])


def test_a_volume_profile_finds_the_busy_price_and_grows_from_it():
    # prices 10 ... 19 in bins of 1; most at 14, then 15, 13, 16
    volumes = {10: 1, 11: 1, 12: 2, 13: 8, 14: 20, 15: 10, 16: 5, 17: 1, 18: 1, 20: 1}
    rows = [(price, price, price, price, float(volume)) for price, volume in volumes.items()]

    found = indicators.volume_profile(frame(rows), 10, bins=10, share=0.7, every=1)

    assert found[:9].isna().all(axis=None)
    # 20 of 50, then 15 (30), then 13 (38): three quarters
    assert found.iloc[-1].tolist() == pytest.approx([14.5, 13.0, 16.0])


def test_a_volume_profile_stands_until_the_next_period():
    found = indicators.volume_profile(BARS[:200], 20, bins=10, share=0.7, every=6).dropna()

    changed = found.index[(found.diff().abs() > 0).any(axis=1)]

    assert len(changed) > 20
    assert set(changed.hour) <= {0, 6, 12, 18}


def test_a_volume_profile_without_volume_or_movement_is_unknown():
    silent = indicators.volume_profile(walk(100).assign(volume=0.0), 20, bins=10, share=0.7, every=1)
    still = indicators.volume_profile(candles([100.0] * 100), 20, bins=10, share=0.7, every=1)

    assert silent.isna().all(axis=None)
    assert still.isna().all(axis=None)


@settings(deadline=None)
@given(
    volumes=st.lists(st.floats(0, 1e6), min_size=12, max_size=12),
    bins=st.integers(2, 30),
    share=st.floats(0.3, 0.95),
)
def test_a_value_area_holds_its_share_around_the_busiest_price(volumes, bins, share):
    rows = [(p, p, p, p, v) for p, v in zip(range(100, 112), volumes, strict=True)]

    poc, low, high = indicators.volume_profile(frame(rows), 12, bins=bins, share=share, every=1).iloc[-1]

    if sum(volumes) > 0:
        held = sum(v for p, v in zip(range(100, 112), volumes, strict=True) if low - 1e-9 <= p <= high + 1e-9)
        assert 100 <= low < poc < high <= 111 + 1e-9
        assert held >= share * sum(volumes) * (1 - 1e-9)


def test_periods_and_days_are_counted_from_1970_whatever_the_frame_begins_with():
    assert indicators.period(BARS, 24)[30:].tolist() == indicators.period(BARS[30:], 24).tolist()
    assert (np.diff(indicators.period(BARS, 24)).nonzero()[0] % 24 == 23).all()
    assert indicators.day(BARS).tolist() == indicators.period(BARS, 24).tolist()
    assert (np.diff(indicators.day(BARS, starts_at=9)).nonzero()[0] % 24 == 8).all()


def test_a_bars_age_of_day_is_that_of_its_close():
    assert indicators.day_age(BARS)[:3].tolist() == [1, 2, 3]
    assert indicators.day_age(BARS)[23] == 24
    assert indicators.day_age(BARS, starts_at=9)[:10].tolist() == [*range(16, 25), 1]
