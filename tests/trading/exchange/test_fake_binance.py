"""That the fake Binance speaks as the real one does: what ccxt and a plain WebSocket make of it."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import ccxt
import pytest

from trading.exchange import library

M = timedelta(minutes=1)


@pytest.fixture
async def exchange(binance):
    """ccxt itself, with nothing of ours around it."""
    await library.load()
    exchange = library.open_exchange("binance", binance.exchange_options())
    yield exchange
    await exchange.close()


@asynccontextmanager
async def a_socket(binance, path):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"ws://{binance.base}{path}") as socket:
        yield socket


async def test_ccxt_reads_every_endpoint(exchange, binance, clock):
    binance.write("BTC/USDT", clock.now, 160.0)
    now = int(clock.now.timestamp() * 1000)

    assert await exchange.fetch_time() == now
    assert await exchange.public_get_ping() == {}
    assert (await exchange.fetch_ticker("BTC/USDT"))["last"] == 160.0
    assert (await exchange.public_get_ticker_price({"symbol": "BTCUSDT"}))["price"] == "160.00000000"
    assert (await exchange.fetch_order_book("BTC/USDT"))["bids"] == [[159.984, 100000.0]]
    assert [t["price"] for t in await exchange.fetch_trades("BTC/USDT")] == [160.0]
    assert [row[0] for row in await exchange.fetch_ohlcv("BTC/USDT", "1m", None, 2)] == [now - 60_000, now]
    with pytest.raises(ccxt.BadSymbol):
        await exchange.public_get_klines({"symbol": "QQQ", "interval": "1m"})


async def test_ccxt_hears_trades(exchange, binance, clock):
    watching = asyncio.create_task(exchange.watch_trades("BTC/USDT"))
    await binance.subscribed("btcusdt@trade")
    await binance.push_trade("BTC/USDT", 161.5, 0.25)

    (trade,) = await watching

    assert (trade["price"], trade["amount"], trade["timestamp"]) == (
        161.5,
        0.25,
        clock.now.timestamp() * 1000,
    )


async def test_bare_events_on_ws_and_wrapped_ones_on_stream(binance, clock):
    async with (
        a_socket(binance, "/ws/btcusdt@kline_1m") as bare,
        a_socket(binance, "/stream?streams=btcusdt@kline_1m/ethusdt@trade") as wrapped,
    ):
        await binance.subscribed("btcusdt@kline_1m", sockets=2)
        await binance.push("BTC/USDT", clock.now - M, closed=True)

        event = await bare.receive_json()
        assert (event["e"], event["s"], event["k"]["x"]) == ("kline", "BTCUSDT", True)
        assert await wrapped.receive_json() == {"stream": "btcusdt@kline_1m", "data": event}


async def test_subscriptions_come_and_go(binance, clock):
    async with a_socket(binance, "/ws") as socket:

        async def ask(number, method, *streams):
            await socket.send_json({"method": method, "params": list(streams), "id": number})
            return await socket.receive_json()

        assert await ask(1, "SUBSCRIBE", "btcusdt@kline_1m", "ethusdt@kline_1m") == {"result": None, "id": 1}
        assert await ask(2, "UNSUBSCRIBE", "btcusdt@kline_1m") == {"result": None, "id": 2}
        assert await ask(3, "LIST_SUBSCRIPTIONS") == {"result": ["ethusdt@kline_1m"], "id": 3}

        await binance.push("BTC/USDT", clock.now)
        await binance.push("ETH/USDT", clock.now)
        assert (await socket.receive_json())["s"] == "ETHUSDT"


async def test_it_can_be_given_endpoints_of_its_own(exchange, binance):
    async def account(request):
        return aiohttp.web.json_response({"balances": [], "signed": "signature" in request.query})

    binance.route("GET", "account", account)
    exchange.apiKey, exchange.secret = "key", "secret"

    assert (await exchange.private_get_account())["signed"] is True


def test_no_address_of_the_outside_is_left_for_spot(binance):
    options = binance.exchange_options()
    used = ("public", "private", "sapi", "sapiV2", "sapiV3")

    assert all(binance.base in options["urls"]["api"][name] for name in used)
    assert all(binance.base in str(url) for url in options["urls"]["api"]["ws"].values())
