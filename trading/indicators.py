"""Indicators over candles: plain names, one shape, NaN until warm; equal to TA-Lib where TA-Lib has them.

Averages and deviations over a window look at that window only: a wild price in the past leaves no trace once
it is out of the window, not even a rounding one. That is what lets a live desk, which keeps few candles, say
exactly what a backtest over years says.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

_NOTHING = 1e-9  # moves smaller than this share of the price are rounding, not movement


def bar_seconds(candles: pd.DataFrame) -> int:
    """The length of a bar: the smallest step between two open times. One lone bar counts as a minute."""
    if len(candles) < 2:
        return 60
    return int(np.diff(_seconds(candles)).min())


# --- averages -----------------------------------------------------------------------------------------------


def sma(line: pd.Series, length: int) -> pd.Series:
    """Plain average of the last `length` values."""
    mean, _ = _moments(_floats(line), length)
    return _series(mean, line)


def stdev(line: pd.Series, length: int) -> pd.Series:
    """Population standard deviation of the last `length` values."""
    _, squares = _moments(_floats(line), length)
    return _series(np.sqrt(squares / length), line)


def ema(line: pd.Series, span: int) -> pd.Series:
    """Exponential average that begins as the plain average of the first `span` values."""
    return _smoothed(line, span, 2 / (span + 1))


def wilder(line: pd.Series, length: int) -> pd.Series:
    """Wilder's slower exponential average; it weighs like an `ema` of 2 x length - 1."""
    return _smoothed(line, length, 1 / length)


def macd(line: pd.Series, fast: int, slow: int, signal: int) -> pd.DataFrame:
    """Columns line (fast minus slow average), signal (its own average) and histogram (line minus signal)."""
    lead = ema(line, fast) - ema(line, slow)
    mean = ema(lead, signal)
    return pd.DataFrame({"line": lead, "signal": mean, "histogram": lead - mean})


# --- oscillators --------------------------------------------------------------------------------------------


def rsi(line: pd.Series, length: int) -> pd.Series:
    """Relative strength, 0 ... 100; NaN where the price did not move at all."""
    change = line.diff()
    gain, loss = wilder(change.clip(lower=0), length), wilder(-change.clip(upper=0), length)
    moved = gain + loss
    return 100 * gain / moved.where(moved > _NOTHING * line.abs())


def roc(line: pd.Series, length: int) -> pd.Series:
    """Change against `length` bars ago, in per cent."""
    return (line / line.shift(length) - 1) * 100


def cci(candles: pd.DataFrame, length: int) -> pd.Series:
    """Commodity channel index; NaN where the price did not move."""
    return _one(_library().cci(candles["high"], candles["low"], candles["close"], length=length), candles)


def stoch(candles: pd.DataFrame, length: int, smooth: int, signal: int) -> pd.DataFrame:
    """Slow stochastic, 0 ... 100: columns k and d (the average of k)."""
    found = _library().stoch(
        candles["high"], candles["low"], candles["close"], k=length, d=signal, smooth_k=smooth
    )
    return _many(found, candles, ("k", "d"))


def obv(candles: pd.DataFrame) -> pd.Series:
    """On-balance volume: the sum of volumes, each signed by its bar's move, from the first bar on."""
    moves = np.sign(_floats(candles["close"].diff().fillna(1.0)))
    signed: pd.Series = candles["volume"] * moves
    return signed.cumsum()


# --- range and trend ----------------------------------------------------------------------------------------


def true_range(candles: pd.DataFrame) -> pd.Series:
    """The bar's range, stretched to the close before; NaN on the first bar."""
    before = candles["close"].shift(1)
    top, bottom = np.maximum(candles["high"], before), np.minimum(candles["low"], before)
    return _series(np.asarray(top - bottom), before)


def atr(candles: pd.DataFrame, length: int) -> pd.Series:
    """Wilder's average of the true range."""
    return wilder(true_range(candles), length)


def adx(candles: pd.DataFrame, length: int) -> pd.DataFrame:
    """Columns adx (strength of the trend, 0 ... 100), plus and minus (its two directions)."""
    found = _library().adx(candles["high"], candles["low"], candles["close"], length=length)
    return _many(found, candles, ("adx", "plus", "minus"))


def bbands(line: pd.Series, length: int, deviations: float) -> pd.DataFrame:
    """Columns lower, mid, upper, bandwidth (width as a share of mid) and percent (0 at lower, 1 at upper).

    `percent` is NaN where the bands have no width.
    """
    values = _floats(line)
    mid, squares = _moments(values, length)
    half = deviations * np.sqrt(squares / length)
    open_ = np.where(half > _NOTHING * np.abs(mid), half, np.nan)
    columns = {
        "lower": mid - half,
        "mid": mid,
        "upper": mid + half,
        "bandwidth": 2 * half / mid,
        "percent": (values - mid) / (2 * open_) + 0.5,
    }
    return pd.DataFrame(columns, index=line.index)


def donchian(candles: pd.DataFrame, length: int) -> pd.DataFrame:
    """Columns lower, mid and upper: the extremes of the last `length` bars, the current one included."""
    lower = candles["low"].rolling(length).min()
    upper = candles["high"].rolling(length).max()
    return pd.DataFrame({"lower": lower, "mid": (lower + upper) / 2, "upper": upper})


