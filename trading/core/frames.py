"""Candles as columns: appended in batches, built up to longer timeframes, read as windows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from trading.domain.market import Candle, Timeframe

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Candles of one symbol and timeframe, oldest first. `opened` is in seconds since 1970 UTC."""

    opened: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def empty(cls) -> "Columns":
        nothing = np.empty(0)
        return cls(np.empty(0, np.int64), nothing, nothing, nothing, nothing, nothing)

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> "Columns":
        opened = np.array([int(c.opened_at.timestamp()) for c in candles], np.int64)
        names = ("open", "high", "low", "close", "volume")
        return cls(opened, *(np.array([getattr(c, name) for c in candles], np.float64) for name in names))

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> "Columns":
        """From a frame with a UTC DatetimeIndex of open times and the five float columns."""
        opened = frame.index.as_unit("s").asi8  # type: ignore[attr-defined]
        names = ("open", "high", "low", "close", "volume")
        return cls(opened, *(frame[name].to_numpy(np.float64) for name in names))

    def __len__(self) -> int:
        return len(self.opened)

    def candle(self, symbol: str, timeframe: Timeframe, row: int) -> Candle:
        """One row of them, as the candle it is."""
        return Candle(
            symbol=symbol,
            timeframe=timeframe,
            opened_at=datetime.fromtimestamp(int(self.opened[row]), UTC),
            open=float(self.open[row]),
            high=float(self.high[row]),
            low=float(self.low[row]),
            close=float(self.close[row]),
            volume=float(self.volume[row]),
        )

    def __getitem__(self, rows: slice) -> "Columns":
        return Columns(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __add__(self, other: "Columns") -> "Columns":
        if not len(self):
            return other
        if not len(other):
            return self
        return Columns(
            *(np.concatenate((getattr(self, f.name), getattr(other, f.name))) for f in fields(self))
        )

    def frame(self) -> pd.DataFrame:
        """What strategies read: float columns over a UTC DatetimeIndex of open times."""
        index = pd.DatetimeIndex(self.opened.astype("datetime64[s]"), tz="UTC")
        columns = {
            "open": self.open,
            "high": self.high,
            "low": self.low,
            "close": self.close,
            "volume": self.volume,
        }
        return pd.DataFrame(columns, index=index)


class Series:
    """Candles of one symbol in one timeframe, built from base candles as they come.

    `known` says for every candle when it was complete: at its close, or, where the last piece is missing,
    at the close of the first later base candle. Nothing is ever made up for a gap.
    """

    def __init__(self, base: Timeframe, timeframe: Timeframe) -> None:
        self._base, self._timeframe = base, timeframe
        self._partial = Columns.empty()
        self.columns = Columns.empty()
        self.known: Ints = np.empty(0, np.int64)
        self.dropped = 0  # rows trimmed from the front so far

    def extend(self, new: Columns) -> None:
        """Take base candles, all newer than those before."""
        if self._base == self._timeframe:
            self._append(new, new.opened + self._base.seconds)
            return
        rows = self._partial + new
        bucket = (
            rows.opened - self._shift()
        ) // self._timeframe.seconds * self._timeframe.seconds + self._shift()
        starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
        ends = np.append(starts[1:], len(rows)) - 1
        closes = bucket[starts] + self._timeframe.seconds
        whole = rows.opened[ends] + self._base.seconds == closes
        later = np.append(rows.opened[starts[1:]] + self._base.seconds, 0)
        known = np.where(whole, closes, later)
        complete = len(starts) if whole[-1] else len(starts) - 1
        self._partial = rows[len(rows) if whole[-1] else int(starts[-1]) :]
        self._append(_merge(rows, starts, ends, bucket)[:complete], known[:complete])

    def seed(self, whole: Columns, begun: Columns) -> None:
        """Start over from candles of this timeframe and the base candles of the one that is forming."""
        self.columns, self.known = whole, whole.opened + self._timeframe.seconds
        self._partial, self.dropped = Columns.empty(), 0
        if len(begun):
            self.extend(begun)

    @property
    def newest(self) -> int:
        """When the newest candle became known, in seconds; 0 when there is none."""
        return int(self.known[-1]) if len(self.known) else 0

    def trim(self, keep: int) -> None:
        """Forget all but the newest `keep` candles."""
        surplus = len(self.columns) - keep
        if surplus > 0:
            self.columns, self.known = self.columns[surplus:], self.known[surplus:]
            self.dropped += surplus

    def _append(self, new: Columns, known: Ints) -> None:
        self.columns = self.columns + new
        self.known = np.concatenate((self.known, known)) if len(self.known) else known

    def _shift(self) -> int:
        return self._timeframe.floor_seconds(0)


def _merge(rows: Columns, starts: Ints, ends: Ints, bucket: Ints) -> Columns:
    return Columns(
        bucket[starts],
        rows.open[starts],
        np.maximum.reduceat(rows.high, starts),
        np.minimum.reduceat(rows.low, starts),
        rows.close[ends],
        np.add.reduceat(rows.volume, starts),
    )
