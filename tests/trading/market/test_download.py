"""Filling the archive: page by page, interrupted at any moment, and never a candle twice."""

import os
import signal
import subprocess
import sys
import time
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import a_series
from tests.house.code import ROOT
from trading.domain.archive import Download, Downloaded, Loading, SeriesName
from trading.domain.errors import Refused, Uncertain
from trading.domain.market import Timeframe
from trading.exchange.translate import SlowDown
from trading.market import download as downloads
from trading.market import shelf as shelves
from trading.market.archive import read_candles
from trading.market.download import PAUSES, PIECE, Downloader
from trading.market.shelf import Shelf
from trading.market.simulated import SimulatedMarket

H1, M1 = Timeframe.parse("1h"), Timeframe.parse("1m")
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
NOON = datetime(2024, 8, 5, 12, 0, tzinfo=UTC)
BTC = SeriesName("simulated", "BTC/USDT", H1)
MINUTES = SeriesName("binance", "BTC/USDT", M1)


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "candles")


@pytest.fixture
def market(clock):
    return SimulatedMarket(7, clock)


def asked(start=None, end=None, symbols=("BTC/USDT",), timeframe=H1):
    return Download(exchange="", symbols=symbols, timeframe=timeframe, start=start, end=end)


async def no_pause(seconds):
    """Nobody waits in these tests."""


async def run(market, shelf, question, **more):
    """What became of each series."""
    downloader = Downloader(market, shelf, **{"sleep": no_pause} | more)
    return [news async for news in downloader.run(question) if isinstance(news, Downloaded)]


def opened(shelf, name=BTC):
    return [datetime.fromtimestamp(int(at), UTC) for at in shelf.load(name).times]


