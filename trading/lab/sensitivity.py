"""The parameters around the chosen ones: which neighbours there are, and whether the choice is a plateau or a spike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any

from trading.domain.honesty import Check, Landscape, Verdict
from trading.strategies import ParamSpec, Strategy
from trading.strategies.parameters import Value

FACTORS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.45, 2.0)
PLATEAU = 0.6  # neighbours this good, as a share of the chosen one's score, make a plateau
_STRIDE = 0.08  # of the range: the step where the chosen value is 0
_MUST_MATTER = ("hold", "band", "step")  # guards, not opinions: tried last


@dataclass(frozen=True, slots=True)
class Grid:
    """Variants around the chosen parameters, row by row; `chosen` says where those are."""

    x: ParamSpec
    y: ParamSpec | None
    xs: tuple[Value, ...]
    ys: tuple[Value, ...]
    values: tuple[Mapping[str, Value], ...]
    chosen: int


def neighbours(spec: ParamSpec, value: Value) -> tuple[Value, ...]:
    """Values around this one within its range, itself among them, sorted and each once."""
    if spec.low is None or spec.high is None:
        return (value,)
    if value:
        near = [value * factor for factor in FACTORS]
    else:
        stride = (spec.high - spec.low) * _STRIDE
        near = [n * stride for n in range(-3, 4)]
    inside = [min(max(v, spec.low), spec.high) for v in near]
    found = {round(v) if spec.type is int else float(f"{v:.4g}") for v in inside}
    found = {v for v in found if spec.low <= v <= spec.high and v != value} | {value}
    return tuple(sorted(found))


def grid_around(strategy: Strategy, params: Any) -> Grid | None:
    """A grid over the first two parameters that are numbers and may vary; None when there is none."""
    numbers = [s for s in strategy.parameters if s.type is not bool and s.low != s.high]
    numbers.sort(key=lambda s: s.name in _MUST_MATTER)  # stable: otherwise in the order written
    if not numbers:
        return None
    mine = strategy.values(params)
    x, y = numbers[0], numbers[1] if len(numbers) > 1 else None
    xs = neighbours(x, mine[x.name])
    ys = neighbours(y, mine[y.name]) if y else (0,)
    values = tuple(mine | {x.name: a} | ({y.name: b} if y else {}) for b, a in product(ys, xs))
    return Grid(x, y, xs, ys, values, values.index(mine))


def landscape_of(grid: Grid, scores: Sequence[float | None]) -> Landscape:
    """The scores of a grid's variants as rows and columns."""
    wide = len(grid.xs)
    rows = tuple(tuple(scores[n : n + wide]) for n in range(0, len(scores), wide))
    return Landscape(
        x_name=grid.x.name,
        xs=tuple(float(v) for v in grid.xs),
        y_name=grid.y.name if grid.y else "",
        ys=tuple(float(v) for v in grid.ys),
        scores=rows,
        chosen=divmod(grid.chosen, wide),
    )


def around(landscape: Landscape) -> list[float]:
    """Scores of the (up to eight) variants beside the chosen one; one that could not be measured counts as 0."""
    row, column = landscape.chosen
    places = product((row - 1, row, row + 1), (column - 1, column, column + 1))
    return [
        landscape.scores[r][c] or 0.0
        for r, c in places
        if (r, c) != (row, column) and 0 <= r < len(landscape.ys) and 0 <= c < len(landscape.xs)
    ]


def sensitivity_verdict(landscape: Landscape) -> Verdict:
    """Passed on a plateau: the neighbours are nearly as good, so the choice was no lucky point."""
    row, column = landscape.chosen
    score, beside = landscape.scores[row][column] or 0.0, around(landscape)
    point = f"{landscape.x_name}={landscape.xs[column]:g}"
    point += f" {landscape.y_name}={landscape.ys[row]:g}" if landscape.y_name else ""
    typical = median(beside) if beside else 0.0
    share = typical / score if score > 0 else None
    passed = share is not None and share >= PLATEAU
    if share is None:
        sentence = f"The chosen point {point} earns nothing here (Sharpe ratio {score:.2f})."
    elif passed:
        sentence = (
            f"A plateau: neighbours of {point} have a Sharpe ratio of {typical:.2f}, "
            f"the point itself {score:.2f}."
        )
    else:
        sentence = (
            f"A spike: neighbours of {point} have a Sharpe ratio of {typical:.2f}, the point itself {score:.2f}; "
            "a little change and the gain is gone."
        )
    return Verdict(
        name="sensitivity",
        check=Check.SENSITIVITY,
        passed=passed,
        sentence=sentence,
        numbers={
            "sharpe": score,
            "neighbours_median": typical,
            "neighbours_worst": min(beside, default=None),
            "neighbours_best": max(beside, default=None),
            "variants": len(landscape.xs) * len(landscape.ys),
        },
    )
