"""The live feed on the real ccxt: what reaches a desk while an exchange stumbles."""

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.binance import eventually
from trading.domain.events import FeedLost, FeedRestored
from trading.domain.market import Timeframe
from trading.market.live import LiveFeed

MINUTE = Timeframe(60)
M = timedelta(minutes=1)
BOTH = ("BTC/USDT", "ETH/USDT")


@pytest.fixture
async def feed(open_market, binance, clock):
    """A feed of two symbols that begins at noon, with six hours of the future on the books."""
    binance.history(clock.now, 360)
    return LiveFeed(open_market(), BOTH, MINUTE, clock)


def shown(groups, noon):
    """Groups as text: minutes after noon of the close, then of each candle's opening by symbol."""
    return [
        (_minute(g.at, noon), *(f"{c.symbol[:3]} {_minute(c.opened_at, noon)}" for c in g.candles))
        for g in groups
    ]


def _minute(at, noon):
    return int((at - noon).total_seconds() // 60)


async def test_every_minute_brings_its_candles(feed, clock):
    noon = clock.now

    for minute in range(1, 4):
        clock.now = noon + minute * M + timedelta(seconds=2)
        assert shown(await feed.pull(), noon) == [(minute, f"BTC {minute - 1}", f"ETH {minute - 1}")]
        assert await feed.pull() == []


async def test_the_opening_after_the_close_is_there_at_once(feed, binance, clock):
    clock.advance(60)
    binance.write("BTC/USDT", clock.now, 150.0)
    binance.write("ETH/USDT", clock.now, 250.0)

    seen = await feed.openings(clock.now)

    assert (seen.at, seen.prices) == (clock.now, {"BTC/USDT": 150.0, "ETH/USDT": 250.0})


async def test_a_hint_wakes_whoever_waits_for_the_close(feed, binance, clock):
    noon, groups = clock.now, []

    async def pump():
        async for _ in feed.hints():
            groups.extend(await feed.pull())

    pumping = asyncio.create_task(pump())
    await binance.subscribed("btcusdt@kline_1m")
    await binance.push("BTC/USDT", noon)
    await asyncio.sleep(0.1)
    clock.now = noon + M + timedelta(seconds=1)
    await binance.push("BTC/USDT", noon + M)
    await eventually(lambda: bool(groups))
    pumping.cancel()
    await asyncio.wait((pumping,))

    assert shown(groups, noon) == [(1, "BTC 0", "ETH 0")]


async def test_an_outage_is_told_filled_in_and_told_again(feed, binance, clock):
    noon = clock.now
    clock.now = noon + 1.1 * M
    await feed.pull()
    binance.fail("klines", times=10**6, status=503)

    for minute in range(2, 12):
        clock.now = noon + minute * M + timedelta(seconds=5)
        assert await feed.pull() == []
    assert feed.news() == [
        FeedLost(noon + 2 * M + timedelta(seconds=5), "binance is not available just now.")
    ]

    binance.mend()
    clock.now = noon + 13 * M + timedelta(seconds=5)
    groups = await feed.pull() + await feed.pull()  # the first one is the breaker's probe

    assert shown(groups, noon) == [(n, f"BTC {n - 1}", f"ETH {n - 1}") for n in range(2, 14)]
    assert feed.news() == [FeedRestored(clock.now, 22)]
    assert feed.health()["state"] == "live"


async def test_nothing_is_lost_while_sockets_break_and_fall_silent(feed, binance, clock):
    noon, groups = clock.now, []

    async def listen():
        async for _ in feed.hints():
            groups.extend(await feed.pull())

    listening = asyncio.create_task(listen())
    for minute in range(1, 7):
        clock.now = noon + minute * M + timedelta(seconds=1)
        binance.silent = minute in (3, 4)
        await binance.drop()
        await binance.push("BTC/USDT", noon + minute * M)
        groups.extend(await feed.pull())
    listening.cancel()
    await asyncio.wait((listening,))

    assert shown(groups, noon) == [(n, f"BTC {n - 1}", f"ETH {n - 1}") for n in range(1, 7)]


async def test_doubled_shuffled_and_missing_rows_come_out_straight(feed, binance, clock):
    noon = clock.now
    binance.books.mangle = lambda rows: [*reversed(rows), *rows]
    binance.books.hide("ETHUSDT", noon + 2 * M)
    binance.books.hide("ETHUSDT", noon + 4 * M)

    clock.now = noon + 5 * M + timedelta(seconds=1)
    first = await feed.pull()
    binance.books.show()
    clock.now = noon + 6 * M + timedelta(seconds=1)
    second = await feed.pull()

    assert shown(first, noon) == [
        (1, "BTC 0", "ETH 0"),
        (2, "BTC 1", "ETH 1"),
        (3, "BTC 2"),
        (4, "BTC 3", "ETH 3"),
    ]
    assert shown(second, noon) == [(5, "BTC 4", "ETH 4"), (6, "BTC 5", "ETH 5")]


async def test_broken_answers_in_the_middle_of_a_backfill_leave_no_hole(feed, binance, clock):
    noon = clock.now
    clock.now = noon + timedelta(hours=5, seconds=5)
    binance.fail("klines", times=2, status=200, body="[[17228592000")
    groups = await feed.pull()
    groups += await feed.pull()

    assert shown(groups, noon) == [(n, f"BTC {n - 1}", f"ETH {n - 1}") for n in range(1, 301)]


async def test_a_spike_never_leaves_the_market(feed, binance, clock):
    noon = clock.now
    binance.write("BTC/USDT", noon + M, 1e6)
    clock.now = noon + 2 * M + timedelta(seconds=11)
    first = await feed.pull()
    clock.now = noon + 3 * M + timedelta(seconds=1)
    second = await feed.pull()

    assert shown(first, noon) == [(1, "BTC 0", "ETH 0"), (2, "ETH 1")]
    assert shown(second, noon) == [(3, "BTC 2", "ETH 2")]
    assert feed._market.health()["rejected_candles"]["BTC/USDT"] >= 2


async def test_a_restart_goes_on_from_the_cursor(feed, open_market, clock):
    noon = clock.now
    clock.now = noon + 2.1 * M
    await feed.pull()

    again = LiveFeed(open_market(), BOTH, MINUTE, clock)
    again.start_from(feed.cursor)
    clock.now = noon + 4.1 * M

    assert shown(await again.pull(), noon) == [(3, "BTC 2", "ETH 2"), (4, "BTC 3", "ETH 3")]
