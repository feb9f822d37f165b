"""What happened, measured: round trips, equity curves, reports."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Reason, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """From flat to flat: one closed trade of one sleeve. `pnl` is after fees."""

    sleeve: str
    symbol: str
    side: Side
    entry_at: datetime
    entry_price: Decimal
    exit_at: datetime
    exit_price: Decimal
    amount: Decimal
    pnl: Decimal
    fees: Decimal
    reason: Reason

    @property
    def return_share(self) -> float:
        """Profit as a share of what was paid for the entry."""
        return float(self.pnl / (self.entry_price * self.amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlow:
    """Money put in or taken out; never profit."""

    at: datetime
    amount: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity at one moment, and the cash flows that came with it since the point before."""

    at: datetime
    equity: float
    flow: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A period of one account or backtest: the same shape for the terminal, JSON and the chat."""

    strategy: str
    symbols: tuple[str, ...]
    timeframe: str
    bars: int
    start: datetime
    end: datetime
    initial_equity: Decimal
    final_equity: Decimal
    fees: Decimal
    trades: tuple[RoundTrip, ...]
    equity: tuple[EquityPoint, ...]
    metrics: dict[str, float | None]
    seconds: dict[str, float]
    notes: tuple[str, ...] = ()

    @property
    def total_return(self) -> float:
        return float(self.final_equity / self.initial_equity - 1)
