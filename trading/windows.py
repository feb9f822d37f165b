"""The arithmetic under the indicators: windows that keep no trace of what left them, and ratchets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
