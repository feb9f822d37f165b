"""Better parameters, looked for on the first 70 % of the candles and judged on the last 30 %."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from os import cpu_count
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from trading.domain.errors import Refused
from trading.domain.search import Figures, Number, SearchProgress, SearchQuestion, SearchResult, Try
from trading.lab import compiled
from trading.lab.objectives import FIGURES, check, value_of
from trading.lab.propose import GENERATION, METHODS, Proposer, proposer
from trading.lab.spaces import Span, space_of
from trading.lab.studies import Studies
from trading.lab.tries import Bench, Crew
from trading.market.archive import Recorded
from trading.strategies import find

KEPT = (
    "sharpe",
    "sortino",
    "calmar",
    "return_drawdown",
    "win_rate",
    "total_return",
    "max_drawdown",
    "trades",
)
INSIDE = 0.7  # share of the candles a search may see
USUAL = 200  # tries, when nothing else is said
WRITE_EVERY = 2.0  # seconds
Note = Callable[[SearchProgress], None]


@dataclass(slots=True)
class Search:
    """One process that takes part in a study. `run` is the only entrance."""

    asked: SearchQuestion
    recorded: tuple[Recorded, ...]
    studies: Studies
    note: Note
    stopped: Callable[[], bool] = lambda: False
    processes: int = field(default_factory=lambda: cpu_count() or 1)
    cache: Path | None = None
    spans: tuple[Span, ...] = ()
    fixed: dict[str, Number] = field(default_factory=dict)
    tries: list[Try] = field(default_factory=list)
    batches: set[int] = field(default_factory=set)
    of: int = 0

    def run(self) -> SearchResult:
        """What was found, with as many tries as were asked for, or fewer when it was stopped."""
        began, asked = perf_counter(), self.asked
        strategy = find(asked.question.strategy)
        self.spans, self.fixed = space_of(strategy, asked.question.params)
        self.of = asked.trials or USUAL
        self._join()
        split_at = self._split()
        least = {**self.fixed, **{span.name: span.points(2)[0] for span in self.spans}}
        inside = tuple(replace(r, frame=r.frame[r.frame.index < split_at]) for r in self.recorded)
        plain = replace(asked.question, data=None)
        if self.cache is not None:
            compiled.keep_compiled_in(self.cache)
        bench = Bench.of(plain, inside, least)
        crew = Crew(bench, plain, inside, least, processes=self.processes, cache=self.cache)
        try:
            self._go(crew, self._proposer())
        finally:
            crew.close()
        return self._result(Bench.of(plain, self.recorded, least), split_at, perf_counter() - began)

    # --- taking part --------------------------------------------------------------------------------------

    def _join(self) -> None:
        """Begin the study, or find it as it was begun."""
        self.studies.begin(self.asked.study, settings_of(self.asked, self.spans, self.fixed, self.recorded))

    def _proposer(self) -> Proposer:
        """It is told of everything that was tried before."""
        asked = self.asked
        known = self.studies.since(asked.study, self.batches)
        seed = zlib.crc32(f"{asked.study} {len(known)}".encode())
        if asked.join:
            seed = int(np.random.default_rng().integers(2**32))
        found = proposer(asked.method, self.spans, self.of, len(asked.objectives), seed)
        for one in known:
            self._learn(found, one)
        return found

    def _learn(self, found: Proposer, one: Mapping[str, Any]) -> None:
        done = self._judge(one["values"], one["figures"])
        self.tries.append(done)
        searched = {span.name: done.params[span.name] for span in self.spans}
        found.learn(searched, done.values, self._misses(done.figures, done.values), one["memory"])

    def _go(self, crew: Crew, found: Proposer) -> None:
        self._tell()
        while len(self.tries) < self.of and not self.stopped():
            batch = found.ask(min(GENERATION, self.of - len(self.tries)))
            if not batch:
                break
            self._try(crew, found, batch)
            for one in self.studies.since(self.asked.study, self.batches):
                self._learn(found, one)
            self._tell()

    def _try(self, crew: Crew, found: Proposer, batch: list[dict[str, Number]]) -> None:
        written, rows = perf_counter(), []
        values = [{**self.fixed, **one} for one in batch]
        for searched, whole, figures in zip(
            batch, values, crew.figures(values, self.of - len(self.tries)), strict=True
        ):
            done = self._judge(whole, figures)
            self.tries.append(done)
            memory = found.tell(searched, done.values, self._misses(figures, done.values))
            rows.append({"values": whole, "figures": done.figures, "memory": memory})
            if self.stopped():
                break
            if perf_counter() - written > WRITE_EVERY:
                self._write(rows)
                self._tell()
                written, rows = perf_counter(), []
        self._write(rows)

    def _write(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.batches.add(self.studies.add(self.asked.study, rows))

    # --- judging ------------------------------------------------------------------------------------------

    def _judge(self, values: Mapping[str, Number], figures: Figures) -> Try:
        results = tuple(value_of(objective, figures) for objective in self.asked.objectives)
        kept = {name: figures.get(name) for name in FIGURES} if figures else {}
        return Try(params=values, values=results, figures=kept, fits=self._misses(figures, results) <= 0)

    def _misses(self, figures: Figures, results: Sequence[float | None]) -> float:
        """By how much a try misses what was asked for; 0 when it fits."""
        if any(value is None for value in results):
            return 1e6
        short = max(self.asked.min_trades - (figures.get("trades") or 0.0), 0.0)
        limit = self.asked.max_drawdown
        deep = 0.0 if limit is None else max((figures.get("max_drawdown") or 0.0) - limit, 0.0)
        return short + 100 * deep

    def _tell(self) -> None:
        best = chosen([one for one in self.tries if one.fits])
        self.note(SearchProgress(study=self.asked.study, done=len(self.tries), of=self.of, best=best))

    def _split(self) -> datetime:
        index = max(self.recorded, key=lambda r: len(r.frame)).frame.index
        if len(index) < 10:
            raise Refused(f"{len(index)} candles are too few to search on.")
        moment: datetime = index[int(len(index) * INSIDE)].to_pydatetime()
        return moment

    def _result(self, whole: Bench, split_at: datetime, seconds: float) -> SearchResult:
        fitting = [one for one in self.tries if one.fits]
        best = chosen(fitting)
        strategy, job = whole.job.strategy, whole.job
        usual = {**strategy.values(strategy.params({})), **_words(self.asked, self.fixed)}
        outside = whole.after(best.params, split_at) if best else {}
        later, cannot = whole.after(usual, split_at), compiled.cannot(job)
        first = self.asked.objectives[0]
        return SearchResult(
            study=self.asked.study,
            strategy=strategy.name,
            method=self.asked.method,
            objectives=self.asked.objectives,
            symbols=job.symbols,
            timeframe=str(job.timeframe),
            start=min(r.frame.index[0].to_pydatetime() for r in self.recorded),
            split_at=split_at,
            end=max(r.frame.index[-1].to_pydatetime() for r in self.recorded) + job.base.length,
            space={span.name: (span.low, span.high) for span in self.spans},
            tries=tuple(self.tries),
            best=best,
            front=front(fitting) if len(self.asked.objectives) > 1 else (),
            outside=outside,
            usual=later,
            outside_value=value_of(first, outside),
            usual_value=value_of(first, later),
            importance=importance(self.tries, [span.name for span in self.spans]),
            seconds=seconds,
            notes=(cannot,) if cannot else (),
        )


def checked(asked: SearchQuestion) -> SearchQuestion:
    """The same question, once its words are right; raises Refused in one sentence."""
    if asked.method not in METHODS:
        raise Refused(f"There is no method '{asked.method}'; there is {', '.join(METHODS)}.")
    if not 1 <= len(asked.objectives) <= 3:
        raise Refused(f"A search has one to three objectives; found {len(asked.objectives)}.")
    for objective in asked.objectives:
        check(objective)
    if asked.trials is not None and not 1 <= asked.trials <= 100_000:
        raise Refused(f"--trials must be within 1 ... 100000, not {asked.trials}.")
    if asked.min_trades < 0:
        raise Refused(f"--min-trades must be 0 or more, not {asked.min_trades}.")
    if asked.max_drawdown is not None and not 0 < asked.max_drawdown <= 1:
        raise Refused(f"--max-drawdown is a share, for instance 0.2 for 20 %; found {asked.max_drawdown}.")
    space_of(find(asked.question.strategy), asked.question.params)
    return asked


def settings_of(
    asked: SearchQuestion, spans: Sequence[Span], fixed: Mapping[str, Number], recorded: Sequence[Recorded]
) -> dict[str, Any]:
    """What makes a study this one and no other; where its candles lie and how many `trials` may differ."""
    question = asked.question
    return {
        "strategy": question.strategy,
        "method": asked.method,
        "objective": list(asked.objectives),
        "params": {name: str(word) for name, word in sorted(question.params.items())},
        "space": {span.name: [span.low, span.high, span.step] for span in spans},
        "fixed": dict(fixed),
        "min-trades": asked.min_trades,
        "max-drawdown": asked.max_drawdown,
        "timeframe": question.timeframe,
        "cash": str(question.cash),
        "fee": str(question.fee),
        "slippage": str(question.slippage),
        "symbols": list(question.symbols),
        "from": question.start.isoformat() if question.start else None,
        "to": question.end.isoformat() if question.end else None,
        "data": str(question.data) if question.data else None,
        "candles": {r.symbol: _print_of(r) for r in recorded},
        "trials": asked.trials or USUAL,
    }


def _print_of(recorded: Recorded) -> str:
    """Tells other candles apart: how many, from when to when, and a sum over all of them."""
    frame = recorded.frame
    total = zlib.crc32(np.ascontiguousarray(frame[["open", "high", "low", "close"]].to_numpy()).tobytes())
    span = f"{frame.index[0]:%Y-%m-%d %H:%M} - {frame.index[-1]:%Y-%m-%d %H:%M}"
    return f"{len(frame)} x {recorded.timeframe}, {span}, {total:08x}"


def _words(asked: SearchQuestion, fixed: Mapping[str, Number]) -> dict[str, Number]:
    """The values a person has fixed; the strategy's own stand for everything else."""
    return {name: fixed[name] for name in asked.question.params if name in fixed}


