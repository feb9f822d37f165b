"""One set of parameters after the other through the compiled gear, or, where that cannot, through the desk."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from trading.domain.errors import Refused
from trading.domain.research import Question
from trading.domain.search import Figures, Number
from trading.lab import compiled
from trading.lab.ask import make
from trading.lab.backtest import backtest
from trading.lab.compiled import Market, Rules
from trading.lab.job import Job
from trading.lab.objectives import Days, figures, with_ratio
from trading.market.archive import Recorded
from trading.strategies.own import folders, load_folder

LONG = 4.0  # seconds of work left that are worth starting more processes for
SURE = 1.0  # seconds of work after which it is known how long a try takes
REMEMBERED = 10_000  # tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that stays the same from try to try."""

    job: Job
    market: Market | None  # None: this is one for the desk
    days: Days | None
    rules: Rules

    @classmethod
    def of(cls, question: Question, recorded: tuple[Recorded, ...], fixed: Mapping[str, Number]) -> "Bench":
        job = make(replace(question, params={name: str(value) for name, value in fixed.items()}), recorded)
        market = None if compiled.cannot(job) else Market.of(recorded[0], job.timeframe)
        days = Days.of(market) if market is not None else None
        return cls(job=job, market=market, days=days, rules=Rules.of(job))

    def figures(self, values: Mapping[str, Number]) -> Figures:
        """How these values do; empty when the candles are too few for them."""
        strategy = self.job.strategy
        params = strategy.params(values)
        try:
            job = replace(self.job, params=params)
            job.check()
        except Refused:
            return {}
        if self.market is not None and self.days is not None:
            wishes = compiled.wanted(self.market, strategy, params)
            run = compiled.trade(self.market, wishes, self.rules)
            if run is not None:
                return figures(run, self.market, self.days)
        return with_ratio(backtest(job, _quietly).metrics)

    def after(self, values: Mapping[str, Number], moment: datetime) -> Figures:
        """How they do on the candles opened from `moment` on, their signals warmed up on those before."""
        strategy, market = self.job.strategy, self.market
        params = strategy.params(values)
        if market is not None:
            cut = int(np.searchsorted(market.closed, int(moment.timestamp()), "right"))
            wishes, later = compiled.wanted(market, strategy, params), market[cut:]
            run = compiled.trade(later, wishes[cut:].copy(), self.rules)
            if run is not None:
                return figures(run, later, Days.of(later))
        warm = strategy.warmup(params, self.job.timeframe.seconds)
        start = moment - self.job.timeframe.length * warm
        recorded = tuple(replace(r, frame=r.frame[r.frame.index >= start]) for r in self.job.recorded)
        try:
            return with_ratio(backtest(replace(self.job, params=params, recorded=recorded), _quietly).metrics)
        except Refused:
            return {}


def _quietly(_: float) -> None:
    """One try is too small a step to tell of."""


_bench: Bench | None = None


def _sit(
    question: Question,
    recorded: tuple[Recorded, ...],
    fixed: Mapping[str, Number],
    own: tuple[str, ...],
    cache: Path | None,
) -> None:
    """Ctrl+C at the terminal reaches every process there; this one is ended by whoever started it."""
    global _bench
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    for folder in own:
        load_folder(folder)
    if cache is not None:
        compiled.keep_compiled_in(cache)
    _bench = Bench.of(question, recorded, fixed)


def _leave_with_parent() -> None:
    """Whoever started this process may be killed without a word."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _key(values: Mapping[str, Number]) -> tuple[Number, ...]:
    """All tries of a search name the same parameters in the same order."""
    return tuple(values.values())


def _try(values: Mapping[str, Number]) -> Figures:
    assert _bench is not None
    return _bench.figures(values)


class Crew:
    """Does tries here, and in more processes once the work that is left is worth starting them."""

    def __init__(
        self,
        bench: Bench,
        question: Question,
        recorded: tuple[Recorded, ...],
        fixed: Mapping[str, Number],
        *,
        processes: int,
        cache: Path | None,
    ) -> None:
        self._bench, self._processes = bench, processes
        self._sitting = (question, recorded, dict(fixed), folders(), cache)
        self._pool: ProcessPoolExecutor | None = None
        self._spent, self._done = 0.0, 0
        self._known: dict[tuple[Number, ...], Figures] = {}  # a search that closes in asks for the same again

    def figures(self, many: Sequence[Mapping[str, Number]], left: int) -> Iterator[Figures]:
        """For each of these values in turn; `left` is how many tries remain, these included."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        for number, values in enumerate(many):
            if self._worth_more(left - number):
                yield from self._together(many[number:])
                return
            yield self._here(values)

    def _here(self, values: Mapping[str, Number]) -> Figures:
        known = self._known.get(_key(values))
        if known is not None:
            return known
        began = perf_counter()
        found = self._bench.figures(values)
        if self._done:  # the first one compiles
            self._spent += perf_counter() - began
        self._done += 1
        self._known[_key(values)] = found
        return found

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _worth_more(self, left: int) -> bool:
        if self._processes < 2 or self._done < 3 or self._spent < SURE:
            return False
        return self._pool is not None or self._spent / (self._done - 1) * left > LONG

    def _together(self, many: Sequence[Mapping[str, Number]]) -> Iterator[Figures]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._processes, context, initializer=_sit, initargs=self._sitting
            )
        try:
            fresh = {_key(values): values for values in many if _key(values) not in self._known}
            answers = self._pool.map(_try, fresh.values())
            for key in map(_key, many):
                if key not in self._known:
                    self._known[key] = next(answers)
                yield self._known[key]
        except BrokenProcessPool:
            self._pool = None
            raise Refused(
                "A process of the search ended before it was done; what was tried so far is kept."
            ) from None
