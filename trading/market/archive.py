"""Recorded candles: files and folders checked and handed on as they are; gaps are told, never filled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trading.domain.archive import Gap, SeriesName
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.market.candle_checks import check, shown
from trading.market.candle_files import Floats, Seconds, kind_of, read_columns, tidy

if TYPE_CHECKING:
    import pandas as pd

_NAME = re.compile(  # [exchange_]BASE-QUOTE[-SETTLED][_1h][_anything]
    r"(?:(?P<exchange>[a-z0-9]+)_)?(?P<base>[A-Za-z0-9]+)-(?P<quote>[A-Za-z0-9]+)(?:-(?P<settled>[A-Za-z0-9]+))?"
    r"(?:_(?P<timeframe>[1-9]\d*[mhdw]))?(?:_.*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Checked candles of one symbol. `frame` has the UTC open times as index and the five float columns."""

    symbol: str
    timeframe: Timeframe
    frame: "pd.DataFrame"
    gaps: tuple[Gap, ...]
    source: Path

    @property
    def missing(self) -> int:
        return sum(gap.missing for gap in self.gaps)


def read_candles(
    path: Path,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Recorded:
    """The candles of one symbol with start <= open time < end, from a file or from a folder of files.

    With a `timeframe`, they are of this timeframe or the longest one it can be built from. Raises Refused, in
    one sentence, for everything that is not a sound series of candles.
    """
    found = read_all(path, (symbol,) if symbol else (), timeframe, start, end)
    if len(found) > 1:
        raise Refused(f"{path} holds several symbols; choose one of {', '.join(r.symbol for r in found)}.")
    return found[0]


def read_all(
    path: Path,
    symbols: Sequence[str] = (),
    timeframe: Timeframe | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    exchange: str = "",
) -> tuple[Recorded, ...]:
    """As `read_candles`, for these symbols in this order; without symbols, for every one there is.

    With an `exchange`, only from files that are named after it.
    """
    parts = [part for part in _parts(path) if exchange in ("", part.exchange)]
    if not parts:
        raise Refused(f"{path} has no candles of {exchange}.")
    if len(parts) == 1 and len(symbols) == 1 and not parts[0].sure:
        parts = [replace(parts[0], symbol=symbols[0], sure=True)]
    known = sorted({part.symbol for part in parts})
    for symbol in symbols:
        if symbol not in known:
            raise Refused(f"{path} has no candles of {symbol}; it has {', '.join(known)}.")
    found = tuple(
        _recorded([p for p in parts if p.symbol == symbol], timeframe, start, end)
        for symbol in symbols or known
    )
    tidy()
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A file and what its name tells; `sure` when the name has the form we write ourselves."""

    path: Path
    symbol: str
    timeframe: Timeframe | None
    sure: bool
    exchange: str = ""


def series_name(path: Path) -> SeriesName | None:
    """What a file's name tells when it tells all: `binance_BTC-USDT_1h.parquet`."""
    part = _part(path)
    if not kind_of(path) or not part.exchange or part.timeframe is None:
        return None
    return SeriesName(part.exchange, part.symbol, part.timeframe)


def _parts(path: Path) -> list[_Part]:
    """The file, or the candle files of the folder; where some names have our form, only those."""
    if path.is_dir():
        parts = [_part(p) for p in sorted(path.iterdir()) if p.is_file() and kind_of(p)]
        named = [part for part in parts if part.timeframe]
        if not parts:
            raise Refused(f"{path} has no .parquet or .csv file in it.")
        return named or parts
    if not path.exists():
        raise Refused(f"There is no file or folder {path}.")
    if not kind_of(path):
        raise Refused(
            f"{path} is neither Parquet nor CSV; give a .parquet or .csv file, or a folder of them."
        )
    return [_part(path)]


def _part(path: Path) -> _Part:
    stem = path.name.partition(".")[0]
    match = _NAME.fullmatch(stem)
    if match is None:
        return _Part(path, stem, None, False)
    settled = f":{match['settled']}" if match["settled"] else ""
    symbol = f"{match['base']}/{match['quote']}{settled}".upper()
    timeframe = Timeframe.parse(match["timeframe"]) if match["timeframe"] else None
    return _Part(path, symbol, timeframe, True, match["exchange"] or "")


def _recorded(
    parts: list[_Part], wanted: Timeframe | None, start: datetime | None, end: datetime | None
) -> Recorded:
    """One symbol's files, put one after the other and checked."""
    chosen = _of_one_timeframe(parts, wanted)
    source = chosen[0].path if len(chosen) == 1 else chosen[0].path.parent
    times, columns, timeframe = _joined(chosen, source)
    if wanted and not timeframe.divides(wanted):
        raise Refused(f"{source} holds {timeframe} candles; {wanted} candles cannot be built from them.")
    first = int(np.searchsorted(times, start.timestamp())) if start else 0
    stop = int(np.searchsorted(times, end.timestamp())) if end else len(times)
    if first >= stop:
        have = f"{shown(times[0])} to {shown(times[-1] + timeframe.seconds)}"
        raise Refused(f"{source} has no candles in that time; it has those from {have}.")
    times, columns = times[first:stop], {name: column[first:stop] for name, column in columns.items()}
    return Recorded(
        symbol=chosen[0].symbol,
        timeframe=timeframe,
        frame=_frame(times, columns),
        gaps=gaps_of(times, timeframe),
        source=source,
    )


def _of_one_timeframe(parts: list[_Part], wanted: Timeframe | None) -> list[_Part]:
    """The files of the wanted timeframe, else of the longest it can be built from."""
    there = sorted({part.timeframe for part in parts if part.timeframe})
    fitting = [t for t in there if t.divides(wanted)] if wanted else there
    if wanted and there and not fitting:
        have = ", ".join(map(str, there))
        raise Refused(f"{parts[0].symbol} is there as {have}; {wanted} candles cannot be built from that.")
    if len(fitting) > 1 and not wanted:
        have = " and ".join(map(str, there))
        raise Refused(f"{parts[0].symbol} is there as {have}; say which timeframe.")
    return [part for part in parts if part.timeframe == fitting[-1]] if fitting else parts


def _joined(parts: list[_Part], source: Path) -> tuple[Seconds, dict[str, Floats], Timeframe]:
    """The rows of all files in the order of time, each file checked and none overlapping."""
    read = []
    for part in parts:
        times, columns = read_columns(part.path)
        read.append((times, columns, check(part.path, times, columns, part.timeframe)))
    read.sort(key=lambda found: int(found[0][0]))
    timeframes = {timeframe for _, _, timeframe in read}
    if len(timeframes) > 1:
        have = " and ".join(map(str, sorted(timeframes)))
        raise Refused(f"{source} mixes candles of {have}; put them into different folders.")
    for (earlier, _, _), (later, _, _) in pairwise(read):
        if later[0] <= earlier[-1]:
            raise Refused(
                f"Two files in {source} hold the {parts[0].symbol} candle of {shown(later[0])}; keep one."
            )
    if len(read) == 1:
        return read[0]
    names = read[0][1]
    joined = {name: np.concatenate([columns[name] for _, columns, _ in read]) for name in names}
    return np.concatenate([times for times, _, _ in read]), joined, timeframes.pop()


def _frame(times: Seconds, columns: dict[str, Floats]) -> "pd.DataFrame":
    import pandas as pd

    index = pd.DatetimeIndex(times.view("datetime64[s]"), tz="UTC")
    return pd.DataFrame(columns, index=index, copy=False)


def gaps_of(times: Seconds, timeframe: Timeframe) -> tuple[Gap, ...]:
    """Where candles are missing between the first and the last; `times` are in order."""
    steps = np.diff(times)
    before = np.flatnonzero(steps > timeframe.seconds)
    rows = zip(times[before].tolist(), times[before + 1].tolist(), strict=True)
    return tuple(
        Gap(
            datetime.fromtimestamp(last + timeframe.seconds, UTC),
            datetime.fromtimestamp(following, UTC),
            (following - last) // timeframe.seconds - 1,
        )
        for last, following in rows
    )
