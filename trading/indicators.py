"""Indicators over candles: plain names, one shape, NaN until warm; equal to TA-Lib where TA-Lib has them.

Averages and deviations over a window look at that window only: a wild price in the past leaves no trace once
it is out of the window, not even a rounding one. That is what lets a live desk, which keeps few candles, say
exactly what a backtest over years says.
"""

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from trading.windows import NOTHING, Floats, Ints, beginnings, extremes, moments, profiles, ratchet, ratchets

_CELLS = 500_000  # prices a volume profile looks at in one go, to keep memory small


def bar_seconds(candles: pd.DataFrame) -> int:
    """The length of a bar: the smallest step between two open times. One lone bar counts as a minute."""
    if len(candles) < 2:
        return 60
    return int(np.diff(_seconds(candles)).min())


# --- averages -----------------------------------------------------------------------------------------------


def sma(line: pd.Series, length: int) -> pd.Series:
    """Plain average of the last `length` values."""
    mean, _ = moments(_floats(line), length)
    return _series(mean, line)


def stdev(line: pd.Series, length: int) -> pd.Series:
    """Population standard deviation of the last `length` values."""
    _, squares = moments(_floats(line), length)
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
    return 100 * gain / moved.where(moved > NOTHING * line.abs())


def roc(line: pd.Series, length: int) -> pd.Series:
    """Change against `length` bars ago, in per cent."""
    return (line / line.shift(length) - 1) * 100


def cci(candles: pd.DataFrame, length: int) -> pd.Series:
    """Commodity channel index; NaN where the price did not move."""
    typical = _floats(_typical(candles))
    mean, _ = moments(typical, length)
    apart = np.zeros(len(typical))
    for lag in range(min(length, len(typical))):
        apart[lag:] += np.abs(typical[: len(typical) - lag] - mean[lag:])
    usual = apart / length
    moved = np.where(usual > NOTHING * np.abs(mean), usual, np.nan)
    return _series((typical - mean) / (0.015 * moved), candles["close"])


def stoch(candles: pd.DataFrame, length: int, smooth: int, signal: int) -> pd.DataFrame:
    """Slow stochastic, 0 ... 100: columns k and d (the average of k); NaN where the price did not move."""
    channel = donchian(candles, length)
    height = channel["upper"] - channel["lower"]
    place = 100 * (candles["close"] - channel["lower"])
    k = sma(place / height.where(height > NOTHING * channel["upper"]), smooth)
    return pd.DataFrame({"k": k, "d": sma(k, signal)})


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
    """Columns adx (strength of the trend, 0 ... 100), plus and minus (its two directions).

    All three are 0 where the price does not move.
    """
    up, down = candles["high"].diff(), -candles["low"].diff()
    rise = _wilder_sum(up.where((up > down) & (up > 0), 0.0), length)
    fall = _wilder_sum(down.where((down > up) & (down > 0), 0.0), length)
    reach = _wilder_sum(true_range(candles), length)
    still = reach <= NOTHING * candles["close"]
    plus, minus = (100 * (part / reach.mask(still)).mask(still, 0.0) for part in (rise, fall))
    both = plus + minus
    apart = (100 * (plus - minus).abs() / both.where(both != 0)).mask(both == 0, 0.0)
    return pd.DataFrame({"adx": wilder(apart, length), "plus": plus, "minus": minus})


def bbands(line: pd.Series, length: int, deviations: float) -> pd.DataFrame:
    """Columns lower, mid, upper, bandwidth (width as a share of mid) and percent (0 at lower, 1 at upper).

    `percent` is NaN where the bands have no width.
    """
    values = _floats(line)
    mid, squares = moments(values, length)
    half = deviations * np.sqrt(squares / length)
    open_ = np.where(half > NOTHING * np.abs(mid), half, np.nan)
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
    lower = extremes(_floats(candles["low"]), length, np.minimum)
    upper = extremes(_floats(candles["high"]), length, np.maximum)
    columns = {"lower": lower, "mid": (lower + upper) / 2, "upper": upper}
    return pd.DataFrame(columns, index=candles.index)


def supertrend(
    candles: pd.DataFrame, length: int, multiplier: float, *, memory: int | None = None
) -> pd.DataFrame:
    """Columns line (the trailing stop) and direction (1 above it, -1 below), NaN until the ATR exists.

    The stop only ever tightens while its direction lasts; a close beyond it turns the direction. It begins as
    a downtrend. That makes it depend on the first candle there is; with `memory` it depends on no more than
    2 x memory bars: time is cut into fixed periods of `memory` bars (see `period`), and each shows the stop
    that was begun with the period before it. The first period of the frame is then NaN.
    """
    middle = (candles["high"] + candles["low"]) / 2
    reach = multiplier * atr(candles, length)
    lower, upper, close = _floats(middle - reach), _floats(middle + reach), _floats(candles["close"])
    if memory is None:
        lines, directions = ratchet(lower, upper, close)
    else:
        lines, directions = ratchets(lower, upper, close, beginnings(period(candles, memory)))
    return pd.DataFrame({"line": lines, "direction": directions}, index=candles.index)


