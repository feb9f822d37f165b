"""Everything an exchange can do instead of answering; the real ccxt in between."""

import asyncio
import gc
import time
from datetime import timedelta

import pytest

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.domain.market import Timeframe
from trading.exchange.client import CcxtMarket
from trading.exchange.resilience import Patience, Resting
from trading.exchange.translate import SlowDown

MINUTE = Timeframe(60)
M = timedelta(minutes=1)
ONCE = Patience(tries=1)


def last_minutes(market, clock, count=3):
    return market.candles("BTC/USDT", MINUTE, clock.now - count * M, clock.now)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_one_bad_answer_is_not_noticed(open_market, binance, clock, status):
    binance.fail("klines", status=status, body="<html>bad gateway</html>")

    assert len(await last_minutes(open_market(), clock)) == 3
    assert binance.asked["klines"] == 2


async def test_three_bad_answers_are_uncertain(open_market, binance, clock):
    binance.fail("klines", times=9, status=500)

    with pytest.raises(Uncertain, match=r"^binance is not available just now\.$"):
        await last_minutes(open_market(), clock)

    assert binance.asked["klines"] == 3


async def test_a_definite_no_is_not_asked_again(open_market, binance, clock):
    binance.fail("klines", times=9, status=400, body='{"code":-1121,"msg":"Invalid symbol."}')

    with pytest.raises(ExchangeSaidNo, match=r"^binance does not know this market\.$"):
        await last_minutes(open_market(), clock)

    assert binance.asked["klines"] == 1


BROKEN = ['{"symbol": "BTC', "[[1722859200000,", "<html>hello</html>", "hello", "[[1]]", '["a","b"]']


@pytest.mark.parametrize("body", BROKEN)
async def test_broken_candles_are_uncertain(open_market, binance, clock, body):
    binance.fail("klines", times=9, status=200, body=body)

    with pytest.raises(Uncertain, match=r"^binance sent an answer that makes no sense\.$"):
        await last_minutes(open_market(), clock)


@pytest.mark.parametrize("body", [*BROKEN, "{}", "[]", "null"])
async def test_a_broken_list_of_markets_is_never_taken_for_an_empty_exchange(open_market, binance, body):
    binance.fail("exchangeInfo", times=9, status=200, body=body)

    with pytest.raises(Uncertain, match=r"^binance sent "):
        await open_market().instruments(["BTC/USDT"])


@pytest.mark.parametrize("body", [*BROKEN, "{}", "[]", "null"])
async def test_broken_tickers_give_no_price(open_market, binance, clock, body):
    market = open_market()
    await market.symbols()
    binance.fail("ticker/24hr", times=9, status=200, body=body)

    try:
        assert await market.quotes(["BTC/USDT", "ETH/USDT"]) == {}
    except Uncertain as error:
        assert error.tell.startswith("binance ")


async def test_a_server_that_hangs_is_given_up(open_market, binance, clock):
    market = open_market(timeout=200)
    await market.symbols()
    binance.fail("klines", times=9, hang=True)

    with pytest.raises(Uncertain, match=r"^binance did not answer in time\.$"):
        await last_minutes(market, clock)


async def test_a_server_that_is_gone_is_uncertain(open_market, binance, clock):
    market = open_market()
    await market.symbols()
    await binance.__aexit__()

    with pytest.raises(Uncertain, match=r"^binance is not available just now\.$"):
        await market.quotes(["BTC/USDT"])


async def test_too_many_requests_wait_as_long_as_the_exchange_says(open_market, binance, clock):
    market = open_market(steady=time.monotonic)
    await last_minutes(market, clock)
    binance.fail(
        "klines", status=429, headers={"Retry-After": "1"}, body='{"code":-1003,"msg":"Way too much"}'
    )
    began = time.monotonic()

    assert len(await last_minutes(market, clock)) == 3

    assert time.monotonic() - began >= 1
    assert binance.asked["klines"] == 3


@pytest.mark.parametrize("status", [429, 418])
async def test_a_ban_is_left_alone_by_every_reader(open_market, binance, clock, status):
    market = open_market()
    await market.symbols()
    binance.fail("klines", times=9, status=status, headers={"Retry-After": "120"})

    with pytest.raises(SlowDown, match=r"^binance asks to be left alone for 120 s: too many requests\.$"):
        await last_minutes(market, clock)
    for _ in range(5):
        with pytest.raises(SlowDown):
            await market.quotes(["BTC/USDT"])
    assert (binance.asked["klines"], binance.asked["ticker/24hr"]) == (1, 0)

    binance.mend()
    clock.advance(120)
    assert len(await last_minutes(market, clock)) == 2


