"""The compiled gear trades what the desk trades: random candles, gaps, exposures, fees and limits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parity.test_protection import protections
from trading.build import Room
from trading.core.frames import Columns
from trading.core.signals import Board, Question
from trading.domain.account import Mode
from trading.domain.events import CandlesClosed
from trading.domain.market import Candle, Timeframe
from trading.domain.protection import NOTHING
from trading.domain.research import Terms
from trading.indicators import atr
from trading.lab import compiled
from trading.lab.backtest import backtest
from trading.lab.compiled import PLAIN, Market, Rules, cannot, fastest, wanted
from trading.lab.job import NO_LIMITS, Job
from trading.lab.kernel import STOP
from trading.market.archive import Recorded
from trading.risk.rules import Limits
from trading.settings_protect import Protect
from trading.strategies import evaluate, find

HOUR = Timeframe(3600)
TWO_HOURS = Timeframe(7200)


class Told:
    """A board that knows its answers from the start."""

    def __init__(self, times: list[int], wishes: list[float], board: Board) -> None:
        self._by_time = {t: w for t, w in zip(times, wishes, strict=True) if w == w}
        self._board = board

    def exposure(self, question: object, at: int) -> float | None:
        return self._by_time.get(at)

    def newest(self, question: Question, at: int) -> float | None:
        return self._board.newest(question, at)


def recorded(
    closes: np.ndarray, gaps: np.ndarray, seed: int = 0, start: float = 100.0, wick: float = 0.001
) -> Recorded:
    """Candles with these closes; where `gaps` is true there is none."""
    dice, bars = np.random.default_rng(seed), len(closes)
    opens = np.concatenate(([start], closes[:-1])) * (1 + dice.standard_normal(bars) * 0.002)
    columns = {
        "open": opens,
        "high": np.maximum(opens, closes) * (1 + wick * dice.random(bars)),
        "low": np.minimum(opens, closes) * (1 - wick * dice.random(bars)),
        "close": closes,
        "volume": np.ones(bars),
    }
    index = pd.date_range("2024-03-01", periods=bars, freq="1h", tz="UTC")
    frame = pd.DataFrame(columns, index=index)[~gaps]
    return Recorded(symbol="BTC/USDT", timeframe=HOUR, frame=frame, gaps=(), source=Path("made here"))


def walk(
    seed: int,
    bars: int,
    *,
    swing: float = 0.02,
    gaps: float = 0.05,
    start: float = 100.0,
    wick: float = 0.001,
) -> Recorded:
    dice = np.random.default_rng(seed)
    closes = start * np.exp(np.cumsum(dice.standard_t(4, bars) * swing))
    return recorded(np.round(closes, dice.integers(4, 9)), dice.random(bars) < gaps, seed, start, wick)


def a_job(
    candles: Recorded, strategy: str = "ema_cross", timeframe: Timeframe = HOUR, **changes: object
) -> Job:
    found = find(strategy)
    fields = {
        "cash": Decimal(10000),
        "fee": Decimal("0.001"),
        "slippage": Decimal("0.0005"),
        "limits": NO_LIMITS,
    }
    fields |= {"params": found.params({})} | changes
    return Job(strategy=found, recorded=(candles,), timeframe=timeframe, **fields)


def by_the_desk(job: Job, wishes: np.ndarray) -> Room:
    """Every candle through the desk itself, none skipped."""
    (candles,) = job.recorded
    closed = (Columns.of_frame(candles.frame).opened + HOUR.seconds).tolist()
    board = Board(HOUR, keep_all=True)
    done = job.open_room(Mode.BACKTEST, Told(closed, wishes.tolist(), board))
    for sleeve in done.desk.sleeves.values():
        for question in sleeve.questions():
            board.ask(question)
    board.extend("BTC/USDT", Columns.of_frame(candles.frame))
    for opened, row in zip(candles.frame.index.to_pydatetime(), candles.frame.itertuples(), strict=True):
        candle = Candle(
            symbol="BTC/USDT", timeframe=HOUR, opened_at=opened.astimezone(UTC), open=row.open, high=row.high,
            low=row.low, close=row.close, volume=row.volume,
        )  # fmt: skip
        done.session.step(CandlesClosed(candle.closed_at, (candle,)))
    return done


def agree(job: Job, wishes: np.ndarray) -> int:
    """Both gears' fills compared one by one; how many there were."""
    desk, market = by_the_desk(job, wishes), Market.of(job.recorded[0], HOUR)
    run = compiled.trade(market, wishes, Rules.of(job))
    assert run is not None
    fills = desk.recorder.fills

    closed = [datetime.fromtimestamp(int(market.closed[bar]), UTC) for bar in run.bars]
    opened = [at - timedelta(hours=1) for at in closed]
    assert [f.at for f in fills] == [
        at_close if why >= STOP else at_open
        for at_close, at_open, why in zip(closed, opened, run.why, strict=True)
    ]
    assert [f.side.sign for f in fills] == np.sign(run.amounts).tolist()
    signed = np.array([float(f.side.sign * f.amount) for f in fills])
    np.testing.assert_allclose(run.amounts, signed, rtol=1e-9, atol=1.01e-8)
    np.testing.assert_allclose(run.prices, [float(f.price) for f in fills], rtol=1e-9, atol=1.01e-8)
    assert run.final == pytest.approx(float(desk.desk.book.equity), rel=1e-8)
    assert (run.killed >= 0) == desk.desk.halts.killed
    at_closes = {point.at: point.equity for point in desk.recorder.equity}
    theirs = [at_closes[datetime.fromtimestamp(int(c), UTC)] for c in market.closed]
    np.testing.assert_allclose(run.equity(market), theirs, rtol=1e-8)
    return len(fills)


