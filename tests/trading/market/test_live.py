"""The live feed against a market made by hand: late symbols, gaps, outages, restarts."""

import asyncio
from collections.abc import Collection

from tests.builders import a_candle
from tests.trading.market.tape import MINUTE, A, B, Tape, m, pull_at, shown
from trading.domain.errors import Uncertain
from trading.domain.market import Timeframe
from trading.market.live import LiveFeed


class Ending(Tape):
    """A market that stops trading what the test says."""

    ended: Collection[str] = ()

    async def held(self, symbols):
        raise AssertionError("a feed asks for no rules")

    def untraded(self):
        return self.ended

    def gone(self):
        return ()


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


async def test_nobody_waits_for_a_symbol_that_is_not_traded_any_more(clock):
    tape = Ending()
    feed = LiveFeed(tape, (A, B), MINUTE, clock)
    tape.write(A, 0, 1)
    waited = await pull_at(feed, clock, 1.01)

    tape.ended = {B}

    assert waited == []
    assert await pull_at(feed, clock, 1.02) == [(1, ["B0"])]
    assert await pull_at(feed, clock, 2.01) == [(2, ["B1"])]
    assert feed.again_at == m(3)
    assert feed.health()["state"] == "live"


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
