"""Hints over a real WebSocket and the real ccxt, and what happens when it breaks, lies or falls silent."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

from tests.fakes.binance import eventually
from tests.fakes.clock import HandClock
from trading.domain.errors import Uncertain
from trading.domain.market import Timeframe
from trading.exchange import library
from trading.exchange.stream import Stream

MINUTE = Timeframe(60)
M = timedelta(minutes=1)
BOTH = ("BTC/USDT", "ETH/USDT")
BTC = "btcusdt@kline_1m"


class Heard(list):
    """The hints so far; `until` waits for more of them."""

    async def until(self, count):
        await eventually(lambda: len(self) >= count)


@asynccontextmanager
async def listening(hints):
    heard = Heard()

    async def listen():
        async for symbol in hints:
            heard.append(symbol)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await hints.aclose()
        if not task.cancelled():
            task.result()


async def a_moment():
    await asyncio.sleep(0.15)


async def test_a_candle_that_changes_over_is_a_hint(open_market, binance, clock):
    async with listening(open_market().hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        await binance.push("BTC/USDT", clock.now - M)
        await binance.push("ETH/USDT", clock.now - M)
        await binance.push("BTC/USDT", clock.now - M, closed=True)
        await a_moment()
        assert heard == []

        await binance.push("BTC/USDT", clock.now)
        await heard.until(1)
        await binance.push("ETH/USDT", clock.now)
        await heard.until(2)

        assert heard == ["BTC/USDT", "ETH/USDT"]


async def test_duplicates_and_old_candles_are_no_hints(open_market, binance, clock):
    async with listening(open_market().hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        for minutes in (3, 2, 2, 3, 1, 2, 1):
            await binance.push("BTC/USDT", clock.now - minutes * M)
            await a_moment()

        await heard.until(2)
        assert heard == ["BTC/USDT", "BTC/USDT"]


async def test_after_a_disconnect_it_comes_back_and_asks_to_look_at_everything(open_market, binance, clock):
    market = open_market()
    async with listening(market.hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        await binance.drop()

        await heard.until(2)
        await binance.subscribed(BTC)
        assert heard == list(BOTH)
        assert market.reconnections == 1

        await binance.push("BTC/USDT", clock.now - M)
        await a_moment()
        await binance.push("BTC/USDT", clock.now)
        await heard.until(3)

    assert binance.asked["exchangeInfo"] == 1


async def test_an_open_socket_that_says_nothing_is_replaced(open_market, binance, clock):
    market = open_market()
    async with listening(market.hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        await binance.push("BTC/USDT", clock.now)
        await a_moment()
        binance.silent = True

        clock.advance(180)
        await a_moment()
        assert binance.connections == 1

        clock.advance(1)
        await heard.until(2)
        await binance.subscribed(BTC)
        assert binance.connections == 2


async def test_a_socket_that_goes_on_is_kept(open_market, binance, clock):
    binance.history(clock.now, 10)
    async with listening(open_market().hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        for _ in range(6):
            await binance.push("BTC/USDT", clock.now)
            await a_moment()
            clock.advance(60)

        await heard.until(5)
        assert heard == ["BTC/USDT"] * 5
        assert binance.connections == 1


async def test_a_socket_whose_candles_stand_still_is_replaced_however_much_it_talks(
    open_market, binance, clock
):
    async with listening(open_market().hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        frozen = clock.now

        for _ in range(4):
            await binance.push("BTC/USDT", frozen)
            await a_moment()
            clock.advance(60)
        await heard.until(2)
        await binance.subscribed(BTC)

        assert binance.connections == 2


async def test_a_broken_message_costs_one_connection_at_most(open_market, binance, clock):
    noon = clock.now
    async with listening(open_market().hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        await binance.send_raw('{"stream": "btcusdt@kline_1m", "data": {"e": "kli')
        await a_moment()

        clock.advance(181)
        await heard.until(2)
        await binance.subscribed(BTC, sockets=1)
        await binance.push("BTC/USDT", noon - M)
        await a_moment()
        await binance.push("BTC/USDT", noon)
        await heard.until(3)

        assert heard[-1] == "BTC/USDT"


async def test_refused_connections_are_tried_again(open_market, binance):
    binance.deaf = True
    market = open_market()
    async with listening(market.hints(BOTH, MINUTE)) as heard:
        await heard.until(2)
        binance.deaf = False

        await binance.subscribed(BTC)

    assert market.reconnections >= 1


async def test_a_market_that_cannot_be_reached_at_first_is_tried_again(open_market, binance):
    binance.fail("exchangeInfo", times=3, status=500)

    async with listening(open_market().hints(BOTH, MINUTE)):
        await binance.subscribed(BTC)

    assert binance.asked["exchangeInfo"] == 4


async def test_a_flood_of_messages_costs_no_hints(open_market, binance, clock):
    async with listening(open_market().hints(BOTH, MINUTE)) as heard:
        await binance.subscribed(BTC)
        for _ in range(1000):
            await binance.push("BTC/USDT", clock.now - M)
        await binance.push("BTC/USDT", clock.now)
        await heard.until(1)
        await a_moment()

        assert heard == ["BTC/USDT"]


async def test_closing_the_market_ends_the_hints(open_market, binance):
    market = open_market()
    async with listening(market.hints(BOTH, MINUTE)):
        await binance.subscribed(BTC)

        await market.close()

        await eventually(lambda: not binance.sockets)


# --- exchanges that offer less, made by hand ---------------------------------------------------------------


class Venue:
    """A ccxt object with just what Stream uses of one."""

    id = "byhand"

    def __init__(self, **has):
        self.has = has
        self.said = asyncio.Queue()
        self.closed = False

    async def watch_ohlcv(self, symbol, timeframe):
        assert timeframe == "1m"
        return [[await self._next(), 1, 1, 1, 1, 1]]

    async def watch_trades(self, symbol):
        return [{"timestamp": await self._next()}]

    async def close(self):
        self.closed = True

    async def _next(self):
        said = await self.said.get()
        if isinstance(said, BaseException):
            raise said
        return int(said.timestamp() * 1000)


def a_stream(*venues, clock):
    waiting = list(venues)

    async def connect():
        return waiting.pop(0)

    return Stream("byhand", connect, lambda: clock.now.timestamp(), pulse=0.02)


async def test_without_a_stream_it_waits_however_long_and_ends_when_closed(clock):
    await library.load()
    venue = Venue()
    stream = a_stream(venue, clock=clock)
    async with listening(stream.changes(("A/B",), MINUTE)) as heard:
        await a_moment()
        clock.advance(timedelta(days=3))
        await a_moment()

        assert heard == []
        assert not venue.closed
        assert stream.reconnections == 0
    assert venue.closed


async def test_one_watch_for_each_symbol_where_there_is_none_for_many(clock):
    await library.load()
    venue = Venue(watchOHLCV=True)
    async with listening(a_stream(venue, clock=clock).changes(("A/B",), MINUTE)) as heard:
        venue.said.put_nowait(clock.now)
        venue.said.put_nowait(clock.now + M)

        await heard.until(1)

    assert heard == ["A/B"]


async def test_trades_will_do_where_there_are_no_candles(clock):
    await library.load()
    venue = Venue(watchTrades=True)
    async with listening(a_stream(venue, clock=clock).changes(("A/B",), MINUTE)) as heard:
        for seconds in (0, 20, 59):
            venue.said.put_nowait(clock.now + timedelta(seconds=seconds))
        await a_moment()
        assert heard == []

        venue.said.put_nowait(clock.now + timedelta(seconds=61))
        await heard.until(1)


async def test_when_ccxt_cancels_its_own_wait_the_stream_lives_on(clock):
    await library.load()
    first, second = Venue(watchOHLCV=True), Venue(watchOHLCV=True)
    async with listening(a_stream(first, second, clock=clock).changes(("A/B",), MINUTE)) as heard:
        first.said.put_nowait(asyncio.CancelledError())

        await heard.until(1)
        assert first.closed
        assert not second.closed


async def test_closing_does_not_wait_for_the_next_try():
    clock = HandClock()

    async def connect():
        raise Uncertain("byhand did not answer in time.")

    stream = Stream("byhand", connect, lambda: clock.now.timestamp())
    hints = stream.changes(("A/B",), MINUTE)
    listening = asyncio.create_task(anext(hints, None))
    await a_moment()

    await stream.close()

    assert await asyncio.wait_for(listening, 0.3) is None


async def test_a_failed_connect_is_tried_again():
    await library.load()
    clock, tries = HandClock(), []

    async def connect():
        tries.append(clock.now)
        if len(tries) == 1:
            raise Uncertain("byhand did not answer in time.")
        return Venue()

    stream = Stream("byhand", connect, lambda: clock.now.timestamp(), pulse=0.02)
    async with listening(stream.changes(("A/B",), MINUTE)) as heard:
        await heard.until(1)

    assert len(tries) == 2
