"""A compiled run booked to the last digit is what the desk leaves behind: every id, amount and equity point."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parity.test_protection import protections
from tests.parity.test_replay_equals_backtest import job
from tests.parity.test_skip_equals_all import a_room
from trading.domain.events import TradingHalted
from trading.domain.research import Terms
from trading.lab.booking import booked
from trading.lab.job import NO_LIMITS, Job
from trading.lab.quiet import Track, step_through
from trading.risk.rules import Limits

SOME = Limits(order_share=1.0, daily_loss=0.05, drawdown=0.2)


def left_behind(room) -> dict[str, object]:
    book = room.desk.book
    return {
        "fills": room.recorder.fills,
        "equity": room.recorder.equity,
        "cash": book.cash,
        "positions": book.positions,
        "fees": book.fees,
        "prices": book.prices,
        "seen": room.desk.seen,
    }


def by_the_desk(asked: Job):
    room, board, questions, _ = a_room(asked)
    step_through(room, Track(asked.traded), board, questions, lambda _: None)
    return room


@settings(max_examples=30, deadline=None)
@given(
    strategy=st.sampled_from(["ema_cross", "rsi", "bollinger", "macd", "supertrend"]),
    seed=st.integers(0, 10_000),
    gaps=st.booleans(),
    timeframe=st.sampled_from(["5m", "10m", "15m"]),
    protect=protections,
    fee=st.sampled_from(["0", "0.001"]),
    slippage=st.sampled_from(["0", "0.0005"]),
    later=st.sampled_from([None, 900]),
    limits=st.sampled_from([NO_LIMITS, SOME]),
)
def test_random_candles_and_protections_leave_the_same_account(
    strategy, seed, gaps, timeframe, protect, fee, slippage, later, limits
):
    asked = job(strategy, seed, symbols=1, gaps=gaps, timeframe=timeframe, limits=limits)
    asked = replace(asked, terms=Terms(protect=protect), fee=Decimal(fee), slippage=Decimal(slippage))
    if later is not None:
        begun = asked.recorded[0].frame.index[0].to_pydatetime() + timedelta(minutes=5 * later)
        asked = replace(asked, begin=begun)

    quick, slow = booked(asked), by_the_desk(asked)

    halted = any(isinstance(news, TradingHalted) for news in slow.recorder.news)
    assert (quick is None) == halted  # what met a limit is the desk's
    assert quick is None or left_behind(quick) == left_behind(slow)


def test_it_trades_in_these_markets():
    quick = booked(job("ema_cross", 1, symbols=1, limits=NO_LIMITS))

    assert quick is not None
    assert len(quick.recorder.fills) > 40


def test_what_needs_the_desk_is_left_to_it():
    plain = job("ema_cross", 1, symbols=1, limits=NO_LIMITS)
    strict = replace(plain, limits=Limits(order_share=0.5, daily_loss=1.0, drawdown=1.0))
    dear = replace(plain, fee=Decimal("0.02"))
    late = replace(plain, terms=Terms(latency="1"))

    assert booked(plain) is not None
    assert [booked(asked) for asked in (strict, dear, late, job("ema_cross", 1, symbols=2))] == [None] * 4
    assert booked(job("grid", 1, symbols=1, limits=NO_LIMITS)) is None  # neither in nor out


def test_money_for_a_few_steps_only_is_left_to_the_desk():
    poor = replace(job("ema_cross", 1, symbols=1, limits=NO_LIMITS), cash=Decimal("0.00001"))

    assert booked(poor) is None
