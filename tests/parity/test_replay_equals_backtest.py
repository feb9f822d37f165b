"""The same candles give the same book, whether they are stepped through at once or lived through bit by bit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.domain.market import Timeframe
from trading.domain.report import Report
from trading.lab.backtest import backtest
from trading.lab.job import Job
from trading.lab.replay import replay
from trading.market.archive import Recorded
from trading.risk.rules import Limits
from trading.strategies import find

SHORT = {"dual_momentum": {"lookback": 1, "every": 0.2}}  # days; these candles are few
START = datetime(2024, 3, 1, tzinfo=UTC)
STRICT = Limits(order_share=0.4, daily_loss=0.02, drawdown=0.10)


def recorded(symbol: str, seed: int, bars: int, base: Timeframe, gaps: bool) -> Recorded:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.standard_t(4, bars) * 0.006))
    opened = np.concatenate(([100.0], close[:-1])) * (1 + rng.standard_normal(bars) * 0.001)
    high = np.maximum(opened, close) * (1 + np.abs(rng.standard_normal(bars)) * 0.002)
    low = np.minimum(opened, close) * (1 - np.abs(rng.standard_normal(bars)) * 0.002)
    index = pd.date_range("2024-03-01", periods=bars, freq=pd.Timedelta(seconds=base.seconds), tz="UTC")
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": rng.random(bars)}
    frame = pd.DataFrame(columns, index=index)
    if gaps:
        frame = frame[rng.random(bars) > 0.03]
    return Recorded(symbol=symbol, timeframe=base, frame=frame, gaps=(), source=Path("made here"))


def job(strategy: str, seed: int, *, symbols: int = 2, base: str = "5m", timeframe: str = "5m", gaps: bool = True,
        limits: Limits = STRICT) -> Job:  # fmt: skip
    found, step = find(strategy), Timeframe.parse(base)
    names = ("BTC/USDT", "ETH/USDT", "SOL/USDT")[:symbols]
    return Job(
        strategy=found,
        params=found.params(SHORT.get(strategy, {})),
        recorded=tuple(recorded(name, seed + n, 1500, step, gaps) for n, name in enumerate(names)),
        timeframe=Timeframe.parse(timeframe),
        cash=Decimal(10000),
        fee=Decimal("0.001"),
        slippage=Decimal("0.0005"),
        limits=limits,
    )


def facts(report: Report) -> tuple[object, ...]:
    return report.final_equity, report.fees, report.trades, report.equity


def quietly(_: float) -> None:
    """Nobody watches the progress."""


@pytest.mark.parametrize("leap", [1, 7, 500, 10_000])
async def test_it_does_not_matter_how_far_the_clock_leaps(leap):
    asked = job("ema_cross", seed=1)

    tested = backtest(asked, quietly)
    lived = await replay(asked, quietly, leap=leap)

    assert len(tested.trades) > 20
    assert facts(lived) == facts(tested)


@settings(max_examples=12, deadline=None)
@given(
    strategy=st.sampled_from(["ema_cross", "rsi", "macd", "bollinger", "dual_momentum"]),
    seed=st.integers(0, 10_000),
    symbols=st.integers(1, 3),
    gaps=st.booleans(),
    timeframe=st.sampled_from(["5m", "10m"]),
    leap=st.sampled_from([3, 50, 400]),
)
async def test_random_candles_gaps_and_limits_give_the_same_book(
    strategy, seed, symbols, gaps, timeframe, leap
):
    asked = job(strategy, seed, symbols=symbols, gaps=gaps, timeframe=timeframe)

    tested = backtest(asked, quietly)
    lived = await replay(asked, quietly, leap=leap)

    assert facts(lived) == facts(tested)


async def test_a_drawdown_kill_sells_once_and_nothing_is_bought_after_it():
    asked = job("ema_cross", seed=3, limits=Limits(order_share=1.0, daily_loss=1.0, drawdown=0.03))

    tested = backtest(asked, quietly)
    lived = await replay(asked, quietly, leap=11)

    closed_by_kill = [t for t in tested.trades if t.reason in ("drawdown", "kill")]
    assert closed_by_kill
    assert max(t.exit_at for t in tested.trades) == closed_by_kill[-1].exit_at
    assert all(t.side == "buy" for t in tested.trades)
    assert tested.final_equity == asked.cash + sum(t.pnl for t in tested.trades)
    assert facts(lived) == facts(tested)


@settings(max_examples=8, deadline=None)
@given(
    strategy=st.sampled_from(["ema_cross", "rsi"]),
    seed=st.integers(0, 10_000),
    leap=st.sampled_from([5, 300]),
)
async def test_limits_that_look_back_see_the_same_past_live_and_in_a_backtest(strategy, seed, leap):
    looking_back = Limits(
        order_share=0.4,
        daily_loss=0.02,
        drawdown=0.10,
        weekly_loss=0.03,
        losses=4,
        volatility=1.2,
        liquidity=4.0,
        symbol_exposure=0.3,
        cluster_exposure=0.35,
        cluster_correlation=0.0,
        value_at_risk=0.03,
        shortfall=0.04,
        orders_per_hour=1,
    )
    asked = job(strategy, seed, symbols=2, limits=looking_back)

    tested = backtest(asked, quietly)
    lived = await replay(asked, quietly, leap=leap)

    assert facts(lived) == facts(tested)
    assert all(trade.entry_at >= START + timedelta(hours=49) for trade in tested.trades)
