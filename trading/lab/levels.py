"""Looking ahead along recorded candles for the first that could touch a protective level.

The same arithmetic as core/protect.py, over thousands of candles at once; tests/parity holds the two together.
"""

import math

import numpy as np

from trading.build import Room
from trading.core.frames import Columns, Floats, Ints
from trading.core.protect import EXACT, GRID, Guard, snap, stop_level, target
from trading.core.signals import Board
from trading.core.sleeve import Sleeve
from trading.domain.protection import Protection

FIRST, MOST = 64, 8192  # candles looked at in one go: few at first, because most positions are short

Key = tuple[str, str]


def snapped(prices: Floats) -> Floats:
    """As protect.snap, for many."""
    steps = prices * GRID
    return np.asarray(np.where(steps >= EXACT, prices, np.rint(steps) / GRID))


class Path:
    """The candles of one symbol as a sleeve's levels see them."""

    def __init__(self, columns: Columns, seconds: int, known: Ints, swings: Floats) -> None:
        self.opened, self.closed = columns.opened, columns.opened + seconds
        self.high = columns.high
        self.lowest = np.minimum(columns.open, columns.low)
        self.highest = np.maximum(columns.open, columns.high)
        newest = np.searchsorted(known, self.closed, "right") - 1
        found = swings[np.maximum(newest, 0)] if len(swings) else np.zeros(len(newest))
        self.swing = np.where(newest >= 0, found, math.nan)

    def first_touch(self, p: Protection, guard: Guard, bar: int, first: int, stop: int) -> int:
        """The first row in `first` ... `stop` that meets a level; `stop` when none does."""
        best, trail, size = guard.best, guard.trail, FIRST
        fixed, goal = stop_level(p, guard), target(p, guard)[0]
        free = int(np.searchsorted(self.opened, guard.since + p.min_hold * bar))
        while first < stop:
            until = min(first + size, stop)
            bests, trails = self._moved(p, best, trail, first, until)
            floor = np.maximum(self._trailing(p, guard, bests[:-1], trails[:-1]), fixed)
            floor[: max(free - first, 0)] = fixed
            hit = self.lowest[first:until] <= floor
            above = self.highest[first:until] >= goal
            above[: max(free - first, 0)] = False
            rows = np.flatnonzero(hit | above)
            if len(rows):
                return first + int(rows[0])
            best, trail = float(bests[-1]), float(trails[-1])
            first, size = until, min(size * 4, MOST)
        return stop

    def move(self, p: Protection, guard: Guard, first: int, stop: int) -> None:
        """Move the levels over rows that were survived."""
        if stop > first:
            bests, trails = self._moved(p, guard.best, guard.trail, first, stop)
            guard.best, guard.trail = float(bests[-1]), float(trails[-1])

    def _moved(
        self, p: Protection, best: float, trail: float, first: int, stop: int
    ) -> tuple[Floats, Floats]:
        """The highest price and the level of the ATR's trailing stop, before the first row and after each."""
        bests = np.maximum.accumulate(np.concatenate(([best], self.high[first:stop])))
        if not p.atr_trail:
            return bests, np.full(len(bests), trail)
        levels = snapped(bests[1:] - p.atr_trail * self.swing[first:stop])
        levels = np.where(np.isnan(levels), trail, levels)
        return bests, np.maximum.accumulate(np.concatenate(([trail], levels)))

    @staticmethod
    def _trailing(p: Protection, guard: Guard, bests: Floats, trails: Floats) -> Floats:
        if not p.trail:
            return trails
        follows = bests >= snap(guard.entry * (1.0 + p.trail_from))
        return np.where(follows, np.maximum(trails, snapped(bests * (1.0 - p.trail))), trails)


class Levels:
    """Every protected position of a room, along its candles. `row` says which candle a symbol is at, at each place."""

    def __init__(
        self,
        room: Room,
        board: Board,
        seconds: int,
        times: Ints,
        columns: dict[str, Columns],
        row: dict[str, Ints],
    ) -> None:
        self._desk, self._board, self._seconds = room.desk, board, seconds
        self._times, self._columns, self._row = times, columns, row
        self._paths: dict[Key, Path] = {}

    def first(self, index: int, limit: int) -> int:
        """The first place after `index`, and before `limit`, where a level is met or a waiting wish may act."""
        now = int(self._times[index])
        for line in self._desk.lines.values():
            if line.due is not None:
                limit = self._at(line.due, now, index, limit)
        for key, guard in self._desk.guards.items():
            sleeve = self._desk.sleeves[key[0]]
            p, bar = sleeve.protection, sleeve.timeframe.seconds
            if p.time_stop:
                limit = self._at(guard.since + p.time_stop * bar, now, index, limit)
            if limit <= index + 1:
                return limit
            path, row = self._path(key, sleeve), self._row[key[1]]
            first, stop = int(row[index]) + 1, int(row[limit - 1]) + 1
            touch = path.first_touch(p, guard, bar, first, stop)
            if touch < stop:
                limit = int(np.searchsorted(self._times, path.closed[touch]))
        return limit

    def move(self, index: int, last: int) -> None:
        """Move every level as the candles after `index` and up to `last` have moved it."""
        for key, guard in self._desk.guards.items():
            row, sleeve = self._row[key[1]], self._desk.sleeves[key[0]]
            path = self._path(key, sleeve)
            path.move(sleeve.protection, guard, int(row[index]) + 1, int(row[last]) + 1)

    def _at(self, moment: int, now: int, index: int, limit: int) -> int:
        """The place of this moment; the next one when it is past, because something still waits for it."""
        place = index + 1 if moment <= now else int(np.searchsorted(self._times, moment))
        return min(limit, place)

    def _path(self, key: Key, sleeve: Sleeve) -> Path:
        found = self._paths.get(key)
        if found is None:
            question = sleeve.swing_question(key[1])
            known, swings = self._board.curve(question) if question else (np.empty(0, np.int64), np.empty(0))
            columns, seconds = self._columns[key[1]], self._seconds
            found = self._paths[key] = Path(columns, seconds, known, swings)
        return found
