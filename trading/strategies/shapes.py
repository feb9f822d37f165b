"""Building blocks of exposures with a memory that ends: what lies further back than stated has no say."""

import numpy as np
import numpy.typing as npt
import pandas as pd

SETTLED = 16  # spans after which an exponential average has forgotten its start: exp(-32) is 1e-14
NOTHING = 1e-9  # leads smaller than this share of the price are rounding, not opinion


def settled(span: int) -> int:
    """Bars after which an exponential average of `span` no longer depends on where it began."""
    return SETTLED * span


def latch(enter: pd.Series, leave: pd.Series, hold: int) -> pd.Series:
    """1 while the last event of the last `hold` bars is an entry, else 0; a bar with both events is an exit.

    The value at a bar depends on the events of that bar and the `hold` - 1 before it, and on nothing else.
    """
    bars = np.arange(len(enter))
    entered = np.maximum.accumulate(np.where(enter.to_numpy(), bars, -1))
    left = np.maximum.accumulate(np.where(leave.to_numpy(), bars, -1))
    inside = (entered > left) & (bars - entered < hold)
    return pd.Series(inside.astype(np.float64), index=enter.index)


def recent(event: pd.Series, bars: int) -> pd.Series:
    """True where the event happened on this bar or one of the `bars` - 1 before it."""
    return latch(event, pd.Series(False, index=event.index), bars) > 0


def kept(line: pd.Series, numbers: npt.NDArray[np.int64]) -> pd.Series:
    """Each period's first value, on all its bars; NaN in the period the frame begins in, as it may be cut.

    `numbers` says which period every bar lies in (`indicators.period` or `indicators.day`).
    """
    fresh = np.diff(numbers, prepend=numbers[:1]) != 0
    newest = np.maximum.accumulate(np.where(fresh, np.arange(len(numbers)), -1))
    values = line.to_numpy(dtype=np.float64)
    return pd.Series(np.where(newest >= 0, values[newest], np.nan), index=line.index)


def crossed_above(line: pd.Series, level: pd.Series | float) -> pd.Series:
    """True on the bar where the line is above the level and was not, the bar before; false beside a NaN."""
    above = line > level
    known = line.notna() & (level.notna() if isinstance(level, pd.Series) else True)
    return above & ~above.shift(1, fill_value=False) & known.shift(1, fill_value=False)


def crossed_below(line: pd.Series, level: pd.Series | float) -> pd.Series:
    """True on the bar where the line is below the level and was not, the bar before; false beside a NaN."""
    return crossed_above(-line, -level)
