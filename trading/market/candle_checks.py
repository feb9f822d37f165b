"""What makes a series of candles sound; the first row that breaks a rule is named with its numbers."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trading.domain.errors import Refused
from trading.domain.market import HIGHEST_PRICE, MOST_VOLUME, Timeframe
from trading.market.candle_files import PRICES, Floats, Seconds

Columns = dict[str, Floats]
Flags = npt.NDArray[np.bool_]

_MINUTE = 60
_RUN = 20  # so many equal steps in a row are another timeframe, not a series of gaps

_RULES: tuple[tuple[str, Callable[[Columns], Flags]], ...] = (
    ("a number is missing or infinite", lambda c: ~reduce(np.logical_and, (np.isfinite(c[n]) for n in c))),
    ("a price is not above zero", lambda c: reduce(np.minimum, (c[n] for n in PRICES)) <= 0),
    ("low is above high", lambda c: c["low"] > c["high"]),
    ("high is not the highest price", lambda c: reduce(np.maximum, (c[n] for n in PRICES)) > c["high"]),
    ("low is not the lowest price", lambda c: reduce(np.minimum, (c[n] for n in PRICES)) < c["low"]),
    ("no market has a price above 1e+15", lambda c: c["high"] > HIGHEST_PRICE),
    ("volume is below zero", lambda c: c["volume"] < 0),
    ("no market has a volume above 1e+24", lambda c: c["volume"] > MOST_VOLUME),
)


def check(path: Path, times: Seconds, columns: Columns, named: Timeframe | None) -> Timeframe:
    """The timeframe of these candles (`named`, or else the most frequent step); Refused if unsound."""
    if len(times) < 2:
        raise Refused(f"{path} has a single candle; at least two are needed.")
    _check_order(path, times)
    timeframe = named or _most_frequent_step(path, times)
    _check_grid(path, times, timeframe)
    _check_steps(path, times, timeframe)
    for broken, where in _RULES:
        wrong = where(columns)
        if wrong.any():
            row = int(wrong.argmax())
            values = ", ".join(f"{name} {column[row]:g}" for name, column in columns.items())
            raise Refused(f"{_place(path, times, row)}: {broken} ({values}).")
    return timeframe


def impossible(columns: Columns) -> Flags:
    """The rows that cannot have been traded."""
    return np.asarray(np.logical_or.reduce([where(columns) for _, where in _RULES]), dtype=np.bool_)


def misplaced(times: Seconds, timeframe: Timeframe) -> Flags:
    """The rows at whose time no candle of this timeframe opens."""
    return np.asarray((times - timeframe.floor_seconds(0)) % timeframe.seconds != 0)


def shown(seconds: float) -> str:
    """A time as it is written in sentences."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _check_order(path: Path, times: Seconds) -> None:
    wrong = np.diff(times) <= 0
    if not wrong.any():
        return
    row = int(wrong.argmax()) + 1
    if times[row] == times[row - 1]:
        raise Refused(f"{_place(path, times, row)}: this time is there twice; keep one candle of each.")
    raise Refused(f"{_place(path, times, row)}: it is older than the row before; sort the rows by time.")


def _most_frequent_step(path: Path, times: Seconds) -> Timeframe:
    steps, counts = np.unique(np.diff(times), return_counts=True)
    seconds = int(steps[counts.argmax()])
    if seconds % _MINUTE:
        raise Refused(f"{path} has a row every {seconds} s; candles are of whole minutes.")
    return Timeframe(seconds)


def _check_grid(path: Path, times: Seconds, timeframe: Timeframe) -> None:
    beside = misplaced(times, timeframe)
    if beside.any():
        raise Refused(
            f"{_place(path, times, int(beside.argmax()))}: a {timeframe} candle cannot open then; "
            "it looks as if another timeframe were mixed in."
        )


def _check_steps(path: Path, times: Seconds, timeframe: Timeframe) -> None:
    """A long run of equal steps that are not the timeframe is no gap."""
    steps = np.diff(times)
    same = np.diff(steps, prepend=steps[0]) == 0
    other = np.flatnonzero(~same | (steps == timeframe.seconds))  # where a run of another step cannot go on
    lengths = np.diff(np.concatenate(([-1], other, [len(steps)]))) - 1
    if lengths.max() < _RUN:
        return
    row = int(np.concatenate(([0], other))[lengths.argmax()])
    raise Refused(
        f"{_place(path, times, row + 1)}: from here on candles are {Timeframe(int(steps[row]))} apart, "
        f"not {timeframe}; give one timeframe at a time."
    )


def _place(path: Path, times: Seconds, row: int) -> str:
    return f"{path}, row {row + 1} ({shown(int(times[row]))})"
