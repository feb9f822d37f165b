"""Recorded candles that are not read: what is refused, and the one sentence that says why."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.builders import walk
from tests.trading.market.recordings import hours, refusal, spoilt, table, write
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.market.archive import read_candles

H1, M15 = Timeframe.parse("1h"), Timeframe.parse("15m")


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
        ({"high": 1e30}, "no market has a price above 1e+15"),
        ({"volume": 1e30}, "no market has a volume above 1e+24"),
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
