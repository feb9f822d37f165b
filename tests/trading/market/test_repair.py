"""Is the archive sound? What is wrong is found, fetched anew, or told; nothing is made up."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from trading.domain.archive import SeriesName
from trading.domain.errors import Refused, Uncertain
from trading.domain.market import Timeframe
from trading.market.repair import inspect, repair
from trading.market.shelf import NOTHING, Shelf
from trading.market.simulated import SimulatedMarket

H1 = Timeframe.parse("1h")
BTC = SeriesName("simulated", "BTC/USDT", H1)
START = datetime(2024, 8, 1, tzinfo=UTC)


@pytest.fixture
def market(clock):
    return SimulatedMarket(7, clock)


@pytest.fixture
async def shelf(tmp_path, market):
    """Two days of true candles."""
    made = Shelf(tmp_path)
    made.add(BTC, await market.candles("BTC/USDT", H1, START, START + timedelta(days=2)))
    return made


class Silent(SimulatedMarket):
    """Has no candles at all, or cannot be reached."""

    def __init__(self, clock, error=None):
        super().__init__(7, clock)
        self.error = error

    async def candles(self, *_):
        if self.error:
            raise self.error
        return []


class Away(SimulatedMarket):
    """Cannot be reached at all, and counts how often somebody tries."""

    asked = 0

    async def instruments(self, symbols):
        self.asked += 1
        raise Uncertain("simulated is not available just now.")

    async def candles(self, *_):
        raise AssertionError("nobody asks for candles where nobody answers")


def spoil(shelf, change):
    """Change the rows of the file by hand, as a broken program would."""
    path = shelf.path(BTC)
    frame = pd.read_parquet(path)
    change(frame).to_parquet(path, index=False)


def written(shelf):
    rows = shelf.load(BTC)
    return rows.times.tolist(), {name: column.tolist() for name, column in rows.columns.items()}


def without(*rows):
    return lambda frame: frame.drop(index=list(rows))


def twice(row, **changed):
    return lambda frame: pd.concat([frame, frame.iloc[[row]].assign(**changed)]).sort_values("timestamp")


def wrong(row, **changed):
    def change(frame):
        for column, value in changed.items():
            frame.loc[row, column] = value
        return frame

    return change


def late(row):
    return lambda frame: frame.assign(
        timestamp=frame["timestamp"].where(frame.index != row, frame["timestamp"] + pd.Timedelta(minutes=7))
    )


def shuffled(frame):
    return frame.iloc[[1, 0, *range(2, len(frame))]]


async def mended(shelf, market):
    async def no_pause(seconds):
        """Nobody waits in these tests."""

    return [news async for news in repair(shelf, market, BTC, no_pause)][-1]


def test_true_candles_are_sound(shelf):
    checked = inspect(shelf, BTC)

    assert checked.sound
    assert (checked.series.candles, checked.series.missing) == (48, 0)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (without(5, 6, 20), {"missing": 3}),
        (twice(9), {"duplicates": 1}),
        (twice(9, close=1.0), {"duplicates": 1, "impossible": 1}),
        (wrong(7, high=1.0), {"impossible": 1}),
        (wrong(7, close=np.nan), {"impossible": 1}),
        (wrong(0, volume=-1.0), {"impossible": 1}),
        (late(11), {"misplaced": 1, "missing": 1}),
        (shuffled, {"misplaced": 1}),
    ],
)
async def test_every_fault_is_found_and_mended_with_what_the_exchange_says(shelf, market, change, found):
    before = written(shelf)
    spoil(shelf, change)

    checked = inspect(shelf, BTC)
    told = await mended(shelf, market)

    counts = {name: getattr(checked, name) for name in ("duplicates", "impossible", "misplaced")}
    assert (
        counts | {"missing": checked.series.missing}
        == {
            "duplicates": 0,
            "impossible": 0,
            "misplaced": 0,
            "missing": 0,
        }
        | found
    )
    assert written(shelf) == before
    assert told.still_missing == 0
    assert inspect(shelf, BTC).sound


async def test_an_impossible_candle_is_shown_with_its_numbers(shelf):
    spoil(shelf, wrong(7, high=1.5))

    assert inspect(shelf, BTC).first.startswith("2024-08-01 07:00:00 UTC: open ")
    assert "high 1.5" in inspect(shelf, BTC).first


async def test_what_the_exchange_has_not_stays_missing_and_nothing_is_made_up(shelf, clock):
    spoil(shelf, lambda frame: wrong(7, high=1.0)(without(20, 21)(frame)))

    told = await mended(shelf, Silent(clock))

    assert (told.repaired, told.still_missing) == (0, 3)
    assert [gap.missing for gap in told.series.gaps] == [1, 2]
    assert len(shelf.load(BTC)) == 45


async def test_of_two_that_disagree_neither_is_believed(shelf, clock):
    spoil(shelf, lambda frame: twice(9, volume=1.0)(frame))

    told = await mended(shelf, Silent(clock))

    assert told.still_missing == 1
    assert int((START + timedelta(hours=9)).timestamp()) not in shelf.load(BTC).times


async def test_an_exchange_out_of_reach_changes_nothing(shelf, clock):
    spoil(shelf, wrong(7, high=1.0))
    before = shelf.path(BTC).read_bytes()

    told = await mended(shelf, Silent(clock, Uncertain("The connection broke.")))

    assert told.trouble == "The connection broke."
    assert not told.sound
    assert shelf.path(BTC).read_bytes() == before


async def test_a_series_is_not_emptied(shelf, clock):
    spoil(shelf, lambda frame: frame.assign(high=1.0))
    before = shelf.path(BTC).read_bytes()

    with pytest.raises(Refused, match="has none of these BTC/USDT 1h candles; nothing was changed"):
        await mended(shelf, Silent(clock))

    assert shelf.path(BTC).read_bytes() == before


async def test_a_sound_series_is_left_alone(shelf, clock):
    stamp = shelf.path(BTC).stat().st_mtime_ns

    told = await mended(shelf, Silent(clock, AssertionError("nobody may ask")))

    assert told.sound
    assert shelf.path(BTC).stat().st_mtime_ns == stamp


async def test_half_a_file_is_told_and_not_touched(shelf, market):
    path = shelf.path(BTC)
    path.write_bytes(path.read_bytes()[:200])

    told = await mended(shelf, market)

    assert "is not a whole Parquet file" in told.series.trouble
    assert path.stat().st_size == 200


def test_the_list_tells_what_is_wrong_first(shelf):
    assert shelf.described(BTC).trouble == ""

    spoil(shelf, wrong(7, high=1.0))

    told = shelf.described(BTC).trouble
    assert told.startswith(
        "simulated_BTC-USDT_1h.parquet, row 8 (2024-08-01 07:00:00 UTC): low is above high"
    )


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "1000SHIB/USDT"])
def test_a_symbol_survives_its_file_name(shelf, symbol):
    name = SeriesName("binance", symbol, H1)
    shelf.replace(name, shelf.load(BTC))

    assert name in shelf.names()
    assert len(shelf.load(name)) == 48


@pytest.mark.parametrize("symbol", ["../../x/USDT", "BTC/US DT", "币/USDT", "btc/usdt"])
def test_a_symbol_that_no_file_can_be_named_after_is_refused(shelf, symbol):
    with pytest.raises(Refused, match="No file can be named after"):
        shelf.replace(SeriesName("binance", symbol, H1), NOTHING)


async def test_an_exchange_that_cannot_be_reached_is_told_at_once_and_not_waited_for(shelf, clock):
    spoil(shelf, without(7))
    before, market, waited = written(shelf), Away(7, clock), []

    told = [news async for news in repair(shelf, market, BTC, sleep=waited.append)]

    assert [(news.repaired, news.trouble) for news in told] == [(0, "simulated is not available just now.")]
    assert (market.asked, waited) == (1, [])
    assert written(shelf) == before
