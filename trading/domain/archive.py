"""The archive of candles: what is asked of it, what it holds, and what was found wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trading.domain.market import Timeframe

ARCHIVE = (
    "archive"  # stands for the archive where a file of candles is asked for; `archive:binance` for a part
)


def is_archive(path: Path | str) -> bool:
    """Whether this names the archive: our own name, and no path of the desk's computer."""
    return str(path).partition(":")[0] == ARCHIVE


@dataclass(frozen=True, slots=True)
class Gap:
    """Candles that are not there: from the first missing open time up to the next candle."""

    start: datetime
    end: datetime
    missing: int


@dataclass(frozen=True, slots=True, order=True)
class SeriesName:
    """Which candles: one file of the archive holds one series."""

    exchange: str
    symbol: str
    timeframe: Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Candles to be fetched. Without `start`: from where the archive ends, or a year back where it has none."""

    exchange: str
    symbols: tuple[str, ...]
    timeframe: Timeframe
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How far it is: share of the whole, candles so far, seconds left where that can be said."""

    name: SeriesName
    share: float
    candles: int
    seconds_left: float | None = None
    waiting: str = ""  # why nothing comes just now


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One file of the archive. `end` is the close of its newest candle; `trouble` says why it is not sound."""

    name: SeriesName
    size: int  # bytes
    candles: int = 0
    start: datetime | None = None
    end: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    trouble: str = ""

    @property
    def missing(self) -> int:
        return sum(gap.missing for gap in self.gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What became of one series: all of it now, how many candles are new, and why it stopped early."""

    name: SeriesName
    series: Series | None  # None: the archive still has nothing of it
    fetched: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is wrong with one series; after a repair, what is still missing and how much came back."""

    series: Series
    duplicates: int = 0  # rows whose time was there already
    impossible: int = 0  # rows that cannot have been traded
    misplaced: int = 0  # rows out of order, or at a time at which no candle opens
    first: str = ""  # the first impossible row in words
    repaired: int | None = None  # candles that came from the exchange again; None: nobody asked for it
    still_missing: int = 0  # of those asked for
    trouble: str = ""  # why it could not be repaired

    @property
    def sound(self) -> bool:
        return not (
            self.duplicates or self.impossible or self.misplaced or self.series.gaps or self.series.trouble
        )
