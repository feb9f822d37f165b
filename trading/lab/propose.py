"""What to try next: every point of a grid, any point, or what Optuna makes of the tries so far."""

import importlib.util
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from trading.domain.errors import Refused
from trading.domain.search import Number
from trading.lab.spaces import Span, grid

METHODS = ("grid", "random", "bayes", "genetic")
GENERATION = 20  # tries of one generation
WORST = -1e6  # what a sampler is told where nothing could be measured
Values = Sequence[float | None]


class Proposer(Protocol):
    """Asked for a batch, told of every result; told, too, of those that others had."""

    def ask(self, count: int) -> list[dict[str, Number]]:
        """Up to `count` sets of values to try; none when there is nothing left."""

    def tell(self, values: Mapping[str, Number], results: Values, misses: float) -> dict[str, Any]:
        """One asked for has been tried; `misses` is above zero when it does not fit. What to remember of it."""

    def learn(
        self, values: Mapping[str, Number], results: Values, misses: float, memory: Mapping[str, Any]
    ) -> None:
        """Somebody else has tried this, or we have, before we were interrupted."""


def proposer(method: str, spans: Sequence[Span], trials: int, objectives: int, seed: int) -> Proposer:
    """Raises Refused for bayes and genetic where Optuna is not installed."""
    if method == "grid":
        return Listed(grid(spans, trials), seed)
    if method == "random":
        return Anywhere(spans, seed)
    if importlib.util.find_spec("optuna") is None:
        raise Refused(
            f"--method {method} needs the extra 'optimize', which is not installed "
            "(make extra-optimize); grid and random work without it."
        )
    return Sampled(method, spans, objectives, seed)


def _key(values: Mapping[str, Number]) -> tuple[Number, ...]:
    return tuple(values[name] for name in sorted(values))


class Listed:
    """A list in an order of its own, so that several processes seldom try the same point."""

    def __init__(self, points: list[dict[str, Number]], seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(points))
        self._left = {_key(points[n]): points[n] for n in order}

    def ask(self, count: int) -> list[dict[str, Number]]:
        return [self._left.pop(key) for key in list(self._left)[:count]]

    def tell(self, values: Mapping[str, Number], results: Values, misses: float) -> dict[str, Any]:
        return {}

    def learn(
        self, values: Mapping[str, Number], results: Values, misses: float, memory: Mapping[str, Any]
    ) -> None:
        self._left.pop(_key(values), None)


class Anywhere:
    """Any point, as likely as any other."""

    def __init__(self, spans: Sequence[Span], seed: int) -> None:
        self._spans, self._dice = spans, np.random.default_rng(seed)

    def ask(self, count: int) -> list[dict[str, Number]]:
        return [{span.name: span.draw(self._dice) for span in self._spans} for _ in range(count)]

    def tell(self, values: Mapping[str, Number], results: Values, misses: float) -> dict[str, Any]:
        return {}

    def learn(
        self, values: Mapping[str, Number], results: Values, misses: float, memory: Mapping[str, Any]
    ) -> None:
        """Chance has no memory."""


class Sampled:
    """Optuna's TPE or NSGA-II over a study in memory; what must last is written by the search, a batch at a time."""

    def __init__(self, method: str, spans: Sequence[Span], objectives: int, seed: int) -> None:
        optuna: Any = import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = (
            optuna.samplers.NSGAIISampler(population_size=GENERATION, seed=seed)
            if method == "genetic"
            else optuna.samplers.TPESampler(n_startup_trials=GENERATION, seed=seed)
        )
        self._spans = {span.name: span for span in spans}
        self._space = {span.name: _distribution(optuna.distributions, span) for span in spans}
        self._study = optuna.create_study(directions=["maximize"] * objectives, sampler=sampler)
        self._made = optuna.trial.create_trial
        self._asked: dict[int, Any] = {}

    def ask(self, count: int) -> list[dict[str, Number]]:
        found = []
        for _ in range(count):
            trial = self._study.ask(self._space)
            values = {name: self._spans[name].value(float(place)) for name, place in trial.params.items()}
            self._asked[id(values)] = trial
            found.append(values)
        return found

    def tell(self, values: Mapping[str, Number], results: Values, misses: float) -> dict[str, Any]:
        trial = self._asked.pop(id(values))
        trial.set_constraint("misses", misses)
        done = self._study.tell(trial, _numbers(results))
        return {"params": dict(trial.params), "system": dict(done.system_attrs)}

    def learn(
        self, values: Mapping[str, Number], results: Values, misses: float, memory: Mapping[str, Any]
    ) -> None:
        known = self._made(
            values=_numbers(results),
            params=dict(memory["params"]),
            distributions=self._space,
            system_attrs=dict(memory["system"]),
        )
        self._study.add_trial(known)


def _numbers(results: Values) -> list[float]:
    return [WORST if value is None else value for value in results]


def _distribution(kinds: Any, span: Span) -> Any:
    if span.type is bool:
        return kinds.CategoricalDistribution((False, True))
    if span.type is int:
        step = int(span.step or 1)
        high = int(span.low) + (int(span.high) - int(span.low)) // step * step
        return kinds.IntDistribution(int(span.low), high, step=step, log=span.by_ratio)
    if span.step is not None:
        return kinds.FloatDistribution(span.low, span.low + (span.size - 1) * span.step, step=span.step)
    return kinds.FloatDistribution(span.low, span.high, log=span.by_ratio)
