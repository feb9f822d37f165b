"""Leaving out the quiet candles gives the same book as visiting every one, marks and all."""

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.parity.test_replay_equals_backtest import job
from trading.core.frames import Columns
from trading.core.signals import Board
from trading.domain.account import Mode
from trading.domain.events import OrderRefused, SignalChanged
from trading.domain.risk import RiskDecision
from trading.lab.job import Job
from trading.lab.lane import Lane
from trading.lab.quiet import Track, step_through
from trading.limits import limits_of
from trading.risk.rules import Limits
from trading.settings_risk import Risk

WEEKS = {"weekly_loss": 0.01, "monthly_loss": 0.03, "drawdown_warnings": (0.005, 0.02)}
PACE = {"losses": 3, "orders_per_hour": 5, "volatility": 8.0}
ALL = WEEKS | {
    "losses": 3,
    "volatility": 3.0,
    "liquidity": 5.0,
    "symbol_exposure": 0.3,
    "gross_exposure": 0.5,
    "cluster_exposure": 0.4,
    "cluster_correlation": 0.1,
    "orders_per_hour": 2,
    "value_at_risk": 0.05,
    "shortfall": 0.06,
}
USUAL = {
    name: getattr(limits_of(Risk()), name)
    for name in Risk.model_fields
    if name not in ("order_share", "daily_loss", "drawdown")
}
WIDE = Limits(
    order_share=0.3,
    daily_loss=0.5,
    drawdown=0.5,
    weekly_loss=0.5,
    drawdown_warnings=(0.4,),
    losses=90,
    orders_per_hour=90,
    volatility=50.0,
    value_at_risk=5.0,
)


class Asked(dict):
    """What the gate was asked last, counting how often it said no."""

    def __init__(self, counted: Counter) -> None:
        self.counted = counted

    def __setitem__(self, key, asked_and_answer) -> None:
        self.counted["no" if isinstance(asked_and_answer[1], RiskDecision) else "yes"] += 1


SHARES = st.sampled_from([0.005, 0.01, 0.02, 0.05, 0.2, 1.0])


def a_room(asked: Job):
    board = Board(asked.base, keep_all=True)
    room = asked.open_room(Mode.BACKTEST, board)
    questions = [q for s in room.desk.sleeves.values() for q in s.questions()]
    for question in questions:
        board.ask(question)
    for symbol in asked.symbols if room.desk.limits.needs_history else ():
        board.watch(symbol)
    for r in asked.recorded:
        board.extend(r.symbol, Columns.of_frame(r.frame))
    return room, board, questions, Track(asked.recorded)


def state(room) -> dict[str, object]:
    book = room.desk.book
    return {
        "cash": book.cash,
        "positions": book.positions,
        "prices": book.prices,
        "day": book.day,
        "fills": room.recorder.fills,
        "equity": room.recorder.equity,
        "halts": room.desk.halts.all,
        "warned": room.desk.risk.warned,
        "told": [news for news in room.recorder.news if not isinstance(news, SignalChanged)],
        "lines": room.desk.lines,
        "sent": room.desk.risk.sent,
        "losses": room.desk.risk.losses,
        "trips": room.desk.trips.remember(),
        "seen": room.desk.seen,
        "tops": (book.peak_equity, book.day_start_equity),
    }


@settings(max_examples=40, deadline=None)
@example(
    "ema_cross", 346, 1, False, 0.02, 0.2, 1.0, {}
)  # what a sale cost reached the limit, with nothing held
@example(
    "ema_cross", 3600, 2, False, 0.005, 0.01, 0.1, ALL
)  # while one market was too wild, another lost: then bad luck is what refuses
@given(
    strategy=st.sampled_from(["ema_cross", "rsi", "macd", "bollinger", "dual_momentum"]),
    seed=st.integers(0, 10_000),
    symbols=st.integers(1, 3),
    gaps=st.booleans(),
    daily_loss=SHARES,
    drawdown=SHARES,
    order_share=st.sampled_from([0.1, 0.4, 1.0]),
    more=st.sampled_from([{}, PACE, WEEKS, ALL, USUAL]),
)
def test_the_same_book_with_and_without_the_quiet_candles(
    strategy, seed, symbols, gaps, daily_loss, drawdown, order_share, more
):
    limits = Limits(order_share=order_share, daily_loss=daily_loss, drawdown=drawdown, **more)
    asked = job(strategy, seed, symbols=symbols, gaps=gaps, limits=limits)

    every, _, _, track = a_room(asked)
    for index in range(len(track)):
        every.session.step(track.event(index))
    some, board, questions, track = a_room(asked)
    step_through(some, track, board, questions, lambda _: None)

    expected, found = state(every), state(some)
    if (
        min(daily_loss, drawdown) == 1.0 and "weekly_loss" not in more
    ):  # without loss limits nobody reads the tops, so they are not kept
        expected.pop("tops"), found.pop("tops")
    assert found == expected


def test_most_candles_are_quiet():
    asked = job(
        "ema_cross", seed=5, symbols=1, gaps=False, limits=Limits(order_share=1, daily_loss=1, drawdown=1)
    )
    room, board, questions, track = a_room(asked)
    visits = []
    room.session._listeners = (visits.append,)

    step_through(room, track, board, questions, lambda _: None)

    assert 0 < len([v for v in visits if type(v).__name__ == "CandlesClosed"]) < len(track) / 4


def test_most_orders_take_the_short_road():
    limits = Limits(
        order_share=0.5,
        daily_loss=0.9,
        drawdown=0.9,
        weekly_loss=0.9,
        drawdown_warnings=(0.8,),
        losses=90,
        orders_per_hour=90,
        gross_exposure=1.0,
    )
    room, board, questions, track = a_room(job("ema_cross", seed=5, symbols=1, gaps=False, limits=limits))
    heard = []
    room.session._listeners = (heard.append,)

    step_through(room, track, board, questions, lambda _: None)

    changes = [news for news in heard if type(news).__name__ == "OrderChanged"]
    assert len(room.recorder.fills) > 20
    assert len(changes) < len(room.recorder.fills)  # on the long road each order changes twice or more


@pytest.mark.parametrize("rules", [{"volatility": 1.9}, {"losses": 2}])
def test_what_was_refused_is_asked_again_when_the_answer_may_change(rules):
    limits = Limits(order_share=0.5, daily_loss=1.0, drawdown=1.0, **rules)
    room, board, questions, track = a_room(job("ema_cross", seed=7, symbols=1, gaps=False, limits=limits))
    refused = Counter()
    room.desk.risk.asked = Asked(refused)

    step_through(room, track, board, questions, lambda _: None)

    told = sum(isinstance(news, OrderRefused) for news in room.recorder.news)
    assert told > 5
    assert refused["no"] < 5 * told  # each waited for hours, which are twelve candles each


@pytest.mark.parametrize("limits", [Limits(order_share=1, daily_loss=1, drawdown=1), WIDE])
def test_plain_orders_take_the_shortest_road(monkeypatch, limits):
    room, board, questions, track = a_room(job("ema_cross", seed=5, symbols=3, gaps=False, limits=limits))
    plainly, fill = Counter(), Lane.fill
    monkeypatch.setattr(Lane, "fill", lambda *given: plainly.update(fills=1) or fill(*given))

    step_through(room, track, board, questions, lambda _: None)

    fills = len(room.recorder.fills)
    assert fills > 60
    assert plainly["fills"] > 0.75 * fills  # new days and great leaps are for the longer roads