def every(timeframe, start, end):
    return [start + n * timeframe.length for n in range((end - start) // timeframe.length)]


class Stumbling(SimulatedMarket):
    """The simulated market behind a bad connection: `errors` are raised one after the other, None is an answer."""

    def __init__(self, clock, *errors):
        super().__init__(7, clock)
        self.errors, self.asked = list(errors), []

    async def candles(self, symbol, timeframe, start, end):
        self.asked.append((start, end))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        return await super().candles(symbol, timeframe, start, end)


# --- what is written --------------------------------------------------------------------------------------


async def test_a_download_is_a_file_named_like_recorded_ones(market, shelf):
    [told] = await run(market, shelf, asked(NOON - 3 * DAY))

    assert [path.name for path in shelf.folder.iterdir()] == ["simulated_BTC-USDT_1h.parquet"]
    assert (told.fetched, told.series.candles, told.series.gaps, told.trouble) == (72, 72, (), "")
    assert (told.series.start, told.series.end) == (NOON - 3 * DAY, NOON)
    read = read_candles(shelf.folder)
    assert (read.symbol, read.timeframe, len(read.frame)) == ("BTC/USDT", H1, 72)


async def test_what_is_written_is_what_the_market_said(market, shelf):
    await run(market, shelf, asked(NOON - 3 * DAY))

    frame = read_candles(shelf.folder).frame
    said = await market.candles("BTC/USDT", H1, NOON - 3 * DAY, NOON)
    assert frame["close"].tolist() == [candle.close for candle in said]
    assert frame["volume"].tolist() == [candle.volume for candle in said]


async def test_without_pyarrow_it_is_csv_and_read_the_same(market, shelf, monkeypatch):
    monkeypatch.setattr(shelves, "find_spec", lambda name: None)

    await run(market, shelf, asked(NOON - 2 * DAY))
    await run(market, shelf, asked(NOON - 3 * DAY))

    assert [path.name for path in shelf.folder.iterdir()] == ["simulated_BTC-USDT_1h.csv"]
    assert opened(shelf) == every(H1, NOON - 3 * DAY, NOON)
    assert len(read_candles(shelf.folder).frame) == 72


async def test_the_unfinished_candle_is_never_written(market, shelf, clock):
    clock.advance(59 * 60)

    await run(market, shelf, asked(NOON - DAY, NOON + DAY))

    assert opened(shelf)[-1] == NOON - H1.length


async def test_other_series_are_not_touched(market, shelf):
    await run(market, shelf, asked(NOON - DAY, symbols=("ETH/USDT",)))
    await run(market, shelf, asked(NOON - DAY, timeframe=M1))
    before = {path.name: path.read_bytes() for path in shelf.folder.iterdir()}

    await run(market, shelf, asked(NOON - DAY))

    after = {path.name: path.read_bytes() for path in shelf.folder.iterdir()}
    assert before.items() < after.items()
    assert len(after) == 3


async def test_nothing_in_that_time_makes_no_file(market, shelf):
    [told] = await run(
        market, shelf, asked(datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC))
    )

    assert (told.series, told.fetched) == (None, 0)
    assert not shelf.folder.exists()


# --- going on ---------------------------------------------------------------------------------------------


async def test_a_second_run_asks_only_for_what_came_since(shelf, clock):
    market = Stumbling(clock)
    await run(market, shelf, asked(NOON - 3 * DAY))
    clock.advance(DAY)
    market.asked.clear()

    [told] = await run(market, shelf, asked())

    assert market.asked == [(NOON, NOON + DAY)]
    assert (told.fetched, opened(shelf)) == (24, every(H1, NOON - 3 * DAY, NOON + DAY))


async def test_a_run_with_nothing_new_asks_for_nothing_and_leaves_the_file(shelf, clock):
    market = Stumbling(clock)
    await run(market, shelf, asked(NOON - 3 * DAY))
    path, asked_before = shelf.path(BTC), len(market.asked)
    stamp = path.stat().st_mtime_ns

    [told] = await run(market, shelf, asked(NOON - 3 * DAY))

    assert (told.fetched, len(market.asked), path.stat().st_mtime_ns) == (0, asked_before, stamp)


async def test_a_later_beginning_leaves_no_hole_between(market, shelf):
    await run(market, shelf, asked(NOON - 9 * DAY, NOON - 8 * DAY))

    await run(market, shelf, asked(NOON - 2 * DAY))

    assert opened(shelf) == every(H1, NOON - 9 * DAY, NOON)


async def test_an_earlier_beginning_broken_off_leaves_no_hole_either(shelf, clock):
    far = NOON - 3 * PIECE * MINUTE
    await run(Stumbling(clock), shelf, asked(NOON - DAY, timeframe=M1))
    broken = Stumbling(clock, None, *[Uncertain("gone")] * 99)

    [told] = await run(broken, shelf, asked(far, timeframe=M1))

    assert told.trouble == "gone"
    minutes = opened(shelf, replace(BTC, timeframe=M1))
    assert minutes == every(M1, minutes[0], NOON)
    assert far < minutes[0] < NOON - DAY


async def test_a_stopped_download_keeps_what_came_and_goes_on_from_there(shelf, clock):
    start, name = NOON - 4 * PIECE * MINUTE, replace(BTC, timeframe=M1)
    downloader = Downloader(SimulatedMarket(7, clock), shelf, sleep=no_pause)
    async with aclosing(downloader.run(asked(start, timeframe=M1))) as told:
        async for news in told:
            if news.share >= 0.5:
                break
    assert opened(shelf, name) == every(M1, start, NOON - 2 * PIECE * MINUTE)

    market = Stumbling(clock)
    await run(market, shelf, asked(start, timeframe=M1))

    assert market.asked[0][0] == NOON - 2 * PIECE * MINUTE
    assert opened(shelf, name) == every(M1, start, NOON)


async def test_a_killed_process_loses_seconds_not_hours(shelf, clock):
    seconds = iter(range(0, 10_000, 6))  # each look at the clock is six seconds later
    start = NOON - 4 * PIECE * MINUTE
    downloader = Downloader(SimulatedMarket(7, clock), shelf, steady=lambda: next(seconds), sleep=no_pause)
    there = []
    async for news in downloader.run(asked(start, timeframe=M1)):
        if isinstance(news, Loading):
            there.append(len(shelf.load(replace(BTC, timeframe=M1))))

    assert there[-1] >= 3 * PIECE
    assert there == sorted(there)


async def test_a_quick_market_does_not_fill_the_memory(shelf, clock, monkeypatch):
    monkeypatch.setattr(downloads, "SAVE_AT", 2 * PIECE)
    downloader = Downloader(SimulatedMarket(7, clock), shelf, steady=lambda: 0.0, sleep=no_pause)
    question = asked(NOON - 3 * PIECE * MINUTE, timeframe=M1)

    there = [len(shelf.load(replace(BTC, timeframe=M1))) async for _ in downloader.run(question)]

    assert there == [0, 2 * PIECE, 2 * PIECE, 3 * PIECE]


async def test_two_at_once_do_not_write_the_same_file(market, shelf):
    first = Downloader(market, shelf).run(asked(NOON - 9 * DAY))
    await anext(first)

    with pytest.raises(Refused, match="BTC/USDT 1h of simulated is being fetched already"):
        await run(market, shelf, asked(NOON - DAY))

    await first.aclose()
    assert len(await run(market, shelf, asked(NOON - 9 * DAY))) == 1


# --- trouble ----------------------------------------------------------------------------------------------


async def test_a_short_outage_is_waited_out_and_told(shelf, clock):
    market, waits = Stumbling(clock, Uncertain("The connection broke."), SlowDown("Slower.", 42.0)), []

    async def sleep(seconds):
        waits.append(seconds)

    news = [n async for n in Downloader(market, shelf, sleep=sleep).run(asked(NOON - DAY))]

    assert [n.waiting for n in news if isinstance(n, Loading)] == ["The connection broke.", "Slower.", ""]
    assert waits == [PAUSES[0], 42.0]
    assert news[-1].fetched == 24


async def test_a_long_outage_ends_the_download_and_the_rest_is_not_begun(shelf, clock):
    market = Stumbling(clock, *[Uncertain("The connection broke.")] * 99)

    told = await run(market, shelf, asked(NOON - DAY, symbols=("BTC/USDT", "ETH/USDT")))

    assert [(d.name.symbol, d.trouble) for d in told] == [("BTC/USDT", "The connection broke.")]
    assert len(market.asked) == len(PAUSES) + 1


async def test_an_exchange_that_wants_an_hour_is_left_alone(shelf, clock):
    market = Stumbling(clock, SlowDown("Come back in an hour.", 3600.0))

    [told] = await run(market, shelf, asked(NOON - DAY))

    assert (told.trouble, len(market.asked)) == ("Come back in an hour.", 1)


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (datetime(1999, 1, 1, tzinfo=UTC), None, "There are no candles before 2009-01-03; found --from 1999"),
        (NOON, NOON - DAY, "--from (2024-08-05) must lie before --to (2024-08-04)."),
    ],
)
async def test_impossible_times_are_refused(market, shelf, start, end, sentence):
    with pytest.raises(Refused) as refused:
        await run(market, shelf, asked(start, end))

    assert refused.value.tell.startswith(sentence)


