"""Weights and sizes from candles: known by hand, blind to the future, the same in a short window."""

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core.weighing import ATR_SIZE, STEP, VOLATILITY_SIZE, WEIGHTS, begins_period
from trading.domain.sizing import AtrSize, VolatilitySize, Weighing
from trading.portfolio.weights import covariance, risk_parity
from trading.strategies import evaluate, evaluate_together

HOUR, DAY = 3600, 86400
WEEKLY = Weighing(method="risk_parity", days=10, every=7)
KINDS = [(VOLATILITY_SIZE, VolatilitySize(target=0.4, days=5)), (ATR_SIZE, AtrSize(risk=0.02))]


def a_walk(seed: int, bars: int, swing: float = 0.01) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, swing, bars)))
    reach = 1 + np.abs(rng.normal(0, swing, bars))
    index = pd.date_range("2025-01-01", periods=bars, freq="h", tz="UTC")
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close) * reach, np.minimum(opened, close) / reach
    return pd.DataFrame({"open": opened, "high": high, "low": low, "close": close, "volume": 1.0}, index)


def three(bars: int = 900) -> dict[str, pd.DataFrame]:
    return {"A": a_walk(1, bars, 0.005), "B": a_walk(2, bars, 0.01), "C": a_walk(3, bars, 0.02)}


def test_weights_are_those_of_the_returns_before_the_week_began_and_hold_for_the_week():
    frames = three()

    weights = pd.DataFrame(evaluate_together(WEIGHTS, WEEKLY, frames), index=frames["A"].index)

    week = np.flatnonzero([begins_period(WEEKLY, HOUR, t) for t in frames["A"].index.as_unit("s").asi8])[-1]
    closes = pd.DataFrame({s: f["close"] for s, f in frames.items()})
    returns = np.diff(np.log(closes.to_numpy()[week - 240 : week + 1]), axis=0)
    assert weights.iloc[week].to_numpy() == pytest.approx(risk_parity(covariance(returns)), abs=1e-6)
    assert (weights.iloc[week:] == weights.iloc[week]).all(axis=None)
    assert weights.iloc[week]["A"] > weights.iloc[week]["B"] > weights.iloc[week]["C"] > 0


@pytest.mark.parametrize("method", ["equal", "inverse_volatility", "risk_parity", "minimum_variance"])
def test_weights_never_look_ahead_and_a_window_says_what_the_whole_history_says(method):
    frames, p = three(), Weighing(method=method, days=10, every=3)
    whole = evaluate_together(WEIGHTS, p, frames)
    need = WEIGHTS.warmup(p, HOUR)

    for end in (need, 500, 777, 900):
        window = evaluate_together(WEIGHTS, p, {s: f[end - need : end] for s, f in frames.items()})
        for symbol in frames:
            assert window[symbol][-1] == whole[symbol][end - 1]


def test_a_market_without_prices_or_that_stands_still_gets_nothing_and_the_others_all():
    frames = three()
    frames["B"] = frames["B"].iloc[:300]
    frames["D"] = frames["A"].assign(close=5.0)

    last = {s: w[-1] for s, w in evaluate_together(WEIGHTS, WEEKLY, frames).items() if s != "B"}

    assert last["D"] == 0
    assert last["A"] + last["C"] == pytest.approx(1, abs=1e-5)


def test_a_calm_market_may_be_had_in_full_and_a_wild_one_in_part():
    calm, wild = a_walk(5, 400, 0.001), a_walk(5, 400, 0.02)
    p = VolatilitySize(target=0.5, days=10)

    swing = np.log(wild["close"]).diff().iloc[-240:].std(ddof=0) * np.sqrt(365 * 24)
    size = evaluate(VOLATILITY_SIZE, p, wild)[-1]

    assert evaluate(VOLATILITY_SIZE, p, calm)[-1] == 1.0
    assert size == pytest.approx(np.floor(0.5 / swing / STEP) * STEP, abs=1e-6)


def test_the_atr_size_loses_its_risk_at_so_many_of_talibs_atr():
    candles = a_walk(7, 900, 0.02)
    p = AtrSize(risk=0.02, multiple=3.0)

    reach = 3 * talib.ATR(*(candles[c].to_numpy() for c in ("high", "low", "close")), 14) / candles["close"]
    expected = np.floor((0.02 / reach).clip(upper=1) / STEP) * STEP

    assert evaluate(ATR_SIZE, p, candles)[500:] == pytest.approx(expected.to_numpy()[500:], abs=1e-6)


@pytest.mark.parametrize(("strategy", "p"), KINDS, ids=["volatility", "atr"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_sizes_are_shares_and_a_window_says_what_the_whole_history_says(strategy, p, seed):
    candles, need = a_walk(seed, 700, 0.015), strategy.warmup(p, HOUR)
    whole = evaluate(strategy, p, candles)

    assert ((whole >= 0) & (whole <= 1)).all()
    for end in (need, 600, 700):
        assert evaluate(strategy, p, candles[end - need : end])[-1] == whole[end - 1]
