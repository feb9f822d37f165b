"""The quick evaluator says what the desk says, to nine digits."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import HOUR, walk
from trading.core.frames import Columns
from trading.lab.backtest import backtest
from trading.lab.job import Job
from trading.lab.quick import Costs, evaluate_quickly, stays, trade_factors
from trading.market.archive import Recorded
from trading.strategies import Strategy

NO_COSTS = Costs(0.0, 0.0)


def desk_equity(wanted: np.ndarray, frame: pd.DataFrame, fee: str, slippage: str) -> np.ndarray:
    """Equity at every close from the desk itself; starting with a lot of money, so that steps don't matter."""
    told = pd.Series(wanted, index=frame.index)
    strategy = Strategy(
        name="told",
        summary="Does what it is told.",
        Params=tuple,
        parameters=(),
        exposure=lambda candles, _: told.loc[candles.index],
        bars=lambda p, seconds: 1,
    )
    cash = Decimal(10**9)
    job = Job(
        strategy=strategy,
        params=(),
        recorded=(Recorded(symbol="BTC/USDT", timeframe=HOUR, frame=frame, gaps=(), source=Path("walk")),),
        timeframe=HOUR,
        cash=cash,
        fee=Decimal(fee),
        slippage=Decimal(slippage),
    )
    report = backtest(job, lambda _: None)
    closes = frame.index + pd.Timedelta(hours=1)
    marked = pd.Series({pd.Timestamp(p.at): p.equity for p in report.equity})
    return marked.reindex(closes).to_numpy() / float(cash)


def quick_equity(wanted: np.ndarray, frame: pd.DataFrame, fee: str, slippage: str) -> np.ndarray:
    costs = Costs(float(fee), float(slippage))
    return evaluate_quickly(wanted, Columns.of_frame(frame), costs).equity


def assert_same(ours: np.ndarray, theirs: np.ndarray, wanted: np.ndarray) -> None:
    """Equal at every close but those where an order fills at the same moment: there the desk notes what came after."""
    quiet = np.diff(wanted, prepend=0.0) == 0
    quiet[-1] = True
    np.testing.assert_allclose(ours[quiet], theirs[quiet], rtol=1e-9)
    assert quiet.sum() > 40


def with_jumps(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Opens that differ from the close before, so that an order can cost more than was planned; dear enough that
    a price's last digit says nothing."""
    frame = frame * [1000, 1000, 1000, 1000, 1]
    jump = np.exp(np.random.default_rng(seed).normal(0, 0.01, len(frame)))
    opens = frame["open"] * jump
    return frame.assign(
        open=opens,
        high=np.maximum(frame["high"], opens),
        low=np.minimum(frame["low"], opens),
    )


def runs(seed: int, bars: int) -> np.ndarray:
    """In and out for one to twenty candles at a time."""
    dice = np.random.default_rng(seed)
    lengths = dice.integers(1, 20, bars)
    return np.repeat(np.arange(bars) % 2, lengths)[:bars].astype(float)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fee=st.sampled_from(["0", "0.001", "0.01"]),
    slippage=st.sampled_from(["0", "0.0005"]),
    flipped=st.booleans(),
)
def test_all_in_and_out_again_equals_the_desk(seed, fee, slippage, flipped):
    frame = with_jumps(walk(300, seed=seed), seed)
    wanted = 1 - runs(seed, 300) if flipped else runs(seed, 300)

    ours, theirs = quick_equity(wanted, frame, fee, slippage), desk_equity(wanted, frame, fee, slippage)

    assert_same(ours, theirs, wanted)
    assert ours[-1] != 1.0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), fee=st.sampled_from(["0", "0.001", "0.01"]))
def test_parts_of_the_money_equal_the_desk_too(seed, fee):
    frame = with_jumps(walk(300, seed=seed), seed)
    dice = np.random.default_rng(seed)
    wanted = runs(seed, 300) * np.round(dice.uniform(-0.5, 1.0, 300), 2)

    ours, theirs = quick_equity(wanted, frame, fee, "0.0005"), desk_equity(wanted, frame, fee, "0.0005")

    assert_same(ours, theirs, wanted)


def test_what_stays_in_the_market_earn_is_what_the_curve_earned():
    frame = walk(400)

    found = evaluate_quickly(runs(3, 400), Columns.of_frame(frame), Costs(0.001, 0.0005))

    assert len(found.entries) > 10
    assert np.prod(found.factors) == pytest.approx(found.equity[-1], rel=1e-12)


def test_without_costs_a_bought_price_that_doubles_doubles_nearly_all_of_the_money():
    frame = walk(4)
    prices = np.array([100.0, 100.0, 100.0, 200.0])
    columns = Columns.of_frame(frame.assign(open=prices, high=prices, low=prices, close=prices))

    found = evaluate_quickly(np.array([1.0, 1.0, 1.0, 1.0]), columns, NO_COSTS)

    assert found.equity.tolist() == pytest.approx([1, 1, 1, 1 + 1 / 1.005])
    assert (found.entries.tolist(), found.exits.tolist()) == ([0], [3])


def test_a_wish_at_the_last_candle_comes_too_late():
    frame = walk(50)
    wanted = np.zeros(50)
    wanted[-1] = 1.0

    found = evaluate_quickly(wanted, Columns.of_frame(frame), NO_COSTS)

    assert found.equity.tolist() == [1.0] * 50
    assert found.factors.tolist() == [1.0]


def test_never_in_the_market_is_nothing_earned():
    found = evaluate_quickly(np.zeros(50), Columns.of_frame(walk(50)), NO_COSTS)

    assert found.equity.tolist() == [1.0] * 50
    assert len(found.factors) == 0


def test_many_histories_at_once_are_the_same_as_one_by_one():
    columns, costs = Columns.of_frame(walk(200)), Costs(0.001, 0.0005)
    entries, exits = np.array([[3, 50], [10, 90]]), np.array([[9, 199], [20, 95]])

    both = trade_factors(entries, exits, columns, costs)

    one = [trade_factors(entries[row], exits[row], columns, costs).tolist() for row in (0, 1)]
    assert both.tolist() == one


def test_stays_are_found_wherever_they_begin_and_end():
    entries, exits = stays(np.array([1.0, 0.0, 0.5, 1.0, 0.0, 1.0]))

    assert entries.tolist() == [0, 2, 5]
    assert exits.tolist() == [1, 4, 5]
