"""The candles of the last weeks as rules read them: returns, volatility, turnover, who moves with whom.

Made anew with each candle, filled only as far as a rule asks: most candles bring no order, and then nothing is done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, sqrt

import numpy as np
import numpy.typing as npt

from trading.risk.tail import Tail, tail_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BARS = 720  # candles a rule looks back: thirty days of hours
FEWEST = 48  # below so many nothing is said about volatility, correlation and tails
RECENT = 24  # candles that are "lately"
DAY, YEAR = 86_400, 365 * 86_400


@dataclass(frozen=True, slots=True)
class History:
    """A symbol's newest candles, oldest first. `opened` in seconds since 1970."""

    opened: Ints
    close: Floats
    volume: Floats


@dataclass(slots=True)
class Market:
    """What was known at one moment. `look` gives a symbol's candles up to then, or None."""

    look: Callable[[str], History | None]
    seconds: int  # the length of a candle
    _returns: dict[str, tuple[Ints, Floats] | None] = field(default_factory=dict)
    _tables: dict[tuple[str, ...], Floats | None] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], float | None] = field(default_factory=dict)
    _linked: dict[tuple[str, tuple[str, ...], float], tuple[str, ...] | None] = field(default_factory=dict)
    _grids: list[Ints] = field(default_factory=list)
    _alone: dict[str, tuple[float, int] | None] = field(default_factory=dict)
    _recent: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def volatility(self, symbol: str) -> float | None:
        """Of the newest candles, as a yearly figure; None while it is not known."""
        return self._lately(symbol)[0]

    def hourly_turnover(self, symbol: str) -> float | None:
        """What was traded in an average hour lately, in the currency of the account."""
        return self._lately(symbol)[1]

    def correlation(self, one: str, other: str) -> float | None:
        """How closely two symbols moved together, -1 ... 1; None while it is not known."""
        if one == other:
            return 1.0
        pair = (one, other) if one < other else (other, one)
        if pair not in self._pairs:
            self._pairs[pair] = _likeness(self._table(pair))
        return self._pairs[pair]

    def linked(self, symbol: str, held: tuple[str, ...], level: float) -> tuple[str, ...] | None:
        """Which of the held move with this one, also by way of others held, as /correlation groups them.

        None where its own likeness to one of them is not known; of two others whose likeness is not known, each
        brings the other: what cannot be told apart is one risk.
        """
        key = (symbol, held, level)
        if key not in self._linked:
            self._linked[key] = self._chained(*key)
        return self._linked[key]

    def tail(self, values: Mapping[str, float]) -> Tail | None:
        """A bad day of holding these values, in money; None where a symbol's past is not known."""
        held = tuple(sorted(symbol for symbol, value in values.items() if value))
        if not held:
            return Tail(0.0, 0.0)
        table = self._table(held)
        if table is None:
            return None
        weights = np.array([values[symbol] for symbol in held])
        return tail_of(weights @ table, DAY / self.seconds)

    def at_most(self, values: Mapping[str, float]) -> float | None:
        """What neither figure of `tail` exceeds: the shortfalls of each symbol alone, added up.

        The mean of the worst so many candles, and of a normal distribution, never exceeds the sum over the parts,
        as long as all are of the same candles; None where they are not.
        """
        total, grids = 0.0, set()
        for symbol, value in values.items():
            if symbol not in self._alone:
                self._alone[symbol] = self._by_itself(symbol)
            alone = self._alone[symbol]
            if alone is None:
                return None
            total += value * alone[0]
            grids.add(alone[1])
        return total if len(grids) < 2 else None

    # --- inside ---

    def _chained(self, symbol: str, held: tuple[str, ...], level: float) -> tuple[str, ...] | None:
        if any(self.correlation(symbol, other) is None for other in held):
            return None
        found, apart = [symbol], set(held) - {symbol}
        for one in found:  # which grows as it goes
            near = {other for other in apart if self._moves_with(one, other, level)}
            found += sorted(near)
            apart -= near
        return tuple(other for other in held if other in found)

    def _moves_with(self, one: str, other: str, level: float) -> bool:
        likeness = self.correlation(one, other)
        return likeness is None or likeness >= level

    def _by_itself(self, symbol: str) -> tuple[float, int] | None:
        """The shortfall of one unit of money, and which of the known rows of candles it is of."""
        day, known = self.tail({symbol: 1.0}), self._of(symbol)
        if day is None or known is None:
            return None
        for number, grid in enumerate(self._grids):
            if np.array_equal(grid, known[0]):
                return day.shortfall, number
        self._grids.append(known[0])
        return day.shortfall, len(self._grids) - 1

    def _lately(self, symbol: str) -> tuple[float | None, float | None]:
        if symbol not in self._recent:
            self._recent[symbol] = self._worked_out(symbol)
        return self._recent[symbol]

    def _worked_out(self, symbol: str) -> tuple[float | None, float | None]:
        past, known = self.look(symbol), self._of(symbol)
        if past is None or known is None:
            return None, None
        moves = float(known[1][-RECENT:].std(ddof=1)) * sqrt(YEAR / self.seconds)
        traded = float((past.close[-RECENT:] * past.volume[-RECENT:]).mean()) * 3600 / self.seconds
        return (moves if isfinite(moves) else None), (traded if isfinite(traded) else None)

    def _of(self, symbol: str) -> tuple[Ints, Floats] | None:
        """A symbol's returns and when each began."""
        if symbol not in self._returns:
            past = self.look(symbol)
            if past is None or len(past.close) <= FEWEST:
                self._returns[symbol] = None
            else:
                with np.errstate(divide="ignore", invalid="ignore"):
                    moves = np.diff(past.close) / past.close[:-1]
                # What is not a number passes no rule.
                self._returns[symbol] = past.opened[1:], np.where(np.isfinite(moves), moves, np.nan)
        return self._returns[symbol]

    def _table(self, symbols: tuple[str, ...]) -> Floats | None:
        """Returns of several symbols side by side, of the candles that all of them have."""
        if symbols not in self._tables:
            self._tables[symbols] = _side_by_side([self._of(symbol) for symbol in symbols])
        return self._tables[symbols]


def _side_by_side(series: Sequence[tuple[Ints, Floats] | None]) -> Floats | None:
    known = [s for s in series if s is not None]
    if len(known) < len(series):
        return None
    times = known[0][0]
    if all(len(opened) == len(times) and (opened == times).all() for opened, _ in known):
        return np.stack([moves for _, moves in known])
    for opened, _ in known[1:]:
        times = np.intersect1d(times, opened, assume_unique=True)
    if len(times) < FEWEST:
        return None
    return np.stack([moves[np.searchsorted(opened, times)] for opened, moves in known])


def _likeness(table: Floats | None) -> float | None:
    """The correlation of two rows; None where one of them never moved."""
    if table is None:
        return None
    spread = table.std(axis=1)
    if not (spread > 0).all():
        return None
    centred = table - table.mean(axis=1, keepdims=True)
    return float((centred[0] * centred[1]).mean() / (spread[0] * spread[1]))
