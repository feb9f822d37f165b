"""The archive filled by the real ccxt from an exchange that stumbles: pages, refusals, broken connections."""

from datetime import timedelta

import pytest
from aiohttp import web

from tests.fakes.binance import FakeBinance
from trading.domain.archive import Download, Downloaded, Loading, SeriesName
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.exchange.client import CcxtMarket
from trading.exchange.resilience import Patience
from trading.market.download import Downloader
from trading.market.repair import inspect, repair
from trading.market.shelf import Shelf

M1 = Timeframe(60)
MINUTE = timedelta(minutes=1)
BTC = SeriesName("binance", "BTC/USDT", M1)
COUNT = 2500  # three pages


@pytest.fixture
async def binance(clock):
    async with FakeBinance(clock) as server:
        server.history(clock.now - COUNT * MINUTE, COUNT + 1)
        yield server


@pytest.fixture
async def market(binance, clock):
    """ccxt on the fake. Its breaker rests by the test's clock, which each wait moves on."""
    patience = Patience(first=0.01, cap=0.02)
    made = CcxtMarket(
        "binance",
        binance.exchange_options(),
        clock,
        patience=patience,
        steady=lambda: clock.now.timestamp(),
    )
    yield made
    await made.close()


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "candles")


@pytest.fixture
def download(market, shelf, clock):
    """Downloads the whole history, or a part; every second that it waits passes on the clock."""

    async def sleep(seconds):
        clock.advance(seconds)

    async def run(start=None, end=None):
        question = Download(exchange="binance", symbols=("BTC/USDT",), timeframe=M1, start=start, end=end)
        return [news async for news in Downloader(market, shelf, sleep=sleep).run(question)]

    return run


def minutes(shelf):
    return shelf.load(BTC).times.tolist()


def grid(start, count):
    return [int((start + n * MINUTE).timestamp()) for n in range(count)]


async def test_pages_become_one_series_without_the_unfinished_candle(download, shelf, binance, clock):
    start = clock.now - COUNT * MINUTE

    *progress, told = await download(start)

    assert minutes(shelf) == grid(start, COUNT)
    assert (told.fetched, told.series.gaps) == (COUNT, ())
    assert binance.asked["klines"] >= 3
    assert progress[-1].share == 1.0
    assert progress[-1].candles == COUNT
    rows = shelf.load(BTC)
    bar = binance.books.bar("BTCUSDT", int(rows.times[7]) * 1000)
    assert tuple(float(rows.columns[c][7]) for c in ("open", "high", "low", "close", "volume")) == bar


async def test_too_many_requests_are_waited_out(download, shelf, binance, clock):
    start = clock.now - COUNT * MINUTE
    binance.fail(
        "klines", times=1, status=429, headers={"Retry-After": "40"}, body='{"code":-1003,"msg":"x"}'
    )

    news = await download(start)

    waited = [n.waiting for n in news if isinstance(n, Loading) and n.waiting]
    assert waited
    assert all("left alone" in sentence for sentence in waited)
    assert minutes(shelf)[:COUNT] == grid(start, COUNT)


async def test_a_connection_that_drops_in_the_middle_of_a_page_leaves_no_hole(
    download, shelf, binance, clock
):
    start, asked = clock.now - COUNT * MINUTE, []

    async def dropping(request):
        asked.append(request.query.get("startTime"))
        if len(asked) in (2, 3, 5, 6, 7, 8):
            request.transport.abort()
            return web.Response()
        return await binance._klines(request)

    binance.route("GET", "klines", dropping)
    *_, told = await download(start)

    assert told.trouble == ""
    assert minutes(shelf)[:COUNT] == grid(start, COUNT)
    assert len(asked) > 8


async def test_an_exchange_that_is_gone_for_good_leaves_what_came_and_a_later_run_goes_on(
    download, shelf, binance, clock
):
    start = clock.now - COUNT * MINUTE
    await download(start, start + 1200 * MINUTE)
    binance.fail("klines", times=10**6, status=503)

    *_, told = await download(start)

    assert isinstance(told, Downloaded)
    assert "binance" in told.trouble
    assert minutes(shelf) == grid(start, 1200)

    binance.mend()
    clock.advance(120)
    firsts = []

    async def listening(request):
        firsts.append(int(request.query["startTime"]) // 1000)
        return await binance._klines(request)

    binance.route("GET", "klines", listening)
    *_, told = await download()

    assert told.trouble == ""
    assert firsts[0] == grid(start, 1200)[-1]  # one earlier, by which leaps are judged
    assert minutes(shelf)[:COUNT] == grid(start, COUNT)


async def test_doubled_and_shuffled_rows_are_written_once_and_in_order(download, shelf, binance, clock):
    start = clock.now - COUNT * MINUTE
    binance.books.mangle = lambda rows: [*reversed(rows), *rows]

    await download(start)

    assert minutes(shelf) == grid(start, COUNT)


async def test_a_gap_stays_a_gap_and_is_told(download, shelf, binance, clock):
    start = clock.now - COUNT * MINUTE
    for n in (100, 101, 2000):
        binance.books.hide("BTCUSDT", start + n * MINUTE)

    *_, told = await download(start)

    assert [(gap.start - start, gap.missing) for gap in told.series.gaps] == [
        (100 * MINUTE, 2),
        (2000 * MINUTE, 1),
    ]
    assert len(minutes(shelf)) == COUNT - 3


async def test_what_was_missing_then_is_fetched_by_a_repair(download, market, shelf, binance, clock):
    start = clock.now - COUNT * MINUTE
    for n in (100, 101, 2000):
        binance.books.hide("BTCUSDT", start + n * MINUTE)
    await download(start)
    binance.books.show()
    binance.books.hide("BTCUSDT", start + 101 * MINUTE)

    *_, checked = [news async for news in repair(shelf, market, BTC)]

    assert (checked.repaired, checked.still_missing) == (2, 1)
    assert [gap.missing for gap in checked.series.gaps] == [1]
    assert minutes(shelf) == [t for t in grid(start, COUNT) if t != grid(start, 102)[-1]]
    assert not inspect(shelf, BTC).sound


async def test_a_timeframe_that_the_exchange_has_not_is_refused(market, shelf, clock):
    question = Download(exchange="binance", symbols=("BTC/USDT",), timeframe=Timeframe(7 * 60))

    with pytest.raises(Refused, match="binance has no 7m candles; it has 1s, 1m"):
        [news async for news in Downloader(market, shelf).run(question)]

    assert not shelf.folder.exists()
