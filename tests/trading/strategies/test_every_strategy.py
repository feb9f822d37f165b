"""What every strategy of the folder must keep to, whoever wrote it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import candles, walk
from tests.trading.strategies.markets import MARKETS, market
from trading.indicators import bar_seconds
from trading.strategies import ParamSpec, Strategy, evaluate, strategies

STRATEGIES = strategies()
each = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES.keys())
everywhere = pytest.mark.parametrize("name", MARKETS)
CATALOGUE = (
    "adx_trend, bollinger, bollinger_breakout, cci, donchian, dual_momentum, ema_cross, grid, ichimoku, keltner, "
    "macd, macd_adaptive, momentum, rsi, rsi_macd, sma_cross, squeeze, stochastic, supertrend, tsmom, "
    "volatility_breakout, volume_profile, vwap, zscore_reversion"
)


def warmup(strategy: Strategy, p: Any, frame: pd.DataFrame) -> int:
    return strategy.warmup(p, bar_seconds(frame))


def quick(strategy: Strategy) -> Any:
    """Parameters at the short end, so that a warm-up fits into every test market many times."""
    short = ("hold", "lookback", "window", "length", "memory")
    lows = {s.name: s.low for s in strategy.parameters if s.name in short}
    return strategy.params({name: max(low, min(low * 3, 40)) for name, low in lows.items()})


def any_of(spec: ParamSpec) -> st.SearchStrategy[bool | int | float]:
    """Values of the short end of its range, where warm-ups fit into a test market."""
    if spec.low is None or spec.high is None:
        return st.booleans()
    end = min(spec.high, spec.low + 4 * abs(spec.low) + 5)
    return st.integers(int(spec.low), int(end)) if spec.type is int else st.floats(spec.low, end)


def test_the_catalogue_is_complete():
    assert ", ".join(sorted(STRATEGIES)) == CATALOGUE


@each
@everywhere
def test_never_looks_into_the_future(strategy, name):
    frame, p = market(name), quick(strategy)
    whole = evaluate(strategy, p, frame)

    for cut in (1337, 1999):
        known = evaluate(strategy, p, frame[:cut])

        assert known.tolist() == whole[:cut].tolist()


def agrees_with_full_history(strategy: Strategy, p: Any, frame: pd.DataFrame, step: int) -> bool:
    """Whether the window of the warm-up says what the whole history says, at every `step`-th end."""
    whole, n = evaluate(strategy, p, frame), warmup(strategy, p, frame)
    ends = range(n, len(frame) + 1, step)
    return [evaluate(strategy, p, frame[end - n : end])[-1] for end in ends] == [
        whole[end - 1] for end in ends
    ]


@each
@everywhere
def test_warmup_is_long_enough_to_agree_with_full_history(strategy, name):
    assert agrees_with_full_history(strategy, quick(strategy), market(name), 61)


@each
@pytest.mark.parametrize("name", ["hourly", "gapped", "spiky", "stairs", "flat after a spike"])
def test_default_warmup_is_long_enough_to_agree_with_full_history(strategy, name):
    assert agrees_with_full_history(strategy, strategy.params(), market(name), 97)


@each
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_warmup_is_long_enough_for_any_parameters_and_any_market(strategy, data):
    p = strategy.params({spec.name: data.draw(any_of(spec)) for spec in strategy.parameters})
    frame = walk(2500, data.draw(st.integers(0, 10_000)))
    n = warmup(strategy, p, frame)
    end = data.draw(st.integers(min(n, len(frame)), len(frame)))

    window = evaluate(strategy, p, frame[max(end - n, 0) : end])

    assert window[-1:].tolist() == evaluate(strategy, p, frame)[end - 1 : end].tolist()


@each
@everywhere
def test_exposure_is_a_number_within_bounds_at_every_bar(strategy, name):
    found = evaluate(strategy, strategy.params(), market(name))

    assert len(found) == len(market(name))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1


@each
def test_trades_on_a_lively_market(strategy):
    found = evaluate(strategy, quick(strategy), market("hourly"))

    assert len(np.flatnonzero(np.diff(found))) > 10


@each
def test_wants_nothing_while_the_price_never_moves(strategy):
    found = evaluate(strategy, quick(strategy), market("flat"))

    assert not found.any()


@each
def test_wants_nothing_before_it_is_warm(strategy):
    p, frame = quick(strategy), market("hourly")

    found = evaluate(strategy, p, frame)

    assert not found[: warmup(strategy, p, frame) - 1].any()


@each
def test_same_candles_give_the_same_answer(strategy):
    p = strategy.params()

    assert evaluate(strategy, p, walk(1500, 5)).tolist() == evaluate(strategy, p, walk(1500, 5)).tolist()


@each
def test_does_not_change_its_candles(strategy):
    frame = walk(1500, 5)
    before = frame.copy(deep=True)

    evaluate(strategy, strategy.params(), frame)

    pd.testing.assert_frame_equal(frame, before)


@each
def test_works_on_columns_that_cannot_be_written(strategy):
    frame = walk(900, 5)
    columns = {name: frame[name].to_numpy(copy=True) for name in frame}
    for column in columns.values():
        column.setflags(write=False)
    frozen = pd.DataFrame(columns, index=frame.index, copy=False)

    found = evaluate(strategy, quick(strategy), frozen)

    assert found.tolist() == evaluate(strategy, quick(strategy), frame).tolist()


@each
def test_defaults_are_within_range_and_explained(strategy):
    for spec in strategy.parameters:
        assert spec.type is bool or spec.low <= spec.default <= spec.high
        assert len(spec.help) > 10
        assert not spec.help.endswith(".")


@each
def test_its_sentence_is_one_a_person_can_read(strategy):
    assert strategy.summary[0].isupper()
    assert strategy.summary.endswith(".")
    assert 30 < len(strategy.summary) < 120


@each
def test_runs_at_both_ends_of_every_range(strategy):
    frame = walk(1200, 6)
    for spec in strategy.parameters:
        for end in (False, True) if spec.type is bool else (spec.low, spec.high):
            found = evaluate(strategy, strategy.params({spec.name: end}), frame)

            assert np.abs(found).max() <= 1, f"{spec.name}={end}"


@each
def test_runs_with_every_parameter_at_the_same_end(strategy):
    frame = walk(1200, 6)
    for end in ("low", "high"):
        numbers = {s.name: getattr(s, end) for s in strategy.parameters if s.type is not bool}

        found = evaluate(strategy, strategy.params(numbers), frame)

        assert np.abs(found).max() <= 1


@each
def test_parameters_survive_words_and_plain_data(strategy):
    p = strategy.params({s.name: s.high if s.high is not None else True for s in strategy.parameters})

    values = strategy.values(p)

    assert strategy.params(values) == p
    assert strategy.params({name: str(value) for name, value in values.items()}) == p
    assert strategy.params() == strategy.Params()


@each
@pytest.mark.parametrize("bars", [0, 1, 2, 5, 50])
def test_few_candles_are_no_error(strategy, bars):
    found = evaluate(strategy, strategy.params(), candles([100.0 + n for n in range(bars)]))

    assert found.tolist() == [0.0] * bars
