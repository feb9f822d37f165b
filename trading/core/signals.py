"""What every strategy says about every candle: computed once, however many accounts listen."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from trading.core.frames import Columns, Floats, Ints, Series
from trading.domain.errors import Broken
from trading.domain.market import Timeframe
from trading.risk.market import BARS, History
from trading.strategies import Strategy, evaluate, evaluate_together

HOUR = Timeframe(3600)
SILENT = 3  # candles for which a choice among markets waits for one that has gone silent
SLACK = 200  # candles kept beyond the longest warm-up, so that trimming is rare


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the board: one strategy with its parameters, about one symbol in one timeframe.

    A strategy that compares markets is asked about one of them `among` all it chooses from.
    """

    strategy: Strategy
    params: Any
    symbol: str
    timeframe: Timeframe
    among: tuple[str, ...] = ()
    _hash: int = field(default=0, init=False, compare=False, repr=False)  # asked for at every candle

    def __post_init__(self) -> None:
        parts = (self.strategy.name, self.params, self.symbol, self.timeframe, self.among)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        return self._hash

    @property
    def warmup(self) -> int:
        return self.strategy.warmup(self.params, self.timeframe.seconds)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol whose candles the answer needs."""
        return self.among or (self.symbol,)


class _Answers:
    """Exposures of one question and the times at which they were known, oldest first."""

    __slots__ = ("times", "until", "values")

    def __init__(self) -> None:
        self.until = 0  # everything that was known up to this time is answered
        self.times: Ints = np.empty(0, np.int64)
        self.values: Floats = np.empty(0)

    def take(self, times: Ints, values: Floats) -> None:
        """New answers; they stand in place of any older ones of the same time on."""
        if len(times):
            kept = int(self.times.searchsorted(times[0]))
            self.times = np.concatenate((self.times[:kept], times))
            self.values = np.concatenate((self.values[:kept], values))

    def at(self, moment: int) -> float | None:
        """The one that became known at this very moment; beside a gap two may, and the newer candle's counts."""
        place = int(self.times.searchsorted(moment, "right")) - 1
        return float(self.values[place]) if place >= 0 and self.times[place] == moment else None

    def newest(self, moment: int) -> float | None:
        """The last one known by this moment."""
        place = int(self.times.searchsorted(moment, "right"))
        return float(self.values[place - 1]) if place else None

    def forget(self, keep: int) -> None:
        """Drop all but the newest."""
        self.times, self.values = self.times[-keep:], self.values[-keep:]


