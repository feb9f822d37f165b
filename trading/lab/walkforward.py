"""Windows of past and future: parameters chosen in the one are judged in the other, and how much was luck."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading.domain.honesty import Check, Verdict, gain

Floats = npt.NDArray[np.float64]

EFFICIENT = 0.5  # of the growth in hindsight that must come again
_LEAST_GAIN = 1e-6  # a yearly growth below this has no share one could lose


@dataclass(frozen=True, slots=True)
class Window:
    """Rows train ... test - 1 choose the parameters, rows test ... end - 1 judge them."""

    train: int
    test: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """What the choice made of the windows: yearly log growth before and after, in the same unit."""

    chosen: tuple[int, ...]  # which variant each window chose
    inside: tuple[float, ...]  # yearly growth of the chosen where it was chosen
    outside: tuple[float, ...]  # and in the time after

    @property
    def efficiency(self) -> float | None:
        """Growth after the choice as a share of the growth it was chosen for; None when there was none."""
        promised = float(np.mean(self.inside))
        return float(np.mean(self.outside)) / promised if promised > _LEAST_GAIN else None

    @property
    def luck(self) -> float | None:
        """The share of the gain that did not come again: 0 ... 1."""
        found = self.efficiency
        return None if found is None else min(max(1.0 - found, 0.0), 1.0)


def windows(first: int, bars: int, count: int, *, anchored: bool, train_share: float = 0.5) -> list[Window]:
    """`count` judged stretches of equal length, one after the other, up to the last row; none when too short.

    The first choice is made on `train_share` of all rows. Rolling windows keep this length, anchored ones begin
    at the first row always.
    """
    start = first + int((bars - first) * train_share)
    length = (bars - start) // count if count > 0 else 0
    if length < 2 or start - first < 2:
        return []
    tests = [bars - (count - n) * length for n in range(count)]
    return [Window(first if anchored else test - (start - first), test, test + length) for test in tests]


def edges(plan: Sequence[Window]) -> list[int]:
    """The rows at which equity must be known, sorted: where each window's past begins, its choice and its end."""
    return sorted({row for w in plan for row in (w.train, w.test - 1, w.end - 1)})


def walk_forward(growth: Sequence[Floats], plan: Sequence[Window], rows_a_year: float) -> Forward:
    """For each window the variant that grew best in its past, and what it did next.

    `growth` has the equity of every variant at each of `edges(plan)`. A variant that stayed out grew by nothing:
    choosing it is choosing not to trade.
    """
    logs = np.log(np.maximum(np.stack(growth), 1e-12))
    column = {row: n for n, row in enumerate(edges(plan))}
    chosen, inside, outside = [], [], []
    for window in plan:
        begin, now, end = (column[row] for row in (window.train, window.test - 1, window.end - 1))
        past = logs[:, now] - logs[:, begin]
        best = int(past.argmax())
        chosen.append(best)
        inside.append(float(past[best]) / max(window.test - 1 - window.train, 1) * rows_a_year)
        outside.append(float(logs[best, end] - logs[best, now]) / (window.end - window.test) * rows_a_year)
    return Forward(chosen=tuple(chosen), inside=tuple(inside), outside=tuple(outside))


def stitched(wanted: Sequence[Floats], plan: Sequence[Window], chosen: Sequence[int]) -> Floats:
    """Exposures of the chosen variants, each where it is judged, one after the other."""
    return np.concatenate([wanted[best][w.test : w.end] for w, best in zip(plan, chosen, strict=True)])


def yearly(log_growth: float) -> float:
    """A yearly log growth as the return people know: 0.1 is +10 % a year."""
    return math.expm1(min(log_growth, 700.0))


def forward_verdict(found: Forward, stitched_return: float) -> Verdict:
    """Passed when at least half of the gain came again, and the choices made money one after the other."""
    before, after = yearly(float(np.mean(found.inside))), yearly(float(np.mean(found.outside)))
    count = len(found.chosen)
    passed = stitched_return > 0 and (found.efficiency or 0.0) >= EFFICIENT
    if found.luck is None:
        sentence = "Even in hindsight none of its variants made money here."
    else:
        sentence = (
            f"Chosen in hindsight it made {gain(before)} a year, afterwards {gain(after)}: "
            f"{found.luck:.0%} of the gain was luck."
        )
    return Verdict(
        name="walk_forward",
        check=Check.WALKFORWARD,
        passed=passed,
        sentence=sentence,
        numbers={
            "windows": count,
            "inside_yearly": before,
            "outside_yearly": after,
            "efficiency": found.efficiency,
            "luck_share": found.luck,
            "stitched_return": stitched_return,
        },
    )
