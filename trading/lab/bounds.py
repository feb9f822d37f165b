"""Between which bounds an account's equity may move without any limit on losses having something to do or to tell."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import NamedTuple

import numpy as np

from trading.core.desk import Desk
from trading.core.frames import Floats
from trading.domain.risk import HaltKind
from trading.lab.track import NEARLY


class Bounds:
    """One account's, as its marks and halts are at the moment."""

    def __init__(self, desk: Desk) -> None:
        self._book, self._risk, self._halts, self._limits = desk.book, desk.risk, desk.halts, desk.limits
        limits = self._limits
        self.turns = min(limits.weekly_loss, limits.monthly_loss) < 1  # new weeks and months mean something
        losses = min(limits.daily_loss, limits.drawdown) < 1
        self.watched = losses or self.turns or bool(limits.drawdown_warnings)

    def floor(self, top: float, day_start: float) -> float:
        """At or below it a limit is reached, or a step of the ladder: below this top, and this start of the day."""
        limits, risk = self._limits, self._risk
        floor = top * (1 - limits.drawdown)
        if limits.daily_loss < 1 and HaltKind.DAILY_LOSS not in self._halts:
            floor = max(floor, day_start * (1 - limits.daily_loss))
        if self.turns:
            floor = max(floor, float(risk.week_start_equity) * (1 - limits.weekly_loss))
            floor = max(floor, float(risk.month_start_equity) * (1 - limits.monthly_loss))
        if limits.drawdown_warnings:
            following = min((step for step in limits.drawdown_warnings if step > risk.warned), default=2.0)
            floor = max(floor, top * (1 - following))
        return floor

    def recovery(self) -> float:
        """At or above it a fall that was warned of is over; infinity where there was none."""
        if not self._risk.warned:
            return inf
        return float(self._book.peak_equity) * (1 - min(self._limits.drawdown_warnings) / 2)

    def near(self, worth: float) -> bool:
        """Whether this equity could reach a limit of the account, or tell a step of the ladder."""
        if not self.watched:
            return worth <= 0
        floor = self.floor(float(self._book.peak_equity), float(self._book.day_start_equity))
        return worth <= floor * NEARLY or worth * NEARLY >= self.recovery()

    def of_day(self, until: int, closes: Mapping[str, Floats]) -> "Span":
        """For the rest of a day, which ends at this place."""
        peak = float(self._book.peak_equity)
        floor = self.floor(peak, float(self._book.day_start_equity))
        return Span(floor * NEARLY * NEARLY, min(peak, self.recovery()) / NEARLY, until, closes)


class Span(NamedTuple):
    """Bounds that hold for as long as equity stays between them."""

    floor: float
    top: float
    until: int  # the last place they hold for
    closes: Mapping[str, Floats]

    def holds(self, cash: float, held: Iterable[tuple[str, float]], first: int, last: int) -> bool:
        """Whether what is held stays between them at all of these closes."""
        if last > self.until:
            return False
        low, high = reach(cash, held, self.closes, first, last + 1)
        return low > self.floor and high < self.top


def reach(
    cash: float, held: Iterable[tuple[str, float]], closes: Mapping[str, Floats], first: int, stop: int
) -> tuple[float, float]:
    """The least and the most that cash and what is held (never below zero) can be worth at these places."""
    low = high = cash
    for symbol, size in held:
        seen = closes[symbol][first:stop]
        low += size * float(np.minimum.reduce(seen))
        high += size * float(np.maximum.reduce(seen))
    return low, high
