"""What a person asks when they look for better parameters, and what they are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trading.domain.research import Question

Number = int | float | bool
Figures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuestion:
    """A search as it was asked for. In `question.params` a value is `9`, or a range to search: `5..30`."""

    question: Question
    method: str  # grid, random, bayes or genetic
    trials: int | None  # None: what the study was begun with, or the usual number
    objectives: tuple[str, ...]
    min_trades: int
    max_drawdown: float | None
    study: str  # empty: a name is made up
    join: bool  # the study is there already, and its settings count


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One set of parameters and how it did on the candles it was chosen on."""

    params: Mapping[str, Number]
    values: tuple[float | None, ...]  # one for each objective; more is better
    figures: Figures
    fits: bool  # measured, and within the limits that were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchProgress:
    study: str
    done: int
    of: int
    best: Try | None

    @property
    def share(self) -> float:
        return min(self.done / self.of, 1.0) if self.of else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found. Chosen on the candles before `split_at`; `outside` is measured on those after it."""

    study: str
    strategy: str
    method: str
    objectives: tuple[str, ...]
    symbols: tuple[str, ...]
    timeframe: str
    start: datetime
    split_at: datetime
    end: datetime
    space: Mapping[str, tuple[float, float]]
    tries: tuple[Try, ...]
    best: Try | None
    front: tuple[Try, ...]  # with several objectives: those that none beats in all of them
    outside: Figures  # the best one's, out of sample; empty when nothing fits
    usual: Figures  # those of the strategy's own values, out of sample
    outside_value: float | None  # the first objective of `outside` ...
    usual_value: float | None  # ... and of `usual`
    importance: Mapping[str, float]  # share of the first objective's spread that a parameter explains
    seconds: float
    notes: tuple[str, ...] = field(default=())
