"""What every strategy says about every candle: computed once, however many accounts listen."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trading.core.frames import Columns, Floats, Ints, Series
from trading.domain.errors import Broken
from trading.domain.market import Timeframe
from trading.strategies import Strategy, evaluate

SLACK = 200  # candles kept beyond the longest warm-up, so that trimming is rare


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the board: one strategy with its parameters, about one symbol in one timeframe."""

    strategy: Strategy
    params: Any
    symbol: str
    timeframe: Timeframe

    @property
    def warmup(self) -> int:
        return self.strategy.warmup(self.params, self.timeframe.seconds)


class _Answers:
    """Exposures of one question, by the time at which they were known."""

    __slots__ = ("by_time", "done")

    def __init__(self) -> None:
        self.done = 0  # candles answered so far, counted from the very first one
        self.by_time: dict[int, float] = {}


class Board:
    """Candle windows of one market and the strategies' answers, shared by all accounts.

    Candles may be taken one by one (live) or by the thousand (replay, backtest): an answer for a moment never
    depends on candles after it, so the answers are the same.
    """

    def __init__(self, base: Timeframe, *, keep_all: bool = False) -> None:
        self._base, self._keep_all = base, keep_all
        self._series: dict[tuple[str, Timeframe], Series] = {}
        self._answers: dict[Question, _Answers] = {}

    def ask(self, question: Question) -> None:
        """Announce a question, so that its candles are kept. Asking twice is asking once."""
        if not self._base.divides(question.timeframe):
            raise Broken(f"{question.timeframe} candles cannot be built from {self._base} candles.")
        self._answers.setdefault(question, _Answers())
        key = (question.symbol, question.timeframe)
        self._series.setdefault(key, Series(self._base, question.timeframe))

    def extend(self, symbol: str, candles: Columns) -> None:
        """Take base candles of a symbol, oldest first, all newer than those before."""
        if not len(candles):
            return
        for (name, _), series in self._series.items():
            if name == symbol:
                series.extend(candles)

    def seed(self, symbol: str, timeframe: Timeframe, whole: Columns, begun: Columns) -> None:
        """Start a symbol's window over: candles of `timeframe`, and base candles of the one that is forming."""
        self._series[symbol, timeframe].seed(whole, begun)
        for question, answers in self._answers.items():
            if question.symbol == symbol and question.timeframe == timeframe:
                answers.done = 0

    def needs(self) -> dict[tuple[str, Timeframe], int]:
        """How many candles every window must hold before its strategies can speak."""
        needs = dict.fromkeys(self._series, 0)
        for question in self._answers:
            key = (question.symbol, question.timeframe)
            needs[key] = max(needs[key], question.warmup)
        return needs

    def forget(self) -> None:
        """Drop candles and answers nobody can ask for any more; called now and then by the live session."""
        if self._keep_all:
            return
        for (symbol, timeframe), series in self._series.items():
            warmups = [q.warmup for q in self._answers if q.symbol == symbol and q.timeframe == timeframe]
            keep = max(warmups, default=0) + SLACK
            if len(series.columns) > 2 * keep and self._all_done(symbol, timeframe, series):
                series.trim(keep)
        for answers in self._answers.values():
            for time in list(answers.by_time)[:-SLACK]:
                del answers.by_time[time]

    def exposure(self, question: Question, at: int) -> float | None:
        """The wanted exposure that became known at `at` (seconds); None when no candle did, or while warming up."""
        answers = self._answers[question]
        series = self._series[question.symbol, question.timeframe]
        if answers.done < series.dropped + len(series.columns):
            self._answer(question, answers, series)
        return answers.by_time.get(at)

    def curve(self, question: Question) -> tuple[Ints, Floats]:
        """All answers known so far, as times (seconds) and exposures; what a backtest looks ahead in to skip."""
        self.exposure(question, 0)
        by_time = self._answers[question].by_time
        return np.fromiter(by_time.keys(), np.int64), np.fromiter(by_time.values(), np.float64)

    def _answer(self, question: Question, answers: _Answers, series: Series) -> None:
        first = max(answers.done - series.dropped, 0)
        if series.dropped + len(series.columns) < question.warmup:
            return
        start = max(first - question.warmup, 0)
        exposures = evaluate(question.strategy, question.params, series.columns[start:].frame())
        known = series.known[first:]
        warm = max(question.warmup - 1 - (series.dropped + first), 0)  # candles that are only warm-up
        times, values = known[warm:].tolist(), exposures[first - start :][warm:].tolist()
        answers.by_time.update(zip(times, values, strict=True))
        answers.done = series.dropped + len(series.columns)

    def _all_done(self, symbol: str, timeframe: Timeframe, series: Series) -> bool:
        total = series.dropped + len(series.columns)
        mine = [a for q, a in self._answers.items() if q.symbol == symbol and q.timeframe == timeframe]
        return all(a.done == total for a in mine)
