"""Stepping a desk over recorded candles and leaving out the quiet ones, where nothing can happen.

A candle is visited when a strategy says something new there, when a loss limit could be reached there, or while the
desk is not settled. Everything else only moves the marks, and those are moved in one go. The book is the same as when
every candle is visited; tests/parity holds it to that.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from operator import attrgetter

import numpy as np

from trading.build import Room
from trading.core.book import day_of
from trading.core.frames import Floats, Ints
from trading.core.signals import Board, Question
from trading.core.weighing import beginnings
from trading.domain.account import Position
from trading.domain.events import OrderFilled
from trading.domain.report import EquityPoint
from trading.domain.risk import HaltKind
from trading.lab.bounds import Bounds, reach
from trading.lab.levels import Levels
from trading.lab.ordinary import Ordinary
from trading.lab.plain import Moment
from trading.lab.track import NEARLY, Track

__all__ = ["Track", "step_through"]

Key = tuple[str, str]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def step_through(
    room: Room, track: Track, board: Board, questions: Iterable[Question], note: Callable[[float], None]
) -> None:
    """Bring the room from the first candle to the last."""
    stops = _stops(room, track, board, questions)
    walk = _Walk(room, track, board)
    ordinary = Ordinary(room, track, board, walk.levels)
    index, place, count, is_plain, is_touch, told = 0, 0, len(track), False, False, 1000
    while index < count:
        moments = ordinary.stride(stops, place) if is_plain else ()
        if moments:
            walk.strode(moments)
            index = moments[-1].place
        else:
            turned = is_plain and ordinary.turn(index)
            if is_touch:
                turned = ordinary.touched(index) and ordinary.quiet(index)
            if not turned:
                walk.visit(index)
            walk.visited(index, noted=is_touch or not turned or isinstance(turned, OrderFilled))
        place = len(stops) if walk.over else bisect_left(stops, index + 1, place)
        limit = stops[place] if place < len(stops) else count
        settled = room.desk.settled
        if not settled:
            limit = ordinary.waiting.until(index, limit)
        following, is_plain, is_touch = limit, False, False
        if limit > index + 1 or settled:
            touch = walk.levels.first(index, min(limit + 1, count))  # `limit` itself is looked at, too
            following = walk.first_danger(index, min(touch, limit))
            walk.leave_out(index, following)
            if settled:
                is_plain, is_touch = following == limit < touch, following == touch < count
            else:
                ordinary.waiting.passed(index, following)
        index = following
        if len(walk.places) >= told:
            told += 1000
            note(index / count)
    walk.catch_up(count - 1)
    walk.fill_in_equity()


def _stops(room: Room, track: Track, board: Board, questions: Iterable[Question]) -> list[int]:
    """The places that no look ahead goes past, in order."""
    marked = np.zeros(len(track) + 1, np.bool_)  # what is known after the last candle only has no place
    for places in (*_changes(track, board, questions), *_periods(room, track, board)):
        marked[places] = True
    return np.flatnonzero(marked[:-1]).tolist()


def _changes(track: Track, board: Board, questions: Iterable[Question]) -> Iterator[Ints]:
    """The places where any strategy says something else than before."""
    for question in questions:
        if question.strategy.measure:
            continue
        times, values = board.curve(question)
        changed = np.diff(values, prepend=0.0) != 0
        changed[int(np.searchsorted(times, track.times[0])) :][:1] = True  # where it is first heard
        yield track.index_of(times[changed])


def _periods(room: Room, track: Track, board: Board) -> Iterator[Ints]:
    """The places where a sleeve compares what it holds with its weights."""
    for sleeve in room.desk.sleeves.values():
        bar = sleeve.timeframe.seconds
        for question in filter(None, map(sleeve.weight_question, sleeve.symbols)):
            known, _ = board.curve(question)
            yield track.index_of(beginnings(question.params, bar, known - bar) + bar)


class _Walk:
    """Where we have been, and what the account was between the visits."""

    def __init__(self, room: Room, track: Track, board: Board) -> None:
        self.levels = Levels(room, board, track.timeframe.seconds, track.times, track.columns, track.rows)
        self._room, self._track, self._book = room, track, room.desk.book
        self._limits = room.desk.limits
        self._bounds = Bounds(room.desk)
        self._days = track.days
        self._turns_at = (np.flatnonzero(np.diff(track.days)) + 1).tolist()  # the first places of new days
        self._synced = -1  # up to where every market's price is in the book
        self._best = inf  # the highest equity of the candles about to be left out, where it is known
        self.places: list[int] = []
        self._noted: list[int] = []  # those of them whose equity is recorded
        self._owed: list[int] = []  # and those whose equity is still to be
        self._cash: list[float] = []
        self._held: dict[Key, list[tuple[int, float]]] = {}
        self._positions: dict[Key, Position] = {}  # as they were at the last visit

    @property
    def over(self) -> bool:
        """Whether everything was sold and stopped: whatever a strategy says from here on is not heard."""
        return self._room.desk.halts.killed and not self._book.positions

    def visit(self, index: int) -> None:
        """Take the long road through this candle, and through the open that follows it if something waits for one."""
        self.catch_up(index - 1)
        self._room.session.step(self._track.event(index))
        opening = self._track.opening(index, self._room.executor.waiting)
        if opening is not None:
            # what was just decided fills here; the candle itself may be quiet
            self._room.session.step(opening)

    def strode(self, moments: Sequence[Moment]) -> None:
        """Remember the account as it was after each of these moments."""
        for moment in moments:
            number = len(self.places)
            self.places.append(moment.place)
            self._cash.append(moment.cash)
            if moment.acts:
                self._owed.append(moment.place)
            for act in moment.acts:
                self._held.setdefault(act.lane.key, []).append((number, act.size))
        self._positions = self._book.positions.copy()

    def visited(self, index: int, *, noted: bool) -> None:
        """Remember the account as it is now; `noted` when its equity of this moment is recorded."""
        self.places.append(index)
        if noted:
            self._noted.append(index)
        self._cash.append(float(self._book.cash))
        number, before, now = len(self.places) - 1, self._positions, self._book.positions
        for key in before.keys() - now.keys():
            self._held[key].append((number, 0.0))
        for key, position in now.items():
            if before.get(key) is position:
                continue
            quantity, history = float(position.quantity), self._held.setdefault(key, [])
            if not history or history[-1][1] != quantity:
                history.append((number, quantity))
        self._positions = now.copy()

    def first_danger(self, index: int, limit: int) -> int:
        """The first place after `index`, and before `limit`, where a limit could act or a halt could end."""
        desk, self._best = self._room.desk, inf
        if self._bounds.turns or HaltKind.DAILY_LOSS in desk.halts:
            turn = bisect_right(self._turns_at, index)
            limit = min([limit, *self._turns_at[turn : turn + 1]])
        if not self._bounds.watched or desk.halts.killed or limit <= index + 1:
            return limit
        if self._is_far(index, limit):
            return limit
        # without a position only what the last sale cost can reach a limit, and the next candle tells
        worth = self._worth(index + 1, limit if self._book.positions else index + 2)
        top = np.maximum.accumulate(np.concatenate(([float(self._book.peak_equity)], worth)))[1:]
        danger = worth <= top * (1 - self._limits.drawdown) * NEARLY
        if HaltKind.DAILY_LOSS not in desk.halts:
            danger |= worth <= self._day_starts(index, worth) * (1 - self._limits.daily_loss) * NEARLY
        danger |= self._tells(worth, top)
        if HaltKind.WEEKLY_LOSS not in desk.halts:
            danger |= worth <= float(desk.risk.week_start_equity) * (1 - self._limits.weekly_loss) * NEARLY
        if HaltKind.MONTHLY_LOSS not in desk.halts:
            danger |= worth <= float(desk.risk.month_start_equity) * (1 - self._limits.monthly_loss) * NEARLY
        found = np.flatnonzero(danger)
        return index + 1 + int(found[0]) if len(found) else limit

    def _is_far(self, index: int, limit: int) -> bool:
        """Whether even the lowest and the highest of all these candles together reach nothing: a quick yes."""
        book = self._book
        held = [(symbol, float(position.quantity)) for (_, symbol), position in book.positions.items()]
        if any(size < 0 for _, size in held):
            return False
        low, high = reach(float(book.cash), held, self._track.closes, index + 1, limit)
        start = max(float(book.day_start_equity), float(book.equity), high)
        if high * NEARLY >= self._bounds.recovery():
            return False
        self._best = high
        return low > self._bounds.floor(max(float(book.peak_equity), high), start) * NEARLY * NEARLY

    def _tells(self, worth: Floats, top: Floats) -> Flags:
        """Where the ladder of warnings has something to tell: its next step is reached, or the fall is over."""
        steps, warned = self._limits.drawdown_warnings, self._room.desk.risk.warned
        next_step = min((step for step in steps if step > warned), default=2.0)
        found = worth <= top * (1 - next_step) * NEARLY
        if warned:
            found |= worth * NEARLY >= top * (1 - min(steps) / 2)
        return np.asarray(found)

    def leave_out(self, index: int, following: int) -> None:
        """Move the marks from `index` to just before `following`, as visiting each candle would have."""
        last = following - 1
        if last <= index:
            return
        same_day = self._days[last] == self._days[index]
        if self._bounds.watched and not (same_day and self._best * NEARLY < float(self._book.peak_equity)):
            self._move_tops(index, last)
        if self._room.desk.guards:
            self.levels.move(index, last)
        if not same_day:
            self._book.day = day_of(self._track.at(last))

    def catch_up(self, last: int) -> None:
        """Put every market's price of this place into the book, for whoever looks at all of them."""
        if last <= self._synced:
            return
        self._synced = last
        newest = self._track.last_closes(last)
        self._book.prices.update({symbol: Decimal(repr(close)) for symbol, (close, _) in newest.items()})
        self._room.desk.seen.update({symbol: at for symbol, (_, at) in newest.items()})

    def fill_in_equity(self) -> None:
        """The equity points of strides and of the candles that were left out, among those that were recorded."""
        open_points = self._track.times % self._room.recorder.every == 0
        open_points[self._owed] = True
        open_points[self._noted] = False
        rows = np.flatnonzero(open_points)
        state = np.searchsorted(np.array(self.places), rows, "right") - 1
        worth = np.array(self._cash)[state]
        for (_, symbol), history in sorted(self._held.items()):
            numbers, quantities = np.array([n for n, _ in history]), np.array([q for _, q in history])
            since = np.searchsorted(numbers, state, "right") - 1
            held = np.where(since >= 0, quantities[np.maximum(since, 0)], 0.0)
            worth = worth + held * self._track.closes[symbol][rows]
        points = [
            EquityPoint(datetime.fromtimestamp(t, UTC), e)
            for t, e in zip(self._track.times[rows].tolist(), worth.tolist(), strict=True)
        ]
        recorder = self._room.recorder
        recorder.equity = sorted([*recorder.equity, *points], key=attrgetter("at"))

    def _worth(self, first: int, stop: int) -> Floats:
        """Equity at each place, with what is held now."""
        worth = np.full(stop - first, float(self._book.cash))
        for (_, symbol), position in sorted(self._book.positions.items()):
            worth += float(position.quantity) * self._track.closes[symbol][first:stop]
        return worth

    def _day_starts(self, index: int, worth: Floats) -> Floats:
        """At each place after `index`, the equity its UTC day began with: that of the candle before the day."""
        days = self._days[index : index + 1 + len(worth)]
        before = np.concatenate(([float(self._book.equity)], worth[:-1]))
        begins = np.diff(days) != 0
        starts = np.where(begins, before, np.nan)
        last = np.maximum.accumulate(np.where(begins, np.arange(len(worth)), -1))
        return np.where(last >= 0, starts[np.maximum(last, 0)], float(self._book.day_start_equity))

    def _move_tops(self, index: int, last: int) -> None:
        """The highest equity and the start of the last day among the candles left out, to the last digit."""
        worth = self._worth(index + 1, last + 1)
        highest = float(worth.max())
        if highest * NEARLY >= float(self._book.peak_equity):
            near = np.flatnonzero(worth >= highest / NEARLY / NEARLY)
            best = max(self._exactly(index + 1 + int(place)) for place in near)
            self._book.peak_equity = max(self._book.peak_equity, best)
        begins = np.flatnonzero(np.diff(self._days[index : last + 1]) != 0)
        if len(begins):
            self._book.day_start_equity = self._exactly(index + int(begins[-1]))

    def _exactly(self, index: int) -> Decimal:
        """Equity at a place in Decimal, with what is held now."""
        total = self._book.cash
        for position in self._book.positions.values():
            total += position.quantity * Decimal(repr(float(self._track.closes[position.symbol][index])))
        return total