class Board:
    """Candle windows of one market and the strategies' answers, shared by all accounts.

    Candles may be taken one by one (live) or by the thousand (replay, backtest): an answer for a moment never
    depends on candles after it, so the answers are the same. A strategy that compares markets answers once all of
    them have a candle of that moment, or a later one.
    """

    def __init__(self, base: Timeframe, *, keep_all: bool = False) -> None:
        self._base, self._keep_all = base, keep_all
        self._series: dict[tuple[str, Timeframe], Series] = {}
        self._answers: dict[Question, _Answers] = {}
        self._frame = HOUR if base.divides(HOUR) else base  # of the candles that the rules look back on
        self._watched: set[str] = set()

    def ask(self, question: Question) -> None:
        """Announce a question, so that its candles are kept. Asking twice is asking once."""
        if not self._base.divides(question.timeframe):
            raise Broken(f"{question.timeframe} candles cannot be built from {self._base} candles.")
        self._answers.setdefault(question, _Answers())
        for symbol in question.symbols:
            self._series.setdefault((symbol, question.timeframe), Series(self._base, question.timeframe))

    def watch(self, symbol: str) -> None:
        """Keep the candles of this symbol that the rules look back on."""
        self._watched.add(symbol)
        self._series.setdefault((symbol, self._frame), Series(self._base, self._frame))

    @property
    def history_seconds(self) -> int:
        """How long the candles of `history` are."""
        return self._frame.seconds

    def history(self, symbol: str, at: int) -> History | None:
        """What was known at `at` (seconds) of a watched symbol; None for one that is not watched."""
        series = self._series.get((symbol, self._frame))
        if series is None or symbol not in self._watched:
            return None
        stop = int(np.searchsorted(series.known, at, "right"))
        rows = slice(max(stop - BARS, 0), stop)
        kept = series.columns
        return History(kept.opened[rows], kept.close[rows], kept.volume[rows])

    def kept(self, symbol: str) -> tuple[Columns, Ints]:
        """All candles that `history` is cut from, and when each was known."""
        series = self._series[symbol, self._frame]
        return series.columns, series.known

    def knows(self, question: Question) -> bool:
        """Whether it was asked before."""
        return question in self._answers

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
            if symbol in question.symbols and question.timeframe == timeframe:
                answers.until = 0

    def needs(self) -> dict[tuple[str, Timeframe], int]:
        """How many candles every window must hold before its strategies can speak."""
        needs = dict.fromkeys(self._series, 0)
        for question in self._answers:
            for symbol in question.symbols:
                key = (symbol, question.timeframe)
                needs[key] = max(needs[key], question.warmup)
        for symbol in self._watched:
            needs[symbol, self._frame] = max(needs[symbol, self._frame], BARS)
        return needs

    def forget(self) -> None:
        """Drop candles and answers nobody can ask for any more; called now and then by the live session."""
        if self._keep_all:
            return
        for key, bars in self.needs().items():
            series, keep = self._series[key], bars + SLACK
            if len(series.columns) > 2 * keep and self._answered(key):
                series.trim(keep)
        for answers in self._answers.values():
            answers.forget(SLACK)

    def exposure(self, question: Question, at: int) -> float | None:
        """The wanted exposure that became known at `at` (seconds); None when no candle did, or while warming up."""
        return self._answered_up_to(question, at).at(at)

    def _answered_up_to(self, question: Question, at: int) -> _Answers:
        """The answers to a question, brought up to the newest candles unless this moment is answered already."""
        answers = self._answers[question]
        if answers.until >= at > 0:
            return answers
        newest = [self._series[symbol, question.timeframe].newest for symbol in question.symbols]
        end = max(min(newest), max(newest) - SILENT * question.timeframe.seconds)
        if answers.until < end:
            self._answer(question, answers.until, end)
        return answers

    def newest(self, question: Question, at: int) -> float | None:
        """The newest answer known at `at` (seconds); None while there is none."""
        return self._answered_up_to(question, at).newest(at)

    def curve(self, question: Question) -> tuple[Ints, Floats]:
        """All answers known so far, as times (seconds) and exposures; what a backtest looks ahead in to skip."""
        answers = self._answered_up_to(question, 0)
        return answers.times, answers.values

    def _answer(self, question: Question, until: int, end: int) -> None:
        """Answer everything that became known after `until`, up to `end`, for every symbol of the question."""
        frames, rows = {}, {}
        for symbol in question.symbols:
            series = self._series[symbol, question.timeframe]
            first, stop = np.searchsorted(series.known, (until, end), "right").tolist()
            start = max(first - question.warmup, 0)
            if series.dropped + stop >= question.warmup:
                frames[symbol] = series.columns[start:stop].frame()
            rows[symbol] = (series, start, first, stop)
        answer = self._evaluate(question, frames)
        for symbol, (series, start, first, stop) in rows.items():
            sibling = replace(question, symbol=symbol)
            answers = self._answers.setdefault(sibling, _Answers())
            answers.until = end if symbol in frames else until
            if symbol in frames:
                warm = max(question.warmup - 1 - series.dropped, first)  # earlier candles are only warm-up
                answers.take(series.known[warm:stop], answer[symbol][warm - start :])

    @staticmethod
    def _evaluate(question: Question, frames: dict[str, pd.DataFrame]) -> dict[str, Floats]:
        if not frames:
            return {}
        if question.among:
            return evaluate_together(question.strategy, question.params, frames)
        (symbol, frame) = next(iter(frames.items()))
        return {symbol: evaluate(question.strategy, question.params, frame)}

    def _answered(self, key: tuple[str, Timeframe]) -> bool:
        """Whether nobody waits for an answer about this series."""
        symbol, timeframe = key
        asking = [q for q in self._answers if symbol in q.symbols and q.timeframe == timeframe]
        return all(self._answers[q].until >= self._series[key].newest for q in asking)