def chosen(tries: Sequence[Try]) -> Try | None:
    """The best; with several objectives the one that is well placed in all of them."""
    if not tries:
        return None
    table = np.array([[value or 0.0 for value in one.values] for one in tries])
    low, high = table.min(axis=0), table.max(axis=0)
    place = (table - low) / np.where(high > low, high - low, 1.0)
    return tries[int(place.sum(axis=1).argmax())]


def front(tries: Sequence[Try]) -> tuple[Try, ...]:
    """Those that no other beats in one objective without losing in another; best in the first objective first."""
    table = np.array([[value or 0.0 for value in one.values] for one in tries]).reshape(len(tries), -1)
    kept: dict[tuple[float, ...], Try] = {}
    for one, row in zip(tries, table, strict=True):
        beaten = ((table >= row).all(axis=1) & (table > row).any(axis=1)).any()
        if not beaten:
            kept.setdefault(tuple(row), one)
    return tuple(sorted(kept.values(), key=lambda one: -(one.values[0] or 0.0)))


def importance(tries: Sequence[Try], names: Sequence[str]) -> dict[str, float]:
    """How much of the first objective's spread each parameter explains by itself (0 ... 1), largest first."""
    seen = [(one, one.values[0]) for one in tries if one.values and one.values[0] is not None]
    if len(seen) < 10:
        return {}
    results = np.array([value for _, value in seen])
    spread = float(((results - results.mean()) ** 2).sum())
    found = {}
    for name in names:
        places = np.array([float(one.params[name]) for one, _ in seen])
        edges = np.unique(np.quantile(places, np.linspace(0, 1, 9)[1:-1]))
        group = np.searchsorted(edges, places, "right")
        means = np.array([results[group == g].mean() for g in np.unique(group)])
        sizes = np.array([(group == g).sum() for g in np.unique(group)])
        found[name] = float((sizes * (means - results.mean()) ** 2).sum()) / spread if spread > 0 else 0.0
    return dict(sorted(found.items(), key=lambda item: -item[1]))