def moods(seed: int, bars: int, kind: str) -> np.ndarray:
    """Wishes that stay for a while: in and out, of any size, or now and then unknown and below zero."""
    dice = np.random.default_rng(seed + 1)
    fresh = {
        "in and out": dice.integers(0, 2, bars).astype(float),
        "any size": np.round(dice.random(bars), 6),
        "anything": np.round(dice.uniform(-1, 1, bars), 1),
    }[kind]
    stays = dice.random(bars) < 0.7
    newest = np.maximum.accumulate(np.where(stays, 0, np.arange(bars)))
    wishes = fresh[newest] + 0.0
    if kind == "anything":
        wishes[dice.random(bars) < 0.2] = np.nan
    return wishes


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    kind=st.sampled_from(["in and out", "any size", "anything"]),
    start=st.sampled_from([0.0004, 0.5, 100.0, 65_000.0, 150_000_000.0]),
    fee=st.sampled_from(["0", "0.001", "0.02"]),
    slippage=st.sampled_from(["0", "0.0005", "0.03"]),
    order_share=st.sampled_from([1.0, 0.7, 0.25]),
    daily_loss=st.sampled_from([1.0, 0.1, 0.01]),
    drawdown=st.sampled_from([1.0, 0.4, 0.1]),
)
def test_random_candles_exposures_and_limits_give_the_same_trades(
    seed, kind, start, fee, slippage, order_share, daily_loss, drawdown
):
    candles = walk(seed, 150, start=start)
    job = a_job(
        candles,
        fee=Decimal(fee),
        slippage=Decimal(slippage),
        limits=Limits(order_share=order_share, daily_loss=daily_loss, drawdown=drawdown),
    )

    agree(job, moods(seed, len(candles.frame), kind))


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    kind=st.sampled_from(["in and out", "any size"]),
    start=st.sampled_from([100.0, 65_000.0]),
    protect=protections,
    order_share=st.sampled_from([1.0, 0.6]),
    daily_loss=st.sampled_from([1.0, 0.03]),
    drawdown=st.sampled_from([1.0, 0.3]),
)
def test_random_protections_give_the_same_trades(
    seed, kind, start, protect, order_share, daily_loss, drawdown
):
    candles = walk(seed, 700, start=start, swing=0.006, wick=0.01)
    limits = Limits(order_share=order_share, daily_loss=daily_loss, drawdown=drawdown)
    job = a_job(candles, limits=limits, terms=Terms(protect=protect))

    agree(job, moods(seed, len(candles.frame), kind))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_round_prices_that_hit_limits_exactly_give_the_same_trades(data):
    closes = data.draw(
        st.lists(st.sampled_from([80.0, 90.0, 95.0, 100.0, 110.0, 125.0]), min_size=5, max_size=60)
    )
    steady = recorded(np.array(closes), np.zeros(len(closes), bool))
    steady.frame["open"] = np.concatenate(([100.0], closes[:-1]))
    wishes = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(closes), max_size=len(closes)))
    )
    limits = Limits(
        order_share=data.draw(st.sampled_from([1.0, 0.5])),
        daily_loss=data.draw(st.sampled_from([1.0, 0.05])),
        drawdown=data.draw(st.sampled_from([1.0, 0.1])),
    )

    agree(a_job(steady, fee=Decimal(0), slippage=Decimal(0), limits=limits), wishes)


