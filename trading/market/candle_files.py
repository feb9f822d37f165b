"""What is written in one Parquet or CSV file of candles: six columns of numbers, or one sentence why not."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trading.domain.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int64]

PRICES = ("open", "high", "low", "close")
COLUMNS = ("timestamp", *PRICES, "volume")

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # of a second
_EPOCHS = ((1e11, 1), (1e14, 10**3), (1e17, 10**6), (1e19, 10**9))  # smaller numbers are s, ms, us, ns


def read_columns(path: Path) -> tuple[Seconds, dict[str, Floats]]:
    """Open times in seconds since 1970 (UTC) and the five columns, as written: not sorted, not filled."""
    try:
        table = _READERS[kind_of(path)](path)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror or _first_line(error)}.") from error
    if not len(next(iter(table.values()))):
        raise Refused(f"{path} has no candles: its columns are there, but no rows.")
    numbers = {name: _numbers(path, name, table[name]) for name in COLUMNS[1:]}
    return _times(path, table["timestamp"]), numbers


def tidy() -> None:
    """Give back to the machine what reading has left behind, which is as much again as the candles."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.default_memory_pool().release_unused()


def kind_of(path: Path) -> str:
    """`parquet` or `csv` by the file's name, else an empty string."""
    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    return "csv" if name.endswith((".csv", ".csv.gz")) else ""


def _read_parquet(path: Path) -> dict[str, "pd.Series"]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as error:
        raise Refused(
            f"{path} needs the extra 'parquet' to be read (make extra-parquet); CSV files need nothing."
        ) from error
    try:
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())  # the other one keeps what is freed
        with parquet.ParquetFile(path) as file:
            names = _named(path, file.schema_arrow.names)
            # one column after the other, so that never more than one lies there twice
            return {
                name: file.read(columns=[found], use_threads=False).column(0).to_pandas()
                for name, found in names.items()
            }
    except pyarrow.ArrowException as error:
        raise Refused(f"{path} is not a whole Parquet file: {_first_line(error)}.") from error


def _read_csv(path: Path) -> dict[str, "pd.Series"]:
    import pandas as pd

    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except pd.errors.EmptyDataError as error:
        raise Refused(f"{path} is empty; the first line names the columns {', '.join(COLUMNS)}.") from error
    except (pd.errors.ParserError, UnicodeDecodeError, ValueError) as error:
        raise Refused(f"{path} is not a CSV table: {_first_line(error)}.") from error
    names = _named(path, [str(name) for name in table.columns])
    table.columns = table.columns.astype(str)
    return {name: table[found] for name, found in names.items()}


_READERS: dict[str, Callable[[Path], Mapping[str, "pd.Series"]]] = {
    "parquet": _read_parquet,
    "csv": _read_csv,
}


def _named(path: Path, found: list[str]) -> dict[str, str]:
    """Our column names to the file's own, which may differ in case."""
    names = {name.strip().lower(): name for name in reversed(found)}
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        has = ", ".join(found[:12]) or "none"
        raise Refused(f"{path} has no column {', '.join(missing)}; its columns are {has}.")
    return {name: names[name] for name in COLUMNS}


def _numbers(path: Path, name: str, column: "pd.Series") -> Floats:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        numbers = pd.to_numeric(column, errors="coerce")
        wrong = numbers.isna() & column.notna()
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise Refused(f"{path}, row {row + 1}: {name} is '{column.iloc[row]}', not a number.")
        column = numbers
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _times(path: Path, column: "pd.Series") -> Seconds:
    import pandas as pd

    if column.isna().any():
        row = int(column.isna().to_numpy().argmax())
        raise Refused(f"{path}, row {row + 1}: there is no timestamp.")
    if pd.api.types.is_numeric_dtype(column):
        return _from_epochs(path, column.to_numpy(dtype=np.float64))
    times = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        raise Refused(
            f"{path}, row {row + 1}: '{column.iloc[row]}' is not a time; "
            "write 2024-01-31T09:00:00Z, or seconds or milliseconds since 1970."
        )
    index = pd.DatetimeIndex(times)
    return _whole(path, index.asi8, _TICKS[index.unit])


def _from_epochs(path: Path, numbers: Floats) -> Seconds:
    strange = ~(np.abs(numbers) < _EPOCHS[-1][0])
    if strange.any():
        row = int(strange.argmax())
        raise Refused(
            f"{path}, row {row + 1}: {numbers[row]:g} is not a time in seconds or milliseconds since 1970."
        )
    return _whole(path, numbers, next(unit for limit, unit in _EPOCHS if np.abs(numbers).max() < limit))


def _whole(path: Path, ticks: npt.NDArray[np.int64] | Floats, per_second: int) -> Seconds:
    rest = ticks % per_second
    if rest.any():
        row, late = int(rest.astype(bool).argmax()), rest.max() / per_second
        raise Refused(f"{path}, row {row + 1}: a candle opens on a whole second, not {late:g} s after it.")
    return np.asarray(ticks // per_second, dtype=np.int64)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
