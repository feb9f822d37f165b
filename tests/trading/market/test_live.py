"""The live feed against a market made by hand: late symbols, gaps, outages, restarts, health."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.builders import a_candle
from tests.fakes.clock import NOON, HandClock
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.events import FeedLost, FeedRestored, PricesSeen
from trading.domain.market import Timeframe
from trading.market.live import FeedState, LiveFeed

MINUTE = Timeframe(60)
A, B = "BTC/USDT", "ETH/USDT"


def m(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class Tape:
    """A market that shows what is written on it: `write(A, 0)` is A's candle that opens at noon."""

    name = "tape"

    def __init__(self):
        self.rows = {}
        self.errors = {}
        self.reads = []
        self.opens = {}
        self.hasty = False  # shows candles that have not closed, too

    def write(self, symbol, *minutes, close=100.0):
        for minute in minutes:
            candle = a_candle(symbol=symbol, timeframe=MINUTE, opened_at=m(minute), close=close)
            self.rows.setdefault(symbol, {})[m(minute)] = candle

    async def candles(self, symbol, timeframe, start, end):
        self.reads.append((symbol, start, end))
        await asyncio.sleep(0)
        if error := self.errors.get(symbol):
            raise error
        rows = self.rows.get(symbol, {})
        return [rows[opened] for opened in sorted(rows) if start <= opened and (opened < end or self.hasty)]

    async def openings(self, symbols, timeframe, opened_at):
        if error := self.errors.get("openings"):
            raise error
        return {s: price for s, price in self.opens.items() if s in symbols}

    async def quotes(self, symbols):
        return dict.fromkeys(symbols, 5.0)

    async def hints(self, symbols, timeframe):
        for symbol in symbols:
            yield f"{symbol} {timeframe}"


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def feed(tape, clock):
    return LiveFeed(tape, (A, B), MINUTE, clock)


def shown(groups):
    """Groups as text: close minute after noon, and what opened when."""
    return [(_minute(g.at), [f"{c.symbol[0]}{_minute(c.opened_at)}" for c in g.candles]) for g in groups]


def _minute(at):
    return round((at - NOON).total_seconds() / 60)


async def pull_at(feed, clock, minutes):
    clock.now = m(minutes)
    return shown(await feed.pull())


# --- candles, in time and late ------------------------------------------------------------------------------


async def test_what_closed_comes_once_in_groups_by_close(feed, tape, clock):
    tape.write(A, 0, 1)
    tape.write(B, 0, 1)

    assert await pull_at(feed, clock, 1.1) == [(1, ["B0", "E0"])]
    assert await pull_at(feed, clock, 1.2) == []
    assert await pull_at(feed, clock, 2.1) == [(2, ["B1", "E1"])]


async def test_nothing_is_read_before_something_can_have_closed(feed, tape, clock):
    await pull_at(feed, clock, 0.9)

    assert tape.reads == []


async def test_a_candle_that_has_not_closed_stays_where_it_is(feed, tape, clock):
    tape.write(A, 0, 1)
    tape.write(B, 0, 1)
    tape.hasty = True

    assert await pull_at(feed, clock, 1.5) == [(1, ["B0", "E0"])]


async def test_a_late_symbol_is_waited_for_during_grace(feed, tape, clock):
    tape.write(A, 0)
    assert await pull_at(feed, clock, 1 + 9 / 60) == []

    tape.write(B, 0)

    assert await pull_at(feed, clock, 1 + 9.5 / 60) == [(1, ["B0", "E0"])]


async def test_after_grace_the_others_leave_and_the_late_one_follows(feed, tape, clock):
    tape.write(A, 0)
    assert await pull_at(feed, clock, 1 + 9 / 60) == []
    assert await pull_at(feed, clock, 1 + 10 / 60) == [(1, ["B0"])]

    tape.write(B, 0)
    assert await pull_at(feed, clock, 1 + 30 / 60) == [(1, ["E0"])]


async def test_a_late_candle_comes_before_the_next_of_its_symbol(feed, tape, clock):
    tape.write(A, 0)
    await pull_at(feed, clock, 1.5)
    tape.write(A, 1)
    tape.write(B, 0, 1)

    assert await pull_at(feed, clock, 2.02) == [(1, ["E0"]), (2, ["B1", "E1"])]


async def test_a_late_candle_comes_even_when_others_went_on(feed, tape, clock):
    tape.write(A, 0, 1, 2)
    assert await pull_at(feed, clock, 3.5) == [(1, ["B0"]), (2, ["B1"]), (3, ["B2"])]

    tape.write(B, 0, 1, 2)
    tape.write(A, 3)
    tape.write(B, 3)

    assert await pull_at(feed, clock, 4.02) == [(1, ["E0"]), (2, ["E1"]), (3, ["E2"]), (4, ["B3", "E3"])]


