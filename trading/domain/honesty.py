"""What honesty checks answer: a verdict in words first, its numbers, and what their pictures are drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading.domain.research import Question

Number = float | int | str | None
_COUNTED = 1e7  # of a gain: what is beyond is nobody's, and its digits say nothing


def gain(share: float) -> str:
    """A gain as it is written in sentences: `+1,049.0%` for 10.49."""
    return f"{share:+,.1%}" if share < _COUNTED else f">{_COUNTED:,.0%}"


class Check(StrEnum):
    """The checks, in the order in which they are told."""

    BIAS = "bias"
    LUCK = "luck"
    SHARPE = "sharpe"
    MONTECARLO = "montecarlo"
    WALKFORWARD = "walkforward"
    SENSITIVITY = "sensitivity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Question):
    """A strategy put to the test: which checks, how many dice, and how many variants were tried before."""

    checks: tuple[Check, ...] = tuple(Check)
    drawdown_limit: float = 0.15  # the account's own limit, as a share of its top
    trials: int = 0  # variants tried before this one was chosen; 0 counts those of the sensitivity map
    runs: int = 1000
    seed: int = 1
    windows: int = 5
    anchored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check: whether it is passed, the sentence that says so, and the numbers behind it.

    A check that cannot be made (no trades, too few candles) is not passed: what was not shown is not known.
    """

    name: str
    check: Check
    passed: bool
    sentence: str
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What chance made of the same trades, as returns (0.1 is +10 %), and what the strategy made of them."""

    outcomes: tuple[float, ...]
    ours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """The score (yearly Sharpe ratio) of neighbouring parameters: `scores[row][column]` belongs to ys[row], xs[column].

    None where nothing could be measured. A strategy with one parameter has one row, and no name for it.
    """

    x_name: str
    xs: tuple[float, ...]
    y_name: str
    ys: tuple[float, ...]
    scores: tuple[tuple[float | None, ...], ...]
    chosen: tuple[int, int]  # row, column


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """All verdicts about one strategy with its parameters on one market."""

    strategy: str
    params: Mapping[str, float | int | bool]
    symbol: str
    timeframe: str
    bars: int
    start: datetime
    end: datetime
    verdicts: tuple[Verdict, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    spread: Spread | None = None
    landscape: Landscape | None = None

    @property
    def passed(self) -> bool:
        """Whether every check that was made is passed: the gate for real money."""
        return bool(self.verdicts) and all(v.passed for v in self.verdicts)

    def of(self, check: Check) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.check is check)