def regression(line: pd.Series, length: int) -> pd.Series:
    """Where the straight line through the last `length` values (least squares) ends."""
    return _one(_library().linreg(line, length=length), line)


def volume_profile(
    candles: pd.DataFrame, length: int, *, bins: int, share: float, every: int
) -> pd.DataFrame:
    """Columns poc (the price most was traded at), low and high (the edges of the value area).

    The area holds `share` of the volume of the last `length` bars; it is drawn anew with every period of
    `every` bars (see `period`) and stands until the next. NaN until the first is drawn.
    """
    numbers = period(candles, every)
    drawn = beginnings(numbers)
    drawn = drawn[(drawn > 0) & (drawn >= length - 1)]
    found = np.full((3, len(candles)), np.nan)
    typical, volume = _floats(_typical(candles)), _floats(candles["volume"])
    for some in np.array_split(drawn, len(drawn) * length // _CELLS + 1) if len(drawn) else ():
        back = some[:, None] + np.arange(1 - length, 1)
        found[:, some] = profiles(typical[back], volume[back], bins, share)
    newest = np.maximum.accumulate(np.isin(np.arange(len(candles)), drawn) * np.arange(len(candles)))
    return pd.DataFrame(found[:, newest].T, index=candles.index, columns=["poc", "low", "high"])


def period(candles: pd.DataFrame, bars: int) -> Ints:
    """The number of the stretch of `bars` bars each bar lies in, counted from 1970: the same in every window."""
    return _seconds(candles) // (bars * bar_seconds(candles))


def day(candles: pd.DataFrame, starts_at: int = 0) -> Ints:
    """The number of the day each bar lies in, counted from 1970; days begin at the hour `starts_at`, UTC."""
    return (_seconds(candles) - starts_at * 3600) // 86400


def day_age(candles: pd.DataFrame, starts_at: int = 0) -> Floats:
    """Hours from the beginning of its day (at the hour `starts_at`, UTC) to the close of each bar."""
    opened = (_seconds(candles) - starts_at * 3600) % 86400
    return np.asarray((opened + bar_seconds(candles)) / 3600)


def vwap(candles: pd.DataFrame, *, day_starts_at: int = 0) -> pd.Series:
    """Volume-weighted average of the typical price since the day began (`day_starts_at`: hour, UTC).

    NaN until something was traded that day.
    """
    today = day(candles, day_starts_at)
    paid = (_typical(candles) * candles["volume"]).groupby(today).cumsum()
    traded = candles["volume"].groupby(today).cumsum()
    return paid / traded.where(traded > 0)


# --- how ----------------------------------------------------------------------------------------------------


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


def _wilder_sum(line: pd.Series, length: int) -> pd.Series:
    """TA-Lib's running sum, as an average: begins with the `length` - 1 values after the first, known one later."""
    values = line.to_numpy(dtype=np.float64, copy=True)
    if len(values) <= length:
        return _series(np.full(len(values), np.nan), line)
    values[length - 1] = values[1:length].sum() / length
    values[: length - 1] = np.nan
    smooth = _series(values, line).ewm(alpha=1 / length, adjust=False).mean()
    smooth.iloc[length - 1] = np.nan
    return smooth


def _typical(candles: pd.DataFrame) -> pd.Series:
    price: pd.Series = (candles["high"] + candles["low"] + candles["close"]) / 3
    return price


@cache
def _library() -> Any:
    """The indicator library, imported when first needed: it is heavy, and it warns about pandas."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        import pandas_ta_classic

    return pandas_ta_classic


def _one(found: pd.Series | None, like: pd.Series) -> pd.Series:
    """The library's answer; where it has none (too few bars), NaN."""
    if found is None:
        return pd.Series(np.nan, index=like.index)
    return _series(_floats(found), like)


def _floats(line: pd.Series) -> Floats:
    return line.to_numpy(dtype=np.float64)


def _series(values: Floats, like: pd.Series) -> pd.Series:
    return pd.Series(values, index=like.index)


def _seconds(candles: pd.DataFrame) -> Ints:
    """Open times in whole seconds since 1970."""
    index = candles.index
    assert isinstance(index, pd.DatetimeIndex)
    return index.as_unit("s").asi8
