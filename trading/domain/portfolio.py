"""A book seen as a whole: what moves together, what bad days would cost, what a rebalance would trade."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Hit:
    """What a scenario does to one position; `loss` is above zero when money is lost."""

    symbol: str
    fall: float
    value: Decimal
    loss: Decimal
    known: bool = True  # False: nobody says how far this one fell, so it falls like the worst of the others


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario does to a book, without any stop or sale on the way down."""

    name: str
    when: str  # empty for a day that was made up
    hits: tuple[Hit, ...]
    equity: Decimal

    @property
    def loss(self) -> Decimal:
        return sum((hit.loss for hit in self.hits), Decimal(0))

    @property
    def share(self) -> float:
        """The loss as a share of the equity before."""
        return float(self.loss / self.equity) if self.equity > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How closely markets moved together: `matrix[i][j]` is -1 ... 1, None where it is not known."""

    symbols: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]
    groups: tuple[tuple[str, ...], ...]  # linked by correlations of at least `together`
    together: float
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class BadDay:
    """What one day in twenty costs at least (`at_risk`) and on average (`shortfall`), in money; the worse of both ways.

    `seen` are the figures of the days as they were, `normal` those of a normal distribution: (at_risk, shortfall).
    """

    at_risk: Decimal
    shortfall: Decimal
    seen: tuple[Decimal, Decimal]
    normal: tuple[Decimal, Decimal]
    equity: Decimal
    parts: tuple[tuple[str, Decimal], ...]  # each position's value at risk, alone
    hours: int  # how many hours of the past this rests on


@dataclass(frozen=True, slots=True)
class Trade:
    """What a rebalance would do to one market of a sleeve; shares are of the sleeve's budget."""

    sleeve: str
    symbol: str
    held: float
    wanted: float
    amount: Decimal  # above zero is bought, below zero is sold, 0 is left alone
    value: Decimal
    fee: Decimal