async def test_a_gap_is_not_waited_for_once_a_later_candle_is_there(feed, tape, clock):
    tape.write(A, 0, 1)
    tape.write(B, 1)

    assert await pull_at(feed, clock, 2.01) == [(1, ["B0"]), (2, ["B1", "E1"])]


async def test_a_fresh_gap_is_looked_at_twice(feed, tape, clock):
    tape.write(A, 0, 1, 2)
    tape.write(B, 0, 2)
    answers = tape.candles

    async def filled_in_between(symbol, timeframe, start, end):
        found = await answers(symbol, timeframe, start, end)
        tape.write(B, 1)
        return found

    tape.candles = filled_in_between

    assert await pull_at(feed, clock, 3.01) == [(1, ["B0", "E0"]), (2, ["B1", "E1"]), (3, ["B2", "E2"])]


async def test_an_outage_is_filled_in_by_the_same_code_in_the_same_order(feed, tape, clock):
    tape.write(A, *range(100))
    tape.write(B, *range(100))

    groups = await pull_at(feed, clock, 100.1)

    assert groups == [(n + 1, [f"B{n}", f"E{n}"]) for n in range(100)]


async def test_two_pulls_at_once_are_two_pulls_in_a_row(feed, tape, clock):
    tape.write(A, 0)
    tape.write(B, 0)
    clock.now = m(1.1)

    results = await asyncio.gather(*(feed.pull() for _ in range(5)))

    assert [shown(groups) for groups in results] == [[(1, ["B0", "E0"])], [], [], [], []]
    assert len(tape.reads) == 2


async def test_answers_for_something_else_are_ignored(feed, tape, clock):
    tape.write(A, 0)
    tape.write(B, 0)
    tape.rows[A][m(0.5)] = a_candle(symbol=A, timeframe=MINUTE, opened_at=m(0.5))
    tape.rows[B][m(-1)] = a_candle(symbol=B, timeframe=MINUTE, opened_at=m(-1))
    tape.rows[B][m(0.2)] = a_candle(symbol=B, timeframe=Timeframe(3600), opened_at=m(0))
    tape.rows[B][m(0.3)] = a_candle(symbol=A, timeframe=MINUTE, opened_at=m(0))

    assert await pull_at(feed, clock, 2.5) == [(1, ["B0", "E0"])]


async def test_a_candle_that_changes_after_it_left_is_flagged_and_not_sent_again(feed, tape, clock):
    tape.write(A, 0)
    tape.write(B, 0)
    await pull_at(feed, clock, 1.1)
    tape.write(A, 0, close=99.5)
    tape.write(A, 1)
    tape.write(B, 1)

    assert await pull_at(feed, clock, 2.1) == [(2, ["B1", "E1"])]
    assert feed.health()["revised"] == 1


async def test_a_symbol_that_is_silent_for_days_is_not_asked_about_all_of_them(feed, tape, clock):
    for day in range(4):
        first = day * 1440
        tape.write(A, *range(first, first + 1440))
        await pull_at(feed, clock, first + 1440.5)

    _, start, _ = next(read for read in reversed(tape.reads) if read[0] == B)
    assert start >= m(2 * 1440 - 1)
    tape.write(B, 4 * 1440)
    tape.write(A, 4 * 1440)
    assert await pull_at(feed, clock, 4 * 1440 + 1.1) == [(5761, ["B5760", "E5760"])]


async def test_a_symbol_that_shows_nothing_at_first_loses_nothing(feed, tape, clock):
    tape.write(A, *range(-2 * 1440, 0))
    clock.now = m(0)
    feed.start_from(m(-2 * 1440))
    await feed.pull()

    tape.write(B, *range(-2 * 1440, 0))

    assert len(await feed.pull()) == 2 * 1440
    assert feed.cursor == {A: m(0), B: m(0)}


async def test_a_symbol_that_could_not_be_read_for_days_loses_nothing(feed, tape, clock):
    tape.write(A, 0)
    await pull_at(feed, clock, 1.5)
    tape.errors = {B: Uncertain("tape broke.")}
    tape.write(A, *range(1, 3000))
    for minutes in (2.5, 2.9, 3000.5):
        await pull_at(feed, clock, minutes)

    tape.errors = {}
    tape.write(B, *range(3000))

    assert await pull_at(feed, clock, 3000.6) == [(n + 1, [f"E{n}"]) for n in range(3000)]


async def test_a_quiet_moment_of_long_ago_does_not_count(feed, tape, clock):
    tape.write(A, 0)
    await pull_at(feed, clock, 1.5)
    tape.write(A, *range(1, 2000))
    tape.write(B, *range(1, 2000))
    await pull_at(feed, clock, 2000.1)
    tape.write(A, *range(2000, 5000))
    await pull_at(feed, clock, 5000.5)

    tape.write(B, *range(2000, 5000))

    assert len(await pull_at(feed, clock, 5000.6)) == 3000


