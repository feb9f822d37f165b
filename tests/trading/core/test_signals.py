"""The board: the same answers whether candles come one by one or by the thousand, and longer ones built up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import walk
from trading.core.frames import Columns, Series
from trading.core.signals import Board, Question
from trading.core.weighing import SWING
from trading.domain.errors import Broken
from trading.domain.market import Timeframe
from trading.strategies import find

MINUTE, FIVE, QUARTER = (Timeframe.parse(t) for t in ("1m", "5m", "15m"))


def minutes(bars: int, seed: int = 1) -> pd.DataFrame:
    return walk(bars, seed, step=pd.Timedelta("1min"))


def resampled(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return frame.resample(rule).agg(rules).dropna()


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(1, 299), max_size=12), holes=st.sets(st.integers(0, 299), max_size=60))
def test_built_candles_equal_pandas_however_the_minutes_arrive(cuts, holes):
    whole = minutes(300)
    given_ = whole.drop(whole.index[list(holes)])
    series = Series(MINUTE, QUARTER)

    for part in np.split(np.arange(len(given_)), sorted({c for c in cuts if c < len(given_)})):
        if len(part):
            series.extend(Columns.of_frame(given_.iloc[part]))

    expected = resampled(given_, "15min")[: len(series.columns)]
    pd.testing.assert_frame_equal(
        series.columns.frame(), expected, check_freq=False, check_index_type=False, check_names=False
    )
    assert len(expected) >= len(resampled(given_, "15min")) - 1


def test_a_candle_is_known_at_its_close_or_when_a_later_one_proves_it_over():
    frame = minutes(40).drop(
        minutes(40).index[[14, 15, 16]]
    )  # the last minute of the first quarter is missing
    series = Series(MINUTE, QUARTER)

    series.extend(Columns.of_frame(frame))

    start = int(frame.index[0].timestamp())
    assert series.known.tolist() == [start + 18 * 60, start + 30 * 60]


def a_question(timeframe: Timeframe = FIVE) -> Question:
    strategy = find("ema_cross")
    return Question(strategy, strategy.params({"fast": 3, "slow": 8}), "BTC/USDT", timeframe)


@pytest.mark.parametrize("step", [1, 7, 100])
def test_answers_do_not_depend_on_how_many_candles_come_at_once(step):
    frame, question = minutes(3000), a_question()
    at_once, bit_by_bit = Board(MINUTE, keep_all=True), Board(MINUTE)
    for board in (at_once, bit_by_bit):
        board.ask(question)
    at_once.extend("BTC/USDT", Columns.of_frame(frame))
    heard = {}

    for first in range(0, 3000, step):
        part = frame[first : first + step]
        bit_by_bit.extend("BTC/USDT", Columns.of_frame(part))
        for opened in part.index:
            at = int(opened.timestamp()) + 60
            heard[at] = bit_by_bit.exposure(question, at)
        bit_by_bit.forget()

    assert heard == {at: at_once.exposure(question, at) for at in heard}
    assert len([1 for value in heard.values() if value is not None]) > 200


def test_there_is_no_answer_before_the_warm_up_is_over():
    frame, question = minutes(2000), a_question()
    board = Board(MINUTE, keep_all=True)
    board.ask(question)

    board.extend("BTC/USDT", Columns.of_frame(frame))

    times, _ = board.curve(question)
    assert int(times[0]) == int(frame.index[0].timestamp()) + question.warmup * 300


def test_a_seeded_window_answers_as_the_whole_history_does():
    frame, question = minutes(4000), a_question()
    whole, seeded = Board(MINUTE, keep_all=True), Board(MINUTE)
    for board in (whole, seeded):
        board.ask(question)
    whole.extend("BTC/USDT", Columns.of_frame(frame))
    now = frame.index[3502]

    fives = resampled(frame[:3500], "5min")[-(question.warmup + 1) :]
    seeded.seed("BTC/USDT", FIVE, Columns.of_frame(fives), Columns.of_frame(frame[3500:3502]))
    seeded.extend("BTC/USDT", Columns.of_frame(frame[3502:]))

    later = [int(t.timestamp()) + 60 for t in frame.index if t >= now]
    assert [seeded.exposure(question, t) for t in later] == [whole.exposure(question, t) for t in later]


def test_a_timeframe_that_cannot_be_built_is_refused():
    with pytest.raises(Broken, match="7m candles cannot be built from 5m candles"):
        Board(FIVE).ask(a_question(Timeframe.parse("7m")))


def test_the_board_forgets_what_nobody_can_ask_for():
    frame, question = minutes(6000), a_question(MINUTE)
    board = Board(MINUTE)
    board.ask(question)

    for first in range(0, 6000, 50):
        board.extend("BTC/USDT", Columns.of_frame(frame[first : first + 50]))
        board.exposure(question, 0)
        board.forget()

    series = board._series["BTC/USDT", MINUTE]
    assert len(series.columns) <= 2 * (question.warmup + 200) + 50


def test_of_two_answers_known_at_one_moment_the_newer_candles_counts():
    frame, question = minutes(3000), Question(SWING, None, "BTC/USDT", FIVE)
    gone = frame.drop(
        frame.index[[2504, 2505, 2506, 2507, 2508]]
    )  # the end of one candle and the begin of the next
    board = Board(MINUTE, keep_all=True)
    board.ask(question)

    board.extend("BTC/USDT", Columns.of_frame(gone))
    times, values = board.curve(question)

    twice = times[1:][np.diff(times) == 0]
    assert len(twice) == 1
    first, last = values[times == twice[0]].tolist()
    assert first != last
    assert board.exposure(question, int(twice[0])) == board.newest(question, int(twice[0]) + 59) == last
    assert board.exposure(question, int(twice[0]) + 1) is None
