"""Recorded candles: what is read, and what is told about gaps."""

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tests.builders import candles, recorded, walk
from tests.trading.market.recordings import COLUMNS, hours, refusal, table, write
from trading.domain.market import Timeframe
from trading.market.archive import Gap, read_all, read_candles

H1, M15 = Timeframe.parse("1h"), Timeframe.parse("15m")


# --- what is read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_candles_come_back_as_they_were_written(tmp_path, ending):
    frame = walk(500)

    found = read_candles(write(tmp_path / f"binance_BTC-USDT_1h.{ending}", table(frame)))

    assert (found.symbol, found.timeframe, found.gaps) == ("BTC/USDT", H1, ())
    assert found.source == tmp_path / f"binance_BTC-USDT_1h.{ending}"
    assert list(found.frame.columns) == COLUMNS[1:]
    assert found.frame.index.tz is UTC or str(found.frame.index.tz) == "UTC"
    assert found.frame.index.as_unit("ms").equals(frame.index)
    assert all(found.frame[name].tolist() == frame[name].tolist() for name in COLUMNS[1:])
    assert set(found.frame.dtypes) == {np.dtype("float64")}


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("binance_BTC-USDT_1h.csv", "BTC/USDT", H1),
        ("upbit_BTC-KRW_1h_2024.csv", "BTC/KRW", H1),
        ("eth-usdt_1h.csv", "ETH/USDT", H1),
        ("ETH-USDT.csv", "ETH/USDT", H1),
        ("binance_ETH-USDT_1h-mark.csv", "ETH/USDT", H1),
        ("prices.csv", "prices", H1),
    ],
)
def test_the_name_tells_the_symbol(tmp_path, name, symbol, timeframe):
    found = read_candles(write(tmp_path / name, hours()))

    assert (found.symbol, found.timeframe) == (symbol, timeframe)


def test_a_file_whose_name_tells_no_symbol_takes_the_one_asked_for(tmp_path):
    path = write(tmp_path / "prices.csv", hours())

    assert read_candles(path, symbol="SOL/USDT").symbol == "SOL/USDT"


@pytest.mark.parametrize(
    "written",
    [
        lambda times: times.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda times: times.dt.strftime("%Y-%m-%d %H:%M"),
        lambda times: times.dt.tz_convert("Asia/Seoul").map(lambda t: t.isoformat()),
        lambda times: times.dt.as_unit("s").astype("int64"),
        lambda times: times.dt.as_unit("ms").astype("int64"),
        lambda times: times.dt.as_unit("us").astype("int64"),
        lambda times: times.dt.as_unit("ns").astype("int64"),
        lambda times: times.dt.as_unit("s").astype("int64").astype(float),
    ],
    ids=["iso", "plain", "offset", "s", "ms", "us", "ns", "float seconds"],
)
def test_times_may_be_written_in_many_ways(tmp_path, written):
    frame = hours()
    expected = frame["timestamp"].tolist()

    found = read_candles(write(tmp_path / "a.csv", frame.assign(timestamp=written(frame["timestamp"]))))

    assert found.frame.index.tolist() == expected


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", None])
def test_parquet_times_of_any_unit_and_zone_are_the_same_moments(tmp_path, unit, zone):
    frame = hours()
    times = frame["timestamp"].dt.as_unit(unit).dt.tz_convert(zone)

    found = read_candles(write(tmp_path / "a.parquet", frame.assign(timestamp=times)))

    assert found.frame.index.tolist() == frame["timestamp"].tolist()


def test_columns_may_be_in_any_order_and_case_and_more_than_needed(tmp_path):
    frame = hours()
    shuffled = frame[COLUMNS[::-1]].rename(columns=str.title).assign(trades=3, note="x")

    found = read_candles(write(tmp_path / "a.csv", shuffled))

    assert found.frame["close"].tolist() == frame["close"].tolist()


def test_exact_numbers_of_parquet_are_numbers(tmp_path):
    frame = hours()
    written = frame.assign(close=[Decimal(str(price)) for price in frame["close"]])

    found = read_candles(write(tmp_path / "a.parquet", written))

    assert found.frame["close"].tolist() == frame["close"].tolist()


def test_whole_numbers_and_packed_files_are_fine(tmp_path):
    path = tmp_path / "BTC-KRW_1d.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("timestamp,open,high,low,close,volume\n2024-01-01,1,3,1,2,0\n2024-01-02,2,3,1,3,5\n")

    found = read_candles(path)

    assert (found.symbol, str(found.timeframe)) == ("BTC/KRW", "1d")
    assert found.frame["high"].tolist() == [3.0, 3.0]


def test_the_timeframe_is_the_most_frequent_step_where_the_name_does_not_tell(tmp_path):
    frame = table(walk(100, step=timedelta(minutes=15))).drop([3, 4, 50])

    assert read_candles(write(tmp_path / "a.csv", frame)).timeframe == M15