async def test_one_that_cannot_be_read_does_not_hold_up_what_it_has_given_already(feed, tape, clock):
    tape.write(B, 0)
    assert await pull_at(feed, clock, 1.5) == [(1, ["E0"])]
    tape.errors = {B: Uncertain("tape broke.")}
    tape.write(A, 0, 1)

    assert await pull_at(feed, clock, 2.01) == [(1, ["B0"])]
    assert await pull_at(feed, clock, 2.2) == [(2, ["B1"])]


# --- where it begins ----------------------------------------------------------------------------------------


async def test_a_new_feed_begins_with_the_candle_that_is_forming(tape, clock):
    tape.write(A, *range(-5, 2))
    clock.now = m(0.5)

    feed = LiveFeed(tape, (A,), MINUTE, clock)

    assert feed.cursor == {A: m(0)}
    assert await pull_at(feed, clock, 1.1) == [(1, ["B0"])]


async def test_after_a_restart_it_goes_on_where_it_was(feed, tape, clock):
    tape.write(A, *range(-60, 1))
    tape.write(B, *range(-60, 1))
    feed.start_from(m(-3))

    assert await pull_at(feed, clock, 1.1) == [(n + 1, [f"B{n}", f"E{n}"]) for n in range(-3, 1)]
    assert feed.cursor == {A: m(1), B: m(1)}


async def test_every_symbol_can_begin_elsewhere(feed, tape, clock):
    tape.write(A, *range(-9, 1))
    tape.write(B, *range(-9, 1))
    feed.start_from({A: m(-2), "GONE/USDT": m(-9)})

    assert await pull_at(feed, clock, 1.1) == [(-1, ["B-2"]), (0, ["B-1"]), (1, ["B0", "E0"])]


async def test_a_cursor_given_back_changes_nothing(feed, tape, clock):
    tape.write(A, 0, 1, 2)
    tape.write(B, 0, 2)
    await pull_at(feed, clock, 2.5)

    again = LiveFeed(tape, (A, B), MINUTE, clock)
    again.start_from(feed.cursor)

    assert await pull_at(again, clock, 3.1) == [(3, ["B2", "E2"])]


# --- when to look -------------------------------------------------------------------------------------------


async def test_it_wants_to_be_asked_soon_while_a_candle_is_due(feed, tape, clock):
    assert feed.again_at == m(1)

    clock.now = m(1.05)
    assert feed.again_at == clock.now + timedelta(seconds=1)

    tape.write(A, 0)
    clock.now = m(1) + timedelta(seconds=9.5)
    await feed.pull()
    assert feed.again_at == m(1) + timedelta(seconds=10)

    clock.now = feed.again_at
    assert shown(await feed.pull()) == [(1, ["B0"])]
    assert feed.again_at == m(2)

    tape.write(B, 0, 1)
    tape.write(A, 1)
    clock.now = m(2)
    await feed.pull()
    assert feed.again_at == m(3)


async def test_a_lost_feed_is_asked_again_before_the_next_close(feed, tape, clock):
    tape.errors = {A: Uncertain("tape broke."), B: Uncertain("tape broke.")}
    await pull_at(feed, clock, 1.5)

    assert feed.again_at == m(1.5) + timedelta(seconds=10)


# --- health -------------------------------------------------------------------------------------------------


async def test_reads_that_fail_lose_the_feed_once_and_it_returns_once(feed, tape, clock):
    tape.write(A, *range(10))
    tape.write(B, *range(10))
    await pull_at(feed, clock, 1.1)
    tape.errors = {A: Uncertain("tape did not answer in time."), B: Uncertain("tape did not answer in time.")}

    for minutes in (2.1, 2.2, 3.1, 4.1):
        assert await pull_at(feed, clock, minutes) == []
    assert feed.news() == [FeedLost(m(2.1), "tape did not answer in time.")]
    assert feed.news() == []
    assert feed.health()["state"] == FeedState.LOST

    tape.errors = {}
    groups = await pull_at(feed, clock, 6.1)
    assert [close for close, _ in groups] == [2, 3, 4, 5, 6]
    assert feed.news() == [FeedRestored(m(6.1), 8)]
    await pull_at(feed, clock, 7.1)
    assert feed.news() == []


async def test_silence_loses_the_feed_after_one_and_a_half_candles_and_grace(feed, tape, clock):
    tape.write(A, 0)
    tape.write(B, 0)
    await pull_at(feed, clock, 1.1)

    await pull_at(feed, clock, 1 + 100 / 60)
    assert feed.news() == []
    await pull_at(feed, clock, 1 + 101 / 60)
    assert feed.news() == [FeedLost(clock.now, "tape has shown no new candle for 101 s.")]

    tape.write(A, 1, 2)
    tape.write(B, 1, 2)
    assert len(await pull_at(feed, clock, 3.1)) == 2
    assert feed.news() == [FeedRestored(m(3.1), 2)]


