"""Indicators over candles: one column in, one column out, NaN until they are warm."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Column = pd.Series
Floats = npt.NDArray[np.float64]


def bar_seconds(candles: pd.DataFrame) -> int:
    """The length of a bar: the smallest step between two open times. One lone bar counts as a minute."""
    if len(candles) < 2:
        return 60
    return int(np.diff(candles.index.as_unit("s").asi8).min())  # type: ignore[attr-defined]


def ema(line: pd.Series, span: int) -> pd.Series:
    """Exponential average that starts from the plain average of the first `span` values."""
    values = line.to_numpy(dtype=np.float64, copy=True)
    if len(values) < span:
        return pd.Series(np.full(len(values), np.nan), index=line.index)
    values[span - 1] = values[:span].mean()
    values[: span - 1] = np.nan
    return pd.Series(values, index=line.index).ewm(span=span, adjust=False).mean()