async def test_the_breaker_opens_and_sends_exactly_one_probe(open_market, binance, clock):
    told = []
    market = open_market(patience=ONCE, tell=lambda state, why: told.append(str(state)))
    await last_minutes(market, clock)
    binance.fail("klines", times=5, status=500)
    for _ in range(5):
        with pytest.raises(Uncertain):
            await last_minutes(market, clock)
    asked = binance.asked["klines"]

    with pytest.raises(Resting, match=r"^binance failed 5 times in a row, so it is asked again in 60 s\.$"):
        await last_minutes(market, clock)
    assert binance.asked["klines"] == asked

    clock.advance(60)
    binance.fail("klines", slow=0.2)
    binance.fail("time", times=99, status=500)
    readers = [market._connection.read("fetch_ohlcv", "BTC/USDT", "1m", None, 3) for _ in range(12)]
    answers = await asyncio.gather(*readers, return_exceptions=True)

    assert binance.asked["klines"] == asked + 1
    assert sorted(type(a).__name__ for a in answers) == ["Resting"] * 11 + ["list"]
    assert told == ["open", "half_open", "closed"]
    assert market.health()["breaker"] == "closed"


async def test_a_read_that_hangs_inside_ccxt_is_ended_and_the_object_replaced(
    open_market, binance, clock, monkeypatch
):
    monkeypatch.setattr("trading.exchange.connection.QUEUE", 0.0)
    market = open_market(timeout=300, patience=ONCE)
    await last_minutes(market, clock)
    stuck = await market._connection.exchange()
    stuck.throttler.running = True  # as if its clock had been set back: nothing leaves the queue any more

    with pytest.raises(Uncertain, match=r"^binance did not answer in time\.$"):
        await last_minutes(market, clock)

    assert len(await last_minutes(market, clock)) == 3
    assert await market._connection.exchange() is not stuck
    assert binance.asked["exchangeInfo"] == 1


async def test_no_error_says_more_than_it_should(open_market, binance, clock):
    market = open_market(apiKey="topsecretkey", secret="topsecretsecret", timeout=200)
    await last_minutes(market, clock)
    faults = [
        {"status": 500, "body": "payload"},
        {"status": 401, "body": '{"code":-2015,"msg":"payload"}'},
        {"status": 400, "body": '{"code":-1100,"msg":"payload"}'},
        {"status": 429, "body": "payload"},
        {"status": 200, "body": "payload"},
        {"hang": True},
    ]

    for fault in faults:
        binance.fail("klines", times=3, **fault)
        with pytest.raises((Uncertain, ExchangeSaidNo)) as raised:
            await last_minutes(market, clock)
        binance.mend()
        clock.advance(60)

        error = raised.value
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        assert not [w for w in ("http", binance.base, "payload", "topsecret", "klines") if w in error.tell]


async def test_one_symbol_that_fails_does_not_hide_the_others_opening(open_market, binance, clock):
    market = open_market(patience=ONCE)
    await market.symbols()
    binance.write("BTC/USDT", clock.now, 64000.0)
    binance.write("ETH/USDT", clock.now, 3100.0)
    binance.fail("klines", status=500)

    found = await market.openings(["BTC/USDT", "ETH/USDT"], MINUTE, clock.now)

    assert len(found) == 1

    binance.fail("klines", times=2, status=500)
    with pytest.raises(Uncertain):
        await market.openings(["BTC/USDT", "ETH/USDT"], MINUTE, clock.now)


async def test_after_the_end_reads_say_so_and_nothing_is_left_open(binance, clock):
    market = CcxtMarket("binance", binance.exchange_options(), clock)
    await last_minutes(market, clock)
    await market.close()
    await market.close()

    with pytest.raises(Uncertain, match=r"^The connection to binance was closed\.$"):
        await last_minutes(market, clock)

    del market
    gc.collect()  # an unclosed session would warn here, and warnings are errors


async def test_a_market_that_was_never_asked_closes_too(clock):
    await CcxtMarket("binance", {}, clock).close()
