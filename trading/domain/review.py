"""A day, week or month of an account looked back upon, and what its sales gained, as plain data."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Side
from trading.domain.report import Allocation, EquityPoint, Month, Portion, RoundTrip
from trading.domain.view import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What an order was filled at, beside the price at which it had been decided."""

    at: datetime
    symbol: str
    sleeve: str
    side: Side
    amount: Decimal
    decided: Decimal
    filled: Decimal

    @property
    def cost(self) -> Decimal:
        """What the difference took; below nothing where the fill was better."""
        return self.side.sign * (self.filled - self.decided) * self.amount

    @property
    def share(self) -> float:
        """The same as a share of the price at the decision."""
        return self.side.sign * float(self.filled / self.decided - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One period of one account. `change` is time-weighted; money that came or went (`flow`) is no profit."""

    account: str
    currency: str
    length: str  # day, week or month
    label: str
    start: datetime
    end: datetime  # of the period, or now where it still runs
    running: bool
    first_equity: float
    last_equity: float
    flow: float
    profit: Decimal
    change: float
    deepest_fall: float  # inside the period, 0 ... 1
    equity: tuple[EquityPoint, ...]
    days: tuple[Period, ...]
    months: tuple[Month, ...]  # all there are, for the table
    trades: tuple[RoundTrip, ...]  # that were closed in it
    by_strategy: tuple[Portion, ...]  # closed in it; what is still open is as it is now
    by_symbol: tuple[Portion, ...]
    traded: Decimal
    fees: Decimal
    slippage: Decimal  # paid beyond the price at which orders were decided; below nothing is better than that
    slips: tuple[Slip, ...]  # order by order, oldest first
    refused: int  # entries, by the risk rules
    stops: int  # times that entries were closed
    invested: float  # share of the equity that is in the market now
    holdings: int
    allocation: tuple[Allocation, ...] = ()  # over the period; empty where prices of it are not to be had

    @property
    def slip_share(self) -> float:
        """What slipped as a share of all that was decided to be traded."""
        decided = sum((slip.decided * slip.amount for slip in self.slips), Decimal(0))
        return float(self.slippage / decided) if decided else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A position, or a part of it, given up: what it brought, what it had cost, and the difference.

    Fees are in both. For a sale that came before its purchase (a short), `at` is when it was bought back.
    """

    at: datetime
    symbol: str
    amount: Decimal
    proceeds: Decimal
    cost: Decimal
    acquired_at: datetime  # when the oldest part of it was begun

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The same sale by both methods."""

    fifo: Sale
    average: Sale


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrated:
    """Days in Seoul of which no won rate is known, though sales of the year hang on them."""

    currency: str
    days: tuple[str, ...]  # 2026-01-31, in order
    inside: bool  # between rates that are there: a hole to be mended, not an end to go on from


@dataclass(frozen=True, slots=True, kw_only=True)
class Won:
    """The sales of a year once more in whole won: one entry for each, None where a rate is missing."""

    sales: tuple[Matched | None, ...]
    unrated: tuple[Unrated, ...]
    trouble: tuple[str, ...]  # why rates that are there cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """Every sale of a year. Amounts are in each market's own money; beside them, in won."""

    year: int
    currency: str
    sales: tuple[Matched, ...]
    other_currencies: tuple[str, ...]  # money that some of these sales are counted in, beside the account's
    unpriced_fees: tuple[tuple[str, Decimal], ...]  # paid in something third; in no cost and no proceeds
    won: Won | None  # None: all of it is in won already