def supertrend(candles: pd.DataFrame, length: int, multiplier: float) -> pd.DataFrame:
    """Columns line (the trailing stop) and direction (1 above it, -1 below), NaN until the ATR exists.

    The stop only ever tightens while its direction lasts; a close beyond it turns the direction. It begins as
    a downtrend.
    """
    middle = (candles["high"] + candles["low"]) / 2
    reach = multiplier * atr(candles, length)
    lines, directions = _ratchet(_floats(middle - reach), _floats(middle + reach), _floats(candles["close"]))
    return pd.DataFrame({"line": lines, "direction": directions}, index=candles.index)


def vwap(candles: pd.DataFrame, *, day_starts_at: int = 0) -> pd.Series:
    """Volume-weighted average of the typical price since the day began (`day_starts_at`: hour, UTC).

    NaN until something was traded that day.
    """
    day = (_seconds(candles) - day_starts_at * 3600) // 86400
    typical = (candles["high"] + candles["low"] + candles["close"]) / 3
    paid = (typical * candles["volume"]).groupby(day).cumsum()
    traded = candles["volume"].groupby(day).cumsum()
    return paid / traded.where(traded > 0)


# --- how ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Windows:
    """Mean and sum of squared deviations of every whole window of `size` values, oldest first."""

    size: int
    mean: Floats
    squares: Floats

    def joined(self, newer: "_Windows") -> "_Windows":
        """Each window together with the `newer` one that begins where it ends (Chan's formula)."""
        size = self.size + newer.size
        count = len(self.mean) - newer.size
        mean, apart = self.mean[:count], newer.mean[self.size :] - self.mean[:count]
        squares = self.squares[:count] + newer.squares[self.size :]
        return _Windows(
            size,
            mean + apart * (newer.size / size),
            squares + apart * apart * (self.size * newer.size / size),
        )


def _moments(values: Floats, length: int) -> tuple[Floats, Floats]:
    """Mean and sum of squared deviations of the last `length` values, joined from windows of 1, 2, 4 …"""
    if len(values) < length:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    block = _Windows(1, values, np.zeros(len(values)))
    whole = block if length & 1 else None
    while 2 * block.size <= length:
        block = block.joined(block)
        if length & block.size:
            whole = block if whole is None else block.joined(whole)
    assert whole is not None  # every length has a highest bit
    cold = np.full(length - 1, np.nan)
    return np.concatenate((cold, whole.mean)), np.concatenate((cold, whole.squares))


def _smoothed(line: pd.Series, length: int, weight: float) -> pd.Series:
    """Exponential average that begins as the plain average of the first `length` known values."""
    values = line.to_numpy(dtype=np.float64, copy=True)
    first = int(np.isnan(values).argmin()) if len(values) else 0  # NaN before it is another warm-up
    begin = first + length
    if begin > len(values) or np.isnan(values[first]):
        return _series(np.full(len(values), np.nan), line)
    values[begin - 1] = values[begin - length : begin].mean()
    values[: begin - 1] = np.nan
    return _series(values, line).ewm(alpha=weight, adjust=False).mean()


def _ratchet(lower: Floats, upper: Floats, close: Floats) -> tuple[Floats, Floats]:
    """Bands that only tighten until a close beyond them: line and direction at every bar."""
    lines, directions = np.full(len(close), np.nan), np.full(len(close), np.nan)
    floor, ceiling, direction, before = -np.inf, np.inf, -1.0, np.nan
    rows = zip(lower.tolist(), upper.tolist(), close.tolist(), strict=True)
    for at, (low, high, price) in enumerate(rows):
        if low != low:  # NaN: no range yet
            continue
        floor = max(floor, low) if before >= floor else low
        ceiling = min(ceiling, high) if before <= ceiling else high
        if direction < 0 and price > ceiling:
            direction = 1.0
        elif direction > 0 and price < floor:
            direction = -1.0
        lines[at], directions[at], before = floor if direction > 0 else ceiling, direction, price
    return lines, directions


@cache
def _library() -> Any:
    """The indicator library, imported when first needed: it is heavy, and it warns about pandas."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        import pandas_ta_classic

    return pandas_ta_classic


def _one(found: pd.Series | None, candles: pd.DataFrame) -> pd.Series:
    """The library's answer; where it has none (too few bars), NaN."""
    if found is None:
        return pd.Series(np.nan, index=candles.index)
    return _series(_floats(found), candles["close"])


def _many(found: pd.DataFrame | None, candles: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The library's columns, in its order, under our names; where it has no answer, NaN."""
    if found is None:
        return pd.DataFrame(np.nan, index=candles.index, columns=list(names))
    columns = {name: found.iloc[:, at] for at, name in enumerate(names)}
    return pd.DataFrame(columns).reindex(candles.index)


def _floats(line: pd.Series) -> Floats:
    return line.to_numpy(dtype=np.float64)


def _series(values: Floats, like: pd.Series) -> pd.Series:
    return pd.Series(values, index=like.index)


def _seconds(candles: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Open times in whole seconds since 1970."""
    index = candles.index
    assert isinstance(index, pd.DatetimeIndex)
    return index.as_unit("s").asi8
