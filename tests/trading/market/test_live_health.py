"""The live feed when little comes: when it looks again, when it is lost, and when it is back; prices of now."""

from datetime import timedelta

import pytest

from tests.fakes.clock import NOON, HandClock
from tests.trading.market.tape import MINUTE, A, B, m, pull_at, shown
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.events import FeedLost, FeedRestored, PricesSeen
from trading.market.live import FeedState, LiveFeed

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