async def test_an_unknown_symbol_is_refused_before_anything_is_fetched(shelf, clock):
    market = Stumbling(clock)

    with pytest.raises(Refused, match="has no BTC/USD"):
        await run(market, shelf, asked(NOON - DAY, symbols=("ETH/USDT", "BTC/USD")))

    assert market.asked == []


async def test_a_full_disk_is_one_sentence_and_leaves_no_litter(market, shelf, monkeypatch):
    await run(market, shelf, asked(NOON - 2 * DAY, NOON - DAY))

    def full(path, rows):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelves, "_write_parquet", full)
    with pytest.raises(Refused, match=r"cannot be written: No space left on device\."):
        await run(market, shelf, asked())

    assert [path.name for path in shelf.folder.iterdir()] == ["simulated_BTC-USDT_1h.parquet"]
    assert opened(shelf) == every(H1, NOON - 2 * DAY, NOON - DAY)


WRITER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from trading.domain.archive import SeriesName
from trading.domain.market import Timeframe
from trading.market.shelf import Rows, Shelf

if sys.argv[2] == "before the rename":
    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
shelf, name = Shelf(Path(sys.argv[1])), SeriesName("binance", "BTC/USDT", Timeframe(60))
for count in range(200_000, 10**9, 1000):
    columns = {c: np.linspace(1, 2, count) for c in ("open", "high", "low", "close", "volume")}
    shelf.replace(name, Rows(np.arange(count) * 60, columns))
    print("written", flush=True)
"""


@pytest.mark.parametrize("when", ["before the rename", "in the middle of it"])
def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file(shelf, when):
    shelf.add(MINUTES, a_series([1.0, 2.0, 3.0], timeframe=M1))

    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(shelf.folder), when], cwd=ROOT, stdout=subprocess.PIPE
    )
    with writer:
        if when == "in the middle of it":
            writer.stdout.readline()
            part = shelf.folder / ".binance_BTC-USDT_1m.parquet.part"
            while not part.exists():
                assert writer.poll() is None
                time.sleep(0.001)
            os.kill(writer.pid, signal.SIGKILL)

    assert writer.returncode == -signal.SIGKILL
    count = len(shelf.load(MINUTES))
    assert count == 3 if when == "before the rename" else count >= 200_000
    shelf.add(MINUTES, [])  # what was left lying there is no hindrance
    assert [path.name for path in shelf.folder.iterdir()] == ["binance_BTC-USDT_1m.parquet"]
