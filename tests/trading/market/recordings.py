"""Candle files as somebody might have them: sound ones, and ones with one row spoilt."""

from pathlib import Path

import pandas as pd
import pytest

from tests.builders import walk
from trading.domain.errors import Refused
from trading.market.archive import read_candles

COLUMNS = ["timestamp", "open", "high", "low", "close", "volume"]


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