async def test_one_quiet_symbol_does_not_lose_the_feed(feed, tape, clock):
    for minute in range(30):
        tape.write(A, minute)
        await pull_at(feed, clock, minute + 1.5)

    assert feed.news() == []
    assert feed.health()["symbols"] == {A: m(30).isoformat(), B: m(0).isoformat()}


@pytest.mark.parametrize("error", [ExchangeSaidNo("tape no longer lists it."), Refused("no such market.")])
async def test_one_symbol_that_cannot_be_read_loses_the_feed_when_it_lasts(feed, tape, clock, error):
    tape.write(A, *range(10))
    tape.errors = {B: error}

    for seconds in range(60, 161, 10):
        await pull_at(feed, clock, seconds / 60)
    assert feed.news() == []
    assert feed.health()["failing"] == {B: error.tell}

    await pull_at(feed, clock, 171 / 60)
    assert feed.news() == [FeedLost(clock.now, f"{B}: {error.tell}")]


async def test_a_symbol_that_returns_a_little_later_from_an_outage_is_waited_for(feed, tape, clock):
    tape.write(A, *range(60))
    tape.write(B, *range(60))
    tape.errors = {A: Uncertain("tape broke."), B: Uncertain("tape broke.")}
    for minute in range(1, 60):
        await pull_at(feed, clock, minute + 0.1)

    tape.errors = {B: Uncertain("tape broke.")}
    assert await pull_at(feed, clock, 60.5) == []
    tape.errors = {}
    groups = await pull_at(feed, clock, 60.6)

    assert groups == [(n + 1, [f"B{n}", f"E{n}"]) for n in range(60)]


async def test_a_symbol_that_does_not_return_is_waited_for_once(feed, tape, clock):
    tape.write(A, 0, 1, 2)
    tape.errors = {B: Uncertain("tape broke.")}

    assert await pull_at(feed, clock, 2.5) == []
    assert await pull_at(feed, clock, 2.5 + 10 / 60) == [(1, ["B0"]), (2, ["B1"])]
    assert await pull_at(feed, clock, 3.01) == []
    assert await pull_at(feed, clock, 3.2) == [(3, ["B2"])]


async def test_a_failed_second_look_does_not_make_a_gap(feed, tape, clock):
    tape.write(A, 0, 1, 2)
    tape.write(B, 0, 2)
    answers, looks = tape.candles, []

    async def second_fails(symbol, timeframe, start, end):
        looks.append(symbol)
        if looks.count(B) == 2:
            raise Uncertain("tape broke.")
        return await answers(symbol, timeframe, start, end)

    tape.candles = second_fails
    assert await pull_at(feed, clock, 3.01) == [(1, ["B0", "E0"])]
    tape.write(B, 1)

    assert await pull_at(feed, clock, 3.02) == [(2, ["B1", "E1"]), (3, ["B2", "E2"])]


async def test_health_tells_age_state_and_reconnections(feed, tape, clock):
    assert feed.health()["state"] == "starting"
    tape.write(A, 0)
    tape.write(B, 0)
    tape.reconnections = 3
    await pull_at(feed, clock, 1.25)

    assert feed.health() == {
        "state": "live",
        "reason": "",
        "age": 15.0,
        "symbols": {A: m(1).isoformat(), B: m(1).isoformat()},
        "failing": {},
        "revised": 0,
        "reconnections": 3,
    }


async def test_what_nobody_planned_for_is_not_hidden(feed, tape, clock):
    tape.errors = {A: ZeroDivisionError()}
    clock.now = m(1.1)

    with pytest.raises(ZeroDivisionError):
        await feed.pull()


# --- prices and hints ---------------------------------------------------------------------------------------


async def test_openings_are_the_first_prices_after_a_close(feed, tape):
    assert await feed.openings(m(1)) is None

    tape.opens = {A: 101.0}
    assert await feed.openings(m(1)) == PricesSeen(m(1), {A: 101.0})

    tape.errors = {"openings": Uncertain("tape broke.")}
    assert await feed.openings(m(1)) is None


async def test_quotes_are_prices_of_now(feed, clock):
    assert await feed.quotes([A]) == PricesSeen(clock.now, {A: 5.0})


async def test_hints_are_the_markets(feed):
    assert [hint async for hint in feed.hints()] == [f"{A} 1m", f"{B} 1m"]


async def test_without_symbols_there_is_nothing_to_pull(tape):
    feed = LiveFeed(tape, (), MINUTE, HandClock(NOON))

    assert await feed.pull() == []
    assert feed.news() == []
