"""The arithmetic under the indicators: windows that keep no trace of what left them, and ratchets."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOTHING = 1e-9  # moves smaller than this share of the price are rounding, not movement


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


def moments(values: Floats, length: int) -> tuple[Floats, Floats]:
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


def extremes(values: Floats, length: int, pick: Callable[[Floats, Floats], Floats]) -> Floats:
    """The greatest (`pick` is np.maximum) or least (np.minimum) of the last `length` values, NaN before."""
    cold = np.full(min(length - 1, len(values)), np.nan)
    if len(values) < length:
        return cold
    size = 1
    while 2 * size <= length:
        values, size = pick(values[:-size], values[size:]), 2 * size
    rest = length - size  # windows may overlap: an extreme may be counted twice
    return np.concatenate((cold, pick(values[:-rest], values[rest:]) if rest else values))


def ratchet(lower: Floats, upper: Floats, close: Floats) -> tuple[Floats, Floats]:
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


def ratchets(lower: Floats, upper: Floats, close: Floats, begin: Ints) -> tuple[Floats, Floats]:
    """As `ratchet`, begun anew with every period and shown in the one after it; all periods side by side."""
    lines, directions = np.full(len(close), np.nan), np.full(len(close), np.nan)
    first, shown, end = begin[:-1], begin[1:], np.append(begin[2:], len(close))
    floor, ceiling = np.full(len(first), -np.inf), np.full(len(first), np.inf)
    way, before = np.full(len(first), -1.0), np.full(len(first), np.nan)
    for step in range(int((end - first).max(initial=0))):
        at = np.minimum(first + step, len(close) - 1)
        low, high, price = lower[at], upper[at], close[at]
        alive = (first + step < end) & (low == low)  # NaN: no range yet
        floor = np.where(alive, np.where(before >= floor, np.maximum(floor, low), low), floor)
        ceiling = np.where(alive, np.where(before <= ceiling, np.minimum(ceiling, high), high), ceiling)
        turned = np.where(way < 0, price > ceiling, price < floor)
        way = np.where(alive & turned, -way, way)
        before = np.where(alive, price, before)
        show = alive & (at >= shown)
        lines[at[show]] = np.where(way > 0, floor, ceiling)[show]
        directions[at[show]] = way[show]
    return lines, directions


def beginnings(numbers: Ints) -> Ints:
    """Where each new number begins, the first bar included."""
    return np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))


def profiles(prices: Floats, volumes: Floats, bins: int, share: float) -> tuple[Floats, Floats, Floats]:
    """For each row of prices and their volumes: the price most was traded at, and the edges of the value area.

    A row's range is cut into `bins`; the area grows from the fullest one to whichever neighbour holds more
    until it holds `share` of the volume. NaN where nothing was traded or the price did not move.
    """
    rows = np.arange(len(prices))
    low, high = prices.min(axis=1), prices.max(axis=1)
    width = np.where(high - low > NOTHING * high, (high - low) / bins, np.nan)
    with np.errstate(invalid="ignore"):  # a row without width is NaN in the end
        slots = np.clip(((prices - low[:, None]) / width[:, None]).astype(np.int64), 0, bins - 1)
    cells = (slots + rows[:, None] * bins).ravel()
    traded = np.bincount(cells, weights=volumes.ravel(), minlength=len(rows) * bins).reshape(-1, bins)
    walled = np.pad(traded, ((0, 0), (1, 1)), constant_values=-1.0)  # beyond the outermost bins
    peak = traded.argmax(axis=1)
    bottom, top, held = peak.copy(), peak.copy(), traded[rows, peak]
    whole = traded.sum(axis=1)
    for _ in range(bins - 1):
        below, above = walled[rows, bottom], walled[rows, top + 2]
        wanting = (held < share * whole) & (np.maximum(below, above) >= 0)
        up, down = wanting & (above >= below), wanting & (above < below)
        held = held + np.where(up, above, 0.0) + np.where(down, below, 0.0)
        top, bottom = top + up, bottom - down
    step = np.where(whole > 0, width, np.nan)
    return low + (peak + 0.5) * step, low + bottom * step, low + (top + 1) * step
