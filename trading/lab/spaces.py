"""Where a search looks: a range for each parameter that is not fixed, read from words, cut into points."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from trading.domain.errors import Refused
from trading.domain.search import Number
from trading.strategies import ParamSpec, Strategy

WIDE = 20.0  # a range whose ends are that many times apart is cut by ratio, not by distance
FINE = 101  # points of a fractional range


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One searched parameter: from `low` to `high`, both allowed, in steps where there are steps."""

    name: str
    type: type[Any]
    low: float
    high: float
    step: float | None

    @property
    def by_ratio(self) -> bool:
        return self.step is None and self.low > 0 and self.high / self.low >= WIDE

    @property
    def size(self) -> int:
        """How many values there are; of a fraction without steps, as many as are worth telling apart."""
        if self.type is bool:
            return 2
        if self.low == self.high:
            return 1
        if self.step is None and self.type is float:
            return FINE
        return math.floor((self.high - self.low) / (self.step or 1) + 1e-9) + 1

    def points(self, count: int) -> list[Number]:
        """At most `count` values, ends included, evenly spread."""
        count = min(count, self.size)
        if count == 1:
            return [self.value((self.low + self.high) / 2)]
        spread = np.geomspace if self.by_ratio else np.linspace
        return list(dict.fromkeys(self.value(float(v)) for v in spread(self.low, self.high, count)))

    def value(self, place: float) -> Number:
        """The allowed value nearest to `place`."""
        if self.type is bool:
            return place >= 0.5
        if self.step is not None:
            place = self.low + round((place - self.low) / self.step) * self.step
        place = min(max(place, self.low), self.high)
        return round(place) if self.type is int else float(f"{place:.6g}")

    def draw(self, dice: np.random.Generator) -> Number:
        """Any of them, each as likely as any other."""
        if self.by_ratio:
            return self.value(float(np.exp(dice.uniform(np.log(self.low), np.log(self.high)))))
        if self.type is float and self.step is None:
            return self.value(float(dice.uniform(self.low, self.high)))
        return self.value(self.low + int(dice.integers(self.size)) * (self.step or 1))


def space_of(strategy: Strategy, words: Mapping[str, str]) -> tuple[tuple[Span, ...], dict[str, Number]]:
    """The searched ranges, and the values of all other parameters.

    `fast=5..30` searches a range, `fast=5..30..5` in steps; `fast=9` fixes a value. Without any range, everything
    that is not fixed is searched. Raises Refused for a space of one point.
    """
    ranged = {name: word for name, word in words.items() if ".." in str(word)}
    fixed = {name: word for name, word in words.items() if name not in ranged}
    values = strategy.values(
        strategy.params({**fixed, **{name: _low(word) for name, word in ranged.items()}})
    )
    wanted = ranged or {spec.name: "" for spec in strategy.parameters if spec.name not in fixed}
    spans = [
        _span(spec, wanted[spec.name], strategy.name) for spec in strategy.parameters if spec.name in wanted
    ]
    spans = [span for span in spans if span.size > 1]
    if not spans:
        raise Refused(
            f"There is nothing to search: {strategy.name} has one point only. Give a parameter a range, for instance "
            f"{strategy.parameters[0].name}={strategy.parameters[0].range.replace(' ... ', '..')}."
        )
    searched = {span.name for span in spans}
    return tuple(spans), {name: value for name, value in values.items() if name not in searched}


def grid(spans: Sequence[Span], trials: int) -> list[dict[str, Number]]:
    """Every combination of evenly spread values, at most `trials` of them."""
    counts = [1] * len(spans)
    while True:
        growing = [n for n, span in enumerate(spans) if counts[n] < span.size and _more(counts, n) <= trials]
        if not growing:
            break
        counts[min(growing, key=lambda n: counts[n])] += 1
    return list(_combined(spans, [span.points(count) for span, count in zip(spans, counts, strict=True)]))


def _combined(spans: Sequence[Span], points: Sequence[list[Number]]) -> Iterator[dict[str, Number]]:
    names = [span.name for span in spans]
    for values in product(*points):
        yield dict(zip(names, values, strict=True))


def _more(counts: Sequence[int], at: int) -> int:
    return math.prod(count + (n == at) for n, count in enumerate(counts))


def _low(word: str) -> str:
    return str(word).split("..")[0]


def _span(spec: ParamSpec, word: str, owner: str) -> Span:
    if spec.low is None or spec.high is None:
        return Span(name=spec.name, type=bool, low=0.0, high=1.0, step=1.0)
    if not word:
        return Span(name=spec.name, type=spec.type, low=spec.low, high=spec.high, step=None)
    parts = str(word).split("..")
    if len(parts) > 3 or not all(parts):
        raise Refused(f"{owner}: write {spec.name} as 5..30, or 5..30..5 for steps of five, not '{word}'.")
    low, high = (float(spec.read(part, owner)) for part in parts[:2])
    step = _step(spec, parts[2], owner) if len(parts) == 3 else None
    if low > high:
        raise Refused(f"{owner}: {spec.name} must rise from left to right, not {word}.")
    return Span(name=spec.name, type=spec.type, low=low, high=high, step=step)


def _step(spec: ParamSpec, word: str, owner: str) -> float:
    try:
        step = float(word)
    except ValueError:
        step = 0.0
    if not (math.isfinite(step) and step > 0) or (spec.type is int and not step.is_integer()):
        raise Refused(f"{owner}: the step of {spec.name} must be above zero, not '{word}'.")
    return step