def test_a_year_of_hours_is_traded_alike():
    candles = walk(11, 8760, swing=0.005)

    job = a_job(candles)
    fills = agree(job, wanted(Market.of(candles, HOUR), job.strategy, job.params))

    assert fills > 300


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["in and out", "anything"]),
    drawdown=st.sampled_from([1, 0.1]),
    protect=protections,
)
def test_compiled_and_plain_python_give_the_same_bits(seed, kind, drawdown, protect):
    market = Market.of(walk(seed, 200), HOUR)
    wishes = moods(seed, len(market.close), kind)
    rules = Rules(
        cash=9999.5,
        fee=0.001,
        slippage=0.0005,
        limits=Limits(order_share=0.9, daily_loss=0.02, drawdown=drawdown),
        protection=Protect.model_validate(protect).over(NOTHING),
    )

    fast, plain = (
        compiled.trade(market, wishes, rules, fastest()),
        compiled.trade(market, wishes, rules, PLAIN),
    )

    assert fast is not None
    assert plain is not None
    assert [x.tobytes() for x in (fast.bars, fast.why, fast.amounts, fast.prices, fast.cash)] == [
        x.tobytes() for x in (plain.bars, plain.why, plain.amounts, plain.prices, plain.cash)
    ]
    assert (fast.final, fast.killed) == (plain.final, plain.killed)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    fast=st.integers(2, 30),
    slow=st.integers(5, 60),
    band=st.sampled_from([0.0, 0.004]),
    hold=st.integers(1, 300),
)
def test_the_compiled_ema_cross_wants_what_the_strategy_wants(seed, fast, slow, band, hold):
    strategy = find("ema_cross")
    params = strategy.params({"fast": fast, "slow": slow, "band": band, "hold": hold})
    candles = walk(seed, 1500, gaps=0.0)
    market = Market.of(candles, HOUR)
    warm = strategy.warmup(params, 3600)

    compiled_wishes, plain_wishes = (wanted(market, strategy, params, gear) for gear in (fastest(), PLAIN))

    expected = evaluate(strategy, params, candles.frame)
    assert np.isnan(compiled_wishes[: warm - 1]).all()
    assert (
        compiled_wishes[warm - 1 :].tolist()
        == expected[warm - 1 :].tolist()
        == plain_wishes[warm - 1 :].tolist()
    )


@pytest.mark.parametrize("strategy", ["rsi", "macd", "bollinger"])
def test_a_strategy_of_longer_candles_is_heard_when_they_are_complete(strategy):
    job = a_job(walk(5, 3000, swing=0.01), strategy, TWO_HOURS)

    run = compiled.run(job)

    tested = backtest(job, lambda done: None)
    assert run is not None
    assert len(tested.trades) > 3
    assert len(run.bars) in (2 * len(tested.trades), 2 * len(tested.trades) + 1)
    assert run.final == pytest.approx(float(tested.final_equity), rel=1e-8)


def test_what_this_gear_cannot_do_is_named_and_left_to_the_desk():
    cheap, usual = walk(1, 700, start=1e-7, gaps=0.0), walk(2, 700)
    cheap.frame.loc[:, ["open", "high", "low", "close"]] = 2e-7

    assert cannot(a_job(usual)) is None
    assert "compares markets" in (cannot(a_job(usual, "dual_momentum")) or "")
    assert "decimals" in (cannot(a_job(cheap)) or "")
    assert compiled.run(a_job(cheap)) is None


def test_amounts_too_large_to_count_are_left_to_the_desk():
    market = Market.of(walk(3, 50, start=0.0001, swing=0.001), HOUR)

    run = compiled.trade(market, np.ones(len(market.close)), Rules(cash=1e9, fee=0.001, slippage=0.0))

    assert run is None


def test_many_parameters_at_once_are_each_what_one_alone_is():
    candles, strategy = walk(7, 2500, gaps=0.0), find("ema_cross")
    many = [strategy.params({"fast": f, "slow": s}) for f in (5, 9) for s in (20, 40)]
    rules = Rules(cash=10_000.0, fee=0.001, slippage=0.0005)

    together = compiled.run_many(Market.of(candles, HOUR), strategy, many, rules)

    alone = [compiled.run(a_job(candles, params=params)) for params in many]
    assert [r.final for r in together if r] == [r.final for r in alone if r]
    assert len({r.final for r in together if r}) == 4


def test_the_compiled_average_true_range_is_that_of_the_indicators():
    market = Market.of(walk(3, 1500), HOUR)

    _, closes = market.swings(fastest())

    assert closes[500:].tolist() == atr(market.columns.frame(), 14).to_numpy()[500:].tolist()


def test_a_limit_that_is_missed_by_a_hair_is_not_reached():
    steady = recorded(np.array([80.0, 90.0, 100.0, 110.0, 100.0, 80.0]), np.zeros(6, bool))
    steady.frame["open"] = [100.0, 80.0, 90.0, 100.0, 110.0, 100.0]
    limits = Limits(order_share=0.5, daily_loss=1.0, drawdown=0.1)

    wishes = np.array([0.0, 0.5, 1.0, 0.0, 1.0, 0.0])
    fills = agree(a_job(steady, fee=Decimal(0), slippage=Decimal(0), limits=limits), wishes)

    assert fills == 4  # 0.00000001 USDT above nine tenths of its top: no kill
