"""The archive on disk: one file for each exchange, symbol and timeframe; a file is whole at any moment."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from trading.domain.archive import Series, SeriesName
from trading.domain.errors import Refused
from trading.domain.market import Candle, Timeframe
from trading.market.archive import gaps_of, series_name
from trading.market.candle_checks import check
from trading.market.candle_files import COLUMNS, Floats, Seconds, read_columns


@dataclass(frozen=True, slots=True)
class Rows:
    """Open times in seconds since 1970 and the five columns beside them."""

    times: Seconds
    columns: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.times)

    def where(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Rows":
        return Rows(self.times[rows], {name: column[rows] for name, column in self.columns.items()})

    def with_(self, candles: Iterable[Candle]) -> "Rows":
        """These rows and the candles, in order; of one time only what was there before."""
        new = list(candles)
        times = np.array([int(c.opened_at.timestamp()) for c in new], dtype=np.int64)
        _, first = np.unique(np.concatenate([self.times, times]), return_index=True)
        columns = {
            name: np.concatenate(
                [self.columns[name], np.array([getattr(c, name) for c in new], dtype=np.float64)]
            )
            for name in COLUMNS[1:]
        }
        return Rows(np.concatenate([self.times, times]), columns).where(first)


NOTHING = Rows(np.empty(0, dtype=np.int64), {name: np.empty(0) for name in COLUMNS[1:]})


@dataclass(slots=True)
class Shelf:
    """The files of the archive. Nobody else writes into its folder: a data folder has one desk."""

    folder: Path
    _at_work: set[SeriesName] = field(default_factory=set)
    _writing: Lock = field(default_factory=Lock)

    def names(self) -> list[SeriesName]:
        """Every series there is, in the order of its name."""
        return sorted(self._files())

    def exchanges(self) -> list[str]:
        return sorted({name.exchange for name in self._files()})

    def path(self, name: SeriesName) -> Path:
        """Its file; where there is none yet, the one to be made: Parquet, or CSV where Parquet cannot be written.

        Raises Refused for a symbol that no file can be named after.
        """
        ending = "parquet" if find_spec("pyarrow") else "csv"
        stem = f"{name.exchange}_{name.symbol.replace('/', '-').replace(':', '-')}_{name.timeframe}"
        made = self.folder / f"{stem}.{ending}"
        if series_name(made) != name:
            raise Refused(f"No file can be named after {name.symbol}, so the archive cannot hold it.")
        return self._files().get(name, made)

    def load(self, name: SeriesName) -> Rows:
        """What is there, as written; no rows where there is no file."""
        path = self.path(name)
        with self.unplaced():
            return Rows(*read_columns(path)) if path.exists() else NOTHING

    def between(self, name: SeriesName, start: datetime, end: datetime) -> list[Candle]:
        """Candles with start <= opened_at < end."""
        rows = self.load(name)
        first, past = np.searchsorted(rows.times, [int(start.timestamp()), int(end.timestamp())])
        some = rows.where(np.arange(first, past))
        return [
            Candle(
                symbol=name.symbol,
                timeframe=name.timeframe,
                opened_at=_utc(at),
                **{column: float(values[row]) for column, values in some.columns.items()},
            )
            for row, at in enumerate(some.times)
        ]

    @contextmanager
    def unplaced(self) -> Iterator[None]:
        """Sentences about files in here, read in chats, do not tell where on the desk's computer they lie."""
        try:
            yield
        except Refused as refused:
            told = refused.tell.replace(f"{self.folder}{os.sep}", "").replace(str(self.folder), "archive")
        else:
            return
        raise Refused(told)

    def add(self, name: SeriesName, candles: Iterable[Candle]) -> None:
        """Put the candles to what is there. Done twice, it changes nothing."""
        with self._writing:
            self._save(name, self.load(name).with_(candles))

    def replace(self, name: SeriesName, rows: Rows) -> None:
        """Put these rows in the place of what is there."""
        with self._writing:
            self._save(name, rows)

    def _save(self, name: SeriesName, rows: Rows) -> None:
        """First beside the file, then in its place: whoever is killed meanwhile leaves the old one whole."""
        path = self.path(name)
        beside = path.with_name(f".{path.name}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (_write_parquet if path.suffix == ".parquet" else _write_csv)(beside, rows)
            _to_disk(beside)
            beside.replace(path)
            _to_disk(self.folder)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise Refused(
                f"{path.name} cannot be written: {error.strerror or type(error).__name__}."
            ) from None

    def described(self, name: SeriesName) -> Series:
        """What a file holds, and the first thing that is wrong with it."""
        path = self.path(name)
        size = path.stat().st_size
        try:
            rows = self.load(name)
            if len(rows) > 1:
                check(Path(path.name), rows.times, dict(rows.columns), name.timeframe)
        except Refused as refused:
            return Series(name=name, size=size, trouble=refused.tell)
        return series(name, rows, size)

    @contextmanager
    def alone(self, name: SeriesName) -> Iterator[None]:
        """For whoever is going to write: raises Refused while somebody else is at it."""
        if name in self._at_work:
            raise Refused(f"{name.symbol} {name.timeframe} of {name.exchange} is being fetched already.")
        self._at_work.add(name)
        try:
            yield
        finally:
            self._at_work.discard(name)

    def _files(self) -> dict[SeriesName, Path]:
        if not self.folder.is_dir():
            return {}
        files = [path for path in sorted(self.folder.iterdir(), reverse=True) if path.is_file()]
        return {name: path for path in files if (name := series_name(path))}  # of both kinds, CSV comes last


def series(name: SeriesName, rows: Rows, size: int) -> Series:
    """Sound rows in a few numbers."""
    return Series(
        name=name,
        size=size,
        candles=len(rows),
        start=_utc(rows.times[0]),
        end=_utc(rows.times[-1]) + name.timeframe.length,
        gaps=gaps_of(rows.times, name.timeframe),
    )


def first_at_or_after(at: datetime, timeframe: Timeframe) -> datetime:
    """The open time of the first candle that opens no earlier than `at`."""
    floor = timeframe.floor(at)
    return floor if floor >= at else floor + timeframe.length


def _utc(seconds: np.int64) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _write_parquet(path: Path, rows: Rows) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    times = pyarrow.array(rows.times * 1000, type=pyarrow.timestamp("ms", tz="UTC"))
    parquet.write_table(pyarrow.table({"timestamp": times, **rows.columns}), path, compression="zstd")


def _write_csv(path: Path, rows: Rows) -> None:
    import pandas as pd

    times = np.datetime_as_string(rows.times.astype("datetime64[s]"), timezone="UTC")
    pd.DataFrame({"timestamp": times, **rows.columns}).to_csv(path, index=False)


def _to_disk(path: Path) -> None:
    """Wait until the file, or the folder with its names, has reached the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
