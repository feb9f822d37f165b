"""Protection acts alike however the candles are gone through: one by one, with leaps, bit by bit."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.parity.test_replay_equals_backtest import facts, job, quietly
from tests.parity.test_skip_equals_all import a_room, state
from trading.core.sleeve import Line
from trading.domain.order import Reason
from trading.domain.protection import PROTECTIVE
from trading.domain.research import Terms
from trading.lab.backtest import backtest
from trading.lab.job import NO_LIMITS
from trading.lab.quiet import step_through
from trading.lab.replay import replay
from trading.risk.rules import Limits

WORDS = {
    "stop": ["0.005", "0.02"],
    "atr_stop": ["1", "3"],
    "take": ["0.005", "0.03"],
    "tiers": ["0.004:0.5", "0.003:0.3 0.01:0.3"],
    "trail": ["0.005", "0.02"],
    "trail_from": ["0.01"],
    "atr_trail": ["1.5", "3"],
    "min_hold": ["2", "12"],
    "time_stop": ["3", "40"],
    "cool_down": ["1", "15"],
    "reenter": ["true"],
    "both_touched": ["take"],
}
CONTRADICTION = {"min_hold": "12", "time_stop": "3"}
protections = st.fixed_dictionaries(
    {}, optional={n: st.sampled_from(values) for n, values in WORDS.items()}
).filter(
    lambda said: (
        (said.items() & CONTRADICTION.items() != CONTRADICTION.items())
        and ("trail" in said or "trail_from" not in said)
    )
)
STRATEGIES = st.sampled_from(["ema_cross", "rsi", "bollinger", "macd", "grid"])
LIMITS = st.sampled_from([NO_LIMITS, Limits(order_share=0.4, daily_loss=0.02, drawdown=0.10)])


def everything(room) -> dict[str, object]:
    lines = {
        key: (line.wanted, line.acted, line.barred, line.shut_until, line.due)
        for key, line in room.desk.lines.items()
        if line != Line()  # one that was never spoken of says nothing
    }
    return state(room) | {"guards": room.desk.guards, "lines": lines}


@settings(max_examples=25, deadline=None)
@example("ema_cross", 392, 3, True, "15m", {}, NO_LIMITS)  # nothing ever happens in one of the markets
@given(
    strategy=STRATEGIES,
    seed=st.integers(0, 10_000),
    symbols=st.integers(1, 3),
    gaps=st.booleans(),
    timeframe=st.sampled_from(["5m", "15m"]),
    protect=protections,
    limits=LIMITS,
)
def test_the_same_book_with_and_without_the_quiet_candles(
    strategy, seed, symbols, gaps, timeframe, protect, limits
):
    asked = job(strategy, seed, symbols=symbols, gaps=gaps, timeframe=timeframe, limits=limits)
    asked = replace(asked, terms=Terms(protect=protect))

    every, _, _, track = a_room(asked)
    for index in range(len(track)):
        every.session.step(track.event(index))
    some, board, questions, track = a_room(asked)
    step_through(some, track, board, questions, lambda _: None)

    expected, found = everything(every), everything(some)
    if limits is NO_LIMITS:  # without loss limits nobody reads the tops, so they are not kept
        expected.pop("tops"), found.pop("tops")
    assert found == expected


@settings(max_examples=8, deadline=None)
@given(
    strategy=STRATEGIES,
    seed=st.integers(0, 10_000),
    symbols=st.integers(1, 2),
    timeframe=st.sampled_from(["5m", "10m"]),
    protect=protections,
    leap=st.sampled_from([3, 50, 400]),
)
async def test_a_replay_through_the_live_session_gives_the_same_book(
    strategy, seed, symbols, timeframe, protect, leap
):
    asked = job(strategy, seed, symbols=symbols, timeframe=timeframe)
    asked = replace(asked, terms=Terms(protect=protect))

    tested = backtest(asked, quietly)
    lived = await replay(asked, quietly, leap=leap)

    assert facts(lived) == facts(tested)


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    protect=protections,
    volume_share=st.sampled_from([None, "0.5"]),
    fill=st.sampled_from(["next-open", "close"]),
)
@example(1, {}, "0.5", "close")  # a kill that is sold bit by bit
async def test_other_terms_of_filling_are_the_same_in_a_replay(seed, protect, volume_share, fill):
    terms = Terms(protect=protect, fill=fill, volume_share=Decimal(volume_share) if volume_share else None)
    asked = replace(job("ema_cross", seed, symbols=1), terms=terms)

    tested = backtest(asked, quietly)
    lived = await replay(asked, quietly, leap=50)

    assert facts(lived) == facts(tested)


def test_every_kind_of_protection_acts_in_these_markets():
    protect = {"stop": "0.015", "take": "0.03", "trail": "0.01", "trail_from": "0.015", "time_stop": "15"}

    asked = replace(job("ema_cross", 5, symbols=3, limits=NO_LIMITS), terms=Terms(protect=protect))
    reasons = {trade.reason for trade in backtest(asked, quietly).trades}

    assert reasons == PROTECTIVE | {Reason.SIGNAL}
