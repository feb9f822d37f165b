"""Recorded candles: what is read, what is told about gaps, and what is refused and why."""

import gzip
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.builders import candles, recorded, walk
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.market.archive import Gap, read_all, read_candles

COLUMNS = ["timestamp", "open", "high", "low", "close", "volume"]
H1, M15 = Timeframe.parse("1h"), Timeframe.parse("15m")


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it is written: with its times as a column."""
    return frame.rename_axis("timestamp").reset_index()[COLUMNS]


def write(path: Path, frame: pd.DataFrame) -> Path:
    """The frame as a file, Parquet or CSV by its name."""
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="needs the extra parquet")
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


def hours(count: int = 60, **changes: float) -> pd.DataFrame:
    """So many sound hourly rows."""
    return table(walk(count))


def spoilt(row: int, **values: object) -> pd.DataFrame:
    """Sound rows, but for one."""
    frame = hours().astype({name: object for name in values if isinstance(values[name], str)})
    for name, value in values.items():
        frame.loc[row, name] = value
    return frame


def refusal(path: Path, **asked: object) -> str:
    with pytest.raises(Refused) as refused:
        read_candles(path, **asked)
    said = refused.value.tell
    assert said.endswith(".")
    assert "\n" not in said
    return said.replace(f"{path}", "FILE")


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


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            hours().drop(columns=["volume"]),
            "FILE has no column volume; its columns are timestamp, open, high, low, close.",
        ),
        (hours()[["open"]], "FILE has no column timestamp, high, low, close, volume; its columns are open."),
        (hours()[:0], "FILE has no candles: its columns are there, but no rows."),
        (hours()[:1], "FILE has a single candle; at least two are needed."),
        (
            hours()[::-1],
            "FILE, row 2 (2024-01-03 10:00:00 UTC): it is older than the row before; sort the rows by time.",
        ),
        (
            pd.concat([hours()[:5], hours()[4:]]),
            "FILE, row 6 (2024-01-01 04:00:00 UTC): this time is there twice; keep one candle of each.",
        ),
        (
            spoilt(2, close=np.nan),
            "FILE, row 3 (2024-01-01 02:00:00 UTC): a number is missing or infinite "
            "(open 100.516, high 101.278, low 100.348, close nan, volume 4.64666).",
        ),
        (spoilt(2, close="abc"), "FILE, row 3: close is 'abc', not a number."),
        (spoilt(2, volume="1,000.5"), "FILE, row 3: volume is '1,000.5', not a number."),
        (
            spoilt(1, timestamp="yesterday").astype({"timestamp": str}),
            "FILE, row 2: 'yesterday' is not a time; write 2024-01-31T09:00:00Z, "
            "or seconds or milliseconds since 1970.",
        ),
        (spoilt(1, timestamp=None), "FILE, row 2: there is no timestamp."),
        (hours().assign(timestamp=range(60)), "FILE has a row every 1 s; candles are of whole minutes."),
        (
            hours().assign(timestamp=np.arange(60) * 3600 + 0.5),
            "FILE, row 1: a candle opens on a whole second, not 0.5 s after it.",
        ),
        (
            hours().assign(timestamp=np.arange(60) * 1e30),
            "FILE, row 2: 1e+30 is not a time in seconds or milliseconds since 1970.",
        ),
        (
            hours().assign(timestamp=np.where(np.arange(60) == 7, np.inf, np.arange(60) * 3600.0)),
            "FILE, row 8: inf is not a time in seconds or milliseconds since 1970.",
        ),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_a_file_that_is_no_sound_series_is_refused_in_one_sentence(tmp_path, frame, said):
    assert refusal(write(tmp_path / "a.csv", frame)) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"low": 0.0}, "a price is not above zero"),
        ({"open": -1.0, "low": -2.0}, "a price is not above zero"),
        ({"high": 50.0}, "low is above high"),
        ({"low": 500.0}, "low is above high"),
        ({"close": 500.0}, "high is not the highest price"),
        ({"open": 1.0}, "low is not the lowest price"),
        ({"volume": -0.1}, "volume is below zero"),
        ({"high": np.inf}, "a number is missing or infinite"),
    ],
    ids=str,
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_impossible_candle_is_refused_with_its_row_time_and_numbers(tmp_path, values, said, ending):
    path = write(tmp_path / f"a.{ending}", spoilt(41, **values))

    found = refusal(path)

    assert found.startswith(f"FILE, row 42 (2024-01-02 17:00:00 UTC): {said} (open ")
    for name, value in values.items():
        assert f"{name} {value:g}" in found


def test_candles_off_the_grid_of_the_named_timeframe_are_refused(tmp_path):
    path = write(tmp_path / "BTC-USDT_1h.csv", table(walk(100, step=timedelta(minutes=15))))

    assert refusal(path) == (
        "FILE, row 2 (2024-01-01 00:15:00 UTC): a 1h candle cannot open then; "
        "it looks as if another timeframe were mixed in."
    )


def test_a_longer_timeframe_in_the_middle_is_refused(tmp_path):
    minutes = walk(600, step=timedelta(minutes=1))
    later = walk(40)
    mixed = pd.concat([minutes, later.set_index(later.index + pd.Timedelta(days=1))])

    assert refusal(write(tmp_path / "a.csv", table(mixed))) == (
        "FILE, row 602 (2024-01-02 01:00:00 UTC): from here on candles are 1h apart, not 1m; "
        "give one timeframe at a time."
    )


def test_every_second_candle_missing_for_a_while_is_a_row_of_gaps(tmp_path):
    frame = hours(100).drop(range(10, 46, 2))

    assert read_candles(write(tmp_path / "a.csv", frame)).missing == 18


def test_a_timeframe_that_cannot_be_built_is_refused(tmp_path):
    path = write(tmp_path / "a.csv", hours())

    assert refusal(path, timeframe=M15) == "FILE holds 1h candles; 15m candles cannot be built from them."


def test_a_stretch_without_candles_is_refused_with_the_time_there_is(tmp_path):
    path = write(tmp_path / "a.csv", hours())

    assert refusal(path, start=datetime(2030, 1, 1, tzinfo=UTC)) == (
        "FILE has no candles in that time; "
        "it has those from 2024-01-01 00:00:00 UTC to 2024-01-03 12:00:00 UTC."
    )


def test_another_symbol_than_the_file_holds_is_refused(tmp_path):
    path = write(tmp_path / "binance_ETH-USDT_1h.csv", hours())

    assert refusal(path, symbol="BTC/USDT") == "FILE has no candles of BTC/USDT; it has ETH/USDT."


def test_what_is_not_there_is_refused(tmp_path):
    assert refusal(tmp_path / "nothing.csv") == "There is no file or folder FILE."


def test_a_folder_without_candle_files_is_refused(tmp_path):
    assert refusal(tmp_path) == "FILE has no .parquet or .csv file in it."


def test_other_kinds_of_files_are_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")

    assert (
        refusal(path) == "FILE is neither Parquet nor CSV; give a .parquet or .csv file, or a folder of them."
    )


def test_an_empty_csv_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("")

    assert refusal(path) == (
        "FILE is empty; the first line names the columns timestamp, open, high, low, close, volume."
    )


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00broken\x81\n\x9d", b"timestamp,open\n1,2,3,4\n1,2,3,4,5,6\n", b'timestamp,"open\n1'],
    ids=["binary", "ragged", "open quote"],
)
def test_what_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    assert refusal(path).startswith("FILE is not a CSV table: ")


@pytest.mark.parametrize("keep", [0, 3, 100, 2000])
def test_a_broken_parquet_file_is_refused(tmp_path, keep):
    path = write(tmp_path / "a.parquet", hours())
    path.write_bytes(path.read_bytes()[:keep])

    assert refusal(path).startswith("FILE is not a whole Parquet file: ")


def test_a_parquet_file_with_a_flipped_bit_is_refused_or_read_whole(tmp_path):
    path = write(tmp_path / "a.parquet", hours(400))
    whole = path.read_bytes()

    for at in range(10, len(whole), len(whole) // 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            found = read_candles(path)
        except Refused as refused:
            assert str(path) in refused.tell
        else:
            assert len(found.frame) > 1


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.symlink_to(tmp_path / "loop.csv")
    (tmp_path / "loop.csv").symlink_to(path)

    with pytest.raises(Refused):
        read_candles(path)


def test_a_folder_named_like_a_file_is_a_folder(tmp_path):
    (tmp_path / "a.csv").mkdir()

    assert refusal(tmp_path / "a.csv") == "FILE has no .parquet or .csv file in it."


def test_parquet_without_its_extra_names_the_extra(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1")
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path; from trading.domain.errors import Refused\n"
        "from trading.market.archive import read_candles\n"
        "try: read_candles(Path(sys.argv[1]))\n"
        "except Refused as refused: print(refused.tell)\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )

    assert "needs the extra 'parquet'" in said.stdout


def test_csv_needs_no_extra(tmp_path):
    path = write(tmp_path / "BTC-USDT_1h.csv", hours())
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\n"
        "from trading.market.archive import read_candles\n"
        "print(len(read_candles(Path(sys.argv[1])).frame))\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "60"


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
