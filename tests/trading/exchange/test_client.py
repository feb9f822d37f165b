"""A market read through the real ccxt from a server that speaks Binance."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from tests.fakes.binance import FakeBinance
from tests.fakes.binance_books import Listing
from trading.domain.errors import Refused, Uncertain
from trading.domain.market import Timeframe
from trading.exchange.client import CcxtMarket

MINUTE = Timeframe(60)
M = timedelta(minutes=1)


async def test_instruments_have_the_steps_minimums_and_fees_of_the_exchange(open_market):
    found = await open_market().instruments(["SOL/USDT", "BTC/USDT"])

    sol = found["SOL/USDT"]
    assert list(found) == ["SOL/USDT", "BTC/USDT"]
    assert (sol.base, sol.quote) == ("SOL", "USDT")
    assert (sol.price_step, sol.amount_step) == (Decimal("0.001"), Decimal("0.01"))
    assert (sol.min_amount, sol.min_cost) == (Decimal("0.01"), Decimal(10))
    assert (sol.maker_fee, sol.taker_fee) == (Decimal("0.001"), Decimal("0.001"))


async def test_symbols_are_those_that_can_be_traded(clock):
    listed = (Listing("ETH/USDT"), Listing("BTC/USDT"), Listing("OLD/USDT", status="BREAK"))
    async with FakeBinance(clock, listed) as binance:
        market = CcxtMarket("binance", binance.exchange_options(), clock)

        assert await market.symbols() == ("BTC/USDT", "ETH/USDT")

        await market.close()


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("BTC/USD", " Did you mean BTC/USDT?"), ("ethusdt", " Did you mean ETH/USDT?"), ("QQQ/XYZ", "")],
)
async def test_an_unknown_symbol_is_refused_with_the_nearest(open_market, asked, hint):
    market = open_market()

    for question in (market.instruments, market.quotes):
        with pytest.raises(Refused) as refused:
            await question([asked])

        assert refused.value.tell == f"binance has no market '{asked}' that this desk can trade.{hint}"


async def test_a_new_listing_is_found_by_looking_again_but_not_too_often(open_market, binance, clock):
    market = open_market()
    await market.symbols()
    binance.listed["NEWUSDT"] = Listing("NEW/USDT")

    with pytest.raises(Refused):
        await market.instruments(["NEW/USDT"])
    assert binance.asked["exchangeInfo"] == 1

    clock.advance(61)
    assert (await market.instruments(["NEW/USDT"]))["NEW/USDT"].base == "NEW"
    assert binance.asked["exchangeInfo"] == 2


async def test_what_is_held_is_known_though_it_is_not_traded_or_not_even_listed_any_more(
    open_market, binance
):
    market = open_market()
    binance.listed["SOLUSDT"] = replace(binance.listed["SOLUSDT"], status="BREAK")

    found = await market.held(["SOL/USDT", "OLD/USDT", "BTC/USDT"])

    assert list(found) == ["SOL/USDT", "OLD/USDT", "BTC/USDT"]
    assert (found["SOL/USDT"].amount_step, found["SOL/USDT"].min_cost) == (Decimal("0.01"), Decimal(10))
    assert (found["OLD/USDT"].base, found["OLD/USDT"].quote) == ("OLD", "USDT")
    assert found["OLD/USDT"].amount_step == Decimal("1e-8")
    assert market.untraded() == {"SOL/USDT", "OLD/USDT"}
    assert market.gone() == {"OLD/USDT"}
    with pytest.raises(Refused, match="no market 'SOL/USDT'"):
        await market.instruments(["SOL/USDT"])


async def test_a_symbol_that_ends_under_an_account_is_silent_and_comes_back(open_market, binance, clock):
    market = open_market()
    await market.instruments(["BTC/USDT", "SOL/USDT"])
    listed = binance.listed["SOLUSDT"]
    binance.listed["SOLUSDT"] = replace(listed, status="BREAK")
    clock.advance(3601)

    at, both = MINUTE.floor(clock.now) - 70 * M, ("BTC/USDT", "SOL/USDT")
    candles = {symbol: await market.candles(symbol, MINUTE, at, at + 5 * M) for symbol in both}
    openings, quotes = await market.openings(both, MINUTE, at), await market.quotes(both)

    assert (len(candles["BTC/USDT"]), candles["SOL/USDT"]) == (5, [])
    assert (list(openings), list(quotes)) == (["BTC/USDT"], ["BTC/USDT"])
    assert await market.depth("SOL/USDT") is None
    assert market.untraded() == {"SOL/USDT"}

    binance.listed["SOLUSDT"] = listed
    clock.advance(3601)
    assert list(await market.quotes(both)) == list(both)
    assert market.untraded() == frozenset()


async def test_markets_are_loaded_once_and_again_after_an_hour(open_market, binance, clock):
    market = open_market()

    for _ in range(3):
        await market.symbols()
    assert binance.asked["exchangeInfo"] == 1

    clock.advance(3601)
    binance.listed["BTCUSDT"] = Listing("BTC/USDT", tick="0.10")
    assert (await market.instruments(["BTC/USDT"]))["BTC/USDT"].price_step == Decimal("0.1")
    assert binance.asked["exchangeInfo"] == 2


async def test_old_markets_are_better_than_none(open_market, binance, clock):
    market = open_market()
    await market.symbols()
    binance.fail("exchangeInfo", times=99, status=503)

    clock.advance(3601)

    assert "BTC/USDT" in await market.symbols()


async def test_sandbox_and_urls_go_to_ccxt(open_market, binance):
    assert "BTC/USDT" in await open_market(sandbox=True).symbols()
    assert binance.asked["exchangeInfo"] == 1


# --- candles ----------------------------------------------------------------------------------------------


async def test_a_long_stretch_comes_in_pages_complete_and_in_order(open_market, binance, clock):
    start = clock.now - timedelta(hours=40)
    binance.history(start, 2400)

    found = await open_market().candles("BTC/USDT", MINUTE, start, clock.now)

    assert [c.opened_at for c in found] == [start + n * M for n in range(2400)]
    assert binance.asked["klines"] == 3


async def test_only_what_opened_inside_is_answered(open_market, clock):
    start, end = clock.now - 10 * M, clock.now - 5 * M

    found = await open_market().candles("ETH/USDT", MINUTE, start, end)

    assert [c.opened_at for c in found] == [start + n * M for n in range(5)]
    assert {(c.symbol, c.timeframe) for c in found} == {("ETH/USDT", MINUTE)}


async def test_prices_and_volume_are_the_exchanges(open_market, binance, clock):
    binance.write("BTC/USDT", clock.now - M, 160.1, 165.55, 159.0, 161.25, 3.5)

    (candle,) = await open_market().candles("BTC/USDT", MINUTE, clock.now - M, clock.now)

    prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    assert prices == (160.1, 165.55, 159.0, 161.25, 3.5)


async def test_the_unfinished_candle_is_left_out_until_it_has_closed(open_market, clock):
    market, opened_at = open_market(), clock.now

    clock.advance(59)
    assert await market.candles("BTC/USDT", MINUTE, opened_at, opened_at + 5 * M) == []

    clock.advance(2)
    (candle,) = await market.candles("BTC/USDT", MINUTE, opened_at, opened_at + 5 * M)
    assert candle.opened_at == opened_at


async def test_a_clock_of_ours_that_is_an_hour_ahead_closes_nothing_early(open_market, clock):
    market = open_market(clock=lambda: clock.now + timedelta(hours=1))

    found = await market.candles("BTC/USDT", MINUTE, clock.now - M, clock.now + timedelta(hours=1))

    assert [c.opened_at for c in found] == [clock.now - M]
    assert market.health()["clock_offset"] == pytest.approx(-3600, abs=5)
    assert abs(market.now() - clock.now) < timedelta(seconds=5)


async def test_a_clock_of_ours_that_is_an_hour_behind_misses_nothing(open_market, clock):
    market = open_market(clock=lambda: clock.now - timedelta(hours=1))

    found = await market.candles("BTC/USDT", MINUTE, clock.now - 3 * M, clock.now + M)

    assert [c.opened_at for c in found] == [clock.now - 3 * M, clock.now - 2 * M, clock.now - M]


async def test_duplicates_and_disorder_are_put_right(open_market, binance, clock):
    binance.books.mangle = lambda rows: [*reversed(rows), *rows[::2]]

    found = await open_market().candles("BTC/USDT", MINUTE, clock.now - 20 * M, clock.now)

    assert [c.opened_at for c in found] == [clock.now - n * M for n in range(20, 0, -1)]


async def test_a_gap_stays_a_gap(open_market, binance, clock):
    binance.books.hide("BTCUSDT", clock.now - 3 * M)

    found = await open_market().candles("BTC/USDT", MINUTE, clock.now - 4 * M, clock.now)

    assert [c.opened_at for c in found] == [clock.now - 4 * M, clock.now - 2 * M, clock.now - M]


async def test_impossible_candles_are_left_out_and_counted(open_market, binance, clock):
    nan = float("nan")
    binance.write("BTC/USDT", clock.now - 5 * M, 100.0, 90.0, 95.0, 92.0, 1.0)
    binance.write("BTC/USDT", clock.now - 4 * M, 0.0, 0.0, 0.0, 0.0, 1.0)
    binance.write("BTC/USDT", clock.now - 3 * M, nan, nan, nan, nan, 1.0)
    binance.write("BTC/USDT", clock.now - 2 * M, 1e6, 1e6, 1e6, 1e6, 1.0)
    market = open_market()

    found = await market.candles("BTC/USDT", MINUTE, clock.now - 6 * M, clock.now)

    assert [c.opened_at for c in found] == [clock.now - 6 * M, clock.now - M]
    assert market.health()["rejected_candles"] == {"BTC/USDT": 4}


async def test_a_leap_at_the_beginning_of_a_page_is_seen(open_market, binance, clock):
    start = clock.now - 1100 * M
    binance.history(start - M, 1101, "BTC/USDT")
    for minute in (0, 999):  # the first that was asked for, and the first of the second page
        binance.write("BTC/USDT", start + minute * M, 1e6)

    found = await open_market().candles("BTC/USDT", MINUTE, start, clock.now)

    assert len(found) == 1098
    assert max(c.high for c in found) < 1000


async def test_an_exchange_that_forgets_where_to_begin_does_not_trap_us(open_market, binance, clock):
    old = clock.now - timedelta(days=2)
    binance.history(old, 5, "BTC/USDT")
    rows = binance.books.klines("BTCUSDT", "1m", int(old.timestamp()) * 1000, 10**15, 5)
    binance.books.mangle = lambda _: rows

    assert await open_market().candles("BTC/USDT", MINUTE, clock.now - 5 * M, clock.now) == []


async def test_an_empty_stretch_is_crossed(open_market, binance, clock):
    start = clock.now - timedelta(days=3)
    binance.history(start, 3, "BTC/USDT")

    found = await open_market().candles("BTC/USDT", MINUTE, start, clock.now)

    assert [c.opened_at for c in found[:4]] == [start, start + M, start + 2 * M, clock.now.replace(hour=11)]
    assert len(found) == 3 + 60


async def test_longer_timeframes_are_asked_of_the_exchange(open_market, clock):
    quarter = Timeframe.parse("15m")

    found = await open_market().candles("BTC/USDT", quarter, clock.now.replace(hour=11), clock.now)

    assert [c.opened_at.minute for c in found] == [0, 15, 30, 45]
    assert {c.volume for c in found} == {150.0}


async def test_a_timeframe_the_exchange_lacks_is_refused(open_market, clock):
    with pytest.raises(Refused, match=r"^binance has no 7m candles; it has 1s, 1m, 3m, "):
        await open_market().candles("BTC/USDT", Timeframe.parse("7m"), clock.now - 9 * M, clock.now)


# --- prices -----------------------------------------------------------------------------------------------


async def test_the_opening_is_known_while_the_candle_is_still_forming(open_market, binance, clock):
    binance.write("BTC/USDT", clock.now, 64000.0, 64010.0, 63990.0, 64001.0, 1.0)
    binance.books.hide("ETHUSDT", clock.now)

    found = await open_market().openings(["BTC/USDT", "ETH/USDT"], MINUTE, clock.now)

    assert found == {"BTC/USDT": 64000.0}


async def test_quotes_are_the_last_prices(open_market, binance, clock):
    binance.write("BTC/USDT", clock.now, 64000.0, 64010.0, 63990.0, 64001.5, 1.0)
    binance.write("ETH/USDT", clock.now, 3100.25)
    market = open_market()

    assert await market.quotes(["ETH/USDT", "BTC/USDT"]) == {"ETH/USDT": 3100.25, "BTC/USDT": 64001.5}
    assert await market.quotes(["BTC/USDT"]) == {"BTC/USDT": 64001.5}
    assert await market.quotes([]) == {}


async def test_a_market_without_a_trade_has_no_quote(open_market, binance, clock):
    binance.listed["NEWUSDT"] = Listing("NEW/USDT")
    binance.write("BTC/USDT", clock.now, 64000.0)

    assert await open_market().quotes(["NEW/USDT", "BTC/USDT"]) == {"BTC/USDT": 64000.0}


# --- order books --------------------------------------------------------------------------------------------


def offers(binance, bids, asks):
    async def answer(_):
        return web.json_response({"lastUpdateId": 1, "bids": bids, "asks": asks})

    binance.route("GET", "depth", answer)


async def test_the_order_book_comes_to_the_last_digit(open_market, binance, clock):
    offers(binance, [["99.90", "1.50000000"], ["99.80", "2"]], [["100.10", "0.30000000"]])

    found = await open_market().depth("BTC/USDT")

    assert found.bids == ((Decimal("99.9"), Decimal("1.5")), (Decimal("99.8"), Decimal(2)))
    assert found.asks == ((Decimal("100.1"), Decimal("0.3")),)
    assert found.at == clock.now


async def test_a_book_nobody_can_tell_is_asked_for_again_and_then_uncertain(open_market, binance):
    market = open_market()
    binance.fail("depth", status=503)
    assert (await market.depth("BTC/USDT")).asks

    binance.fail("depth", times=9, status=503)
    with pytest.raises(Uncertain):
        await market.depth("BTC/USDT")

    assert binance.asked["depth"] == 5


async def test_a_book_of_a_market_that_does_not_exist_is_refused_unasked(open_market, binance):
    with pytest.raises(Refused):
        await open_market().depth("QQQ/XYZ")

    assert binance.asked["depth"] == 0