def test_gaps_are_told_and_not_filled(tmp_path):
    frame = hours().drop([10, 20, 21, 22]).reset_index(drop=True)

    found = read_candles(write(tmp_path / "a.csv", frame))

    first = datetime(2024, 1, 1, tzinfo=UTC)
    assert found.gaps == (
        Gap(first + timedelta(hours=10), first + timedelta(hours=11), 1),
        Gap(first + timedelta(hours=20), first + timedelta(hours=23), 3),
    )
    assert found.missing == 4
    assert len(found.frame) == 56


def test_a_stretch_of_time_includes_its_start_and_not_its_end(tmp_path):
    path = write(tmp_path / "a.csv", hours())
    start, end = datetime(2024, 1, 1, 10, tzinfo=UTC), datetime(2024, 1, 1, 12, tzinfo=UTC)

    found = read_candles(path, start=start, end=end)

    assert [t.hour for t in found.frame.index] == [10, 11]
    assert len(read_candles(path, start=start).frame) == 50
    assert len(read_candles(path, end=end).frame) == 12


# --- folders ------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """BTC hourly in two halves and by the minute, ETH hourly, and things that are no candles."""
    btc = table(walk(100, 1))
    write(tmp_path / "binance_BTC-USDT_1h_b.csv", btc[50:])
    write(tmp_path / "binance_BTC-USDT_1h_a.csv", btc[:50])
    write(tmp_path / "binance_BTC-USDT_1m.csv", table(walk(100, 2, step=timedelta(minutes=1))))
    write(tmp_path / "binance_ETH-USDT_1h.csv", table(walk(90, 3)))
    (tmp_path / "binance_BTC-USDT_trades.csv").write_text("price,amount\n1,2\n")
    (tmp_path / "README.md").write_text("notes")
    return tmp_path


def test_a_folder_gives_the_symbols_asked_for_in_their_order(folder):
    found = read_all(folder, ["ETH/USDT", "BTC/USDT"], H1)

    assert [(r.symbol, len(r.frame)) for r in found] == [("ETH/USDT", 90), ("BTC/USDT", 100)]


def test_files_of_one_symbol_are_put_one_after_the_other(folder):
    found = read_candles(folder, "BTC/USDT", H1)

    assert found.frame["close"].tolist() == walk(100, 1)["close"].tolist()
    assert found.gaps == ()
    assert found.source == folder


def test_without_symbols_a_folder_gives_all_it_has(folder):
    assert [r.symbol for r in read_all(folder, timeframe=H1)] == ["BTC/USDT", "ETH/USDT"]


def test_a_timeframe_may_be_built_from_the_longest_that_fits(folder):
    assert read_candles(folder, "BTC/USDT", Timeframe.parse("4h")).timeframe == H1
    assert str(read_candles(folder, "BTC/USDT", M15).timeframe) == "1m"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"symbol": "BTC/USDT"}, "BTC/USDT is there as 1m and 1h; say which timeframe."),
        ({"symbol": "XRP/USDT"}, "FILE has no candles of XRP/USDT; it has BTC/USDT, ETH/USDT."),
        (
            {"symbol": "ETH/USDT", "timeframe": M15},
            "ETH/USDT is there as 1h; 15m candles cannot be built from that.",
        ),
        ({"timeframe": H1}, "FILE holds several symbols; choose one of BTC/USDT, ETH/USDT."),
    ],
)
def test_a_folder_refuses_what_it_cannot_give(folder, asked, said):
    assert refusal(folder, **asked) == said


def test_files_that_overlap_are_refused(folder):
    write(folder / "other_BTC-USDT_1h.csv", table(walk(100, 1))[40:60])

    said = refusal(folder, symbol="BTC/USDT", timeframe=H1)

    assert said == "Two files in FILE hold the BTC/USDT candle of 2024-01-02 16:00:00 UTC; keep one."


def test_unnamed_files_of_different_timeframes_are_refused(tmp_path):
    write(tmp_path / "BTC-USDT_.csv", table(walk(50)))
    later = walk(50, step=timedelta(minutes=15))
    write(tmp_path / "BTC-USDT.csv", table(later.set_index(later.index + pd.Timedelta(days=9))))

    assert refusal(tmp_path) == "FILE mixes candles of 15m and 1h; put them into different folders."


# --- real recordings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe", "rows", "missing", "gaps"),
    [
        ("binance_BTC-USDT_1h.parquet", "BTC/USDT", "1h", 55740, 128, 28),
        ("binance_LUNA-USDT_1h.parquet", "LUNA/USDT", "1h", 23550, 449, 6),
        ("upbit_BTC-KRW_1d.parquet", "BTC/KRW", "1d", 999, 0, 0),
        ("bitfinex_ETH-USD_1m.parquet", "ETH/USD", "1m", 508048, 17552, 13302),
    ],
)
def test_real_recordings_have_the_rows_and_gaps_of_their_manifest(
    name, symbol, timeframe, rows, missing, gaps
):
    found = read_candles(recorded(name))

    assert (found.symbol, str(found.timeframe)) == (symbol, timeframe)
    assert (len(found.frame), found.missing, len(found.gaps)) == (rows, missing, gaps)


def test_the_helper_candles_are_sound():
    frame = candles([1, 2, 3])

    assert table(frame)["open"].tolist() == [1.0, 1.0, 2.0]
