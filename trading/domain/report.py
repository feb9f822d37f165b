"""What happened, measured: round trips, equity curves, reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Candle
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
class Portion:
    """What one symbol or one strategy added: all portions of a report add up to its profit."""

    name: str
    trades: int
    win_rate: float | None
    profit_factor: float | None
    profit: Decimal  # of closed trades, after fees
    open_profit: Decimal  # of what is still held, at the last price
    fees: Decimal
    best: float | None  # trade, as a share of what it cost
    worst: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Buying the same markets in equal parts at the first open and holding them, at the same costs."""

    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    max_drawdown: float | None
    equity: tuple[EquityPoint, ...]  # one point a day


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month (UTC) of a curve; `change` is time-weighted. The first and the last may be parts."""

    year: int
    month: int
    change: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the money was in at one moment: market -> share of the equity."""

    at: datetime
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stopped:
    """When the account's own rules stopped it, and why."""

    at: datetime
    kind: str
    reason: str


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
    fee_share: Decimal = Decimal(0)  # what each fill was charged, as a share
    slippage_share: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)  # money lost to it, inside the prices already
    traded: Decimal = Decimal(0)  # everything bought and sold, in money
    by_symbol: tuple[Portion, ...] = ()
    by_strategy: tuple[Portion, ...] = ()
    months: tuple[Month, ...] = ()
    benchmark: Benchmark | None = None
    glimpse: tuple[Candle, ...] = ()  # a stretch of candles worth looking at trades in
    allocation: tuple[Allocation, ...] = ()  # over time; empty for one market
    refused: tuple[tuple[str, int], ...] = ()  # rule, and how many orders it refused; the busiest first
    refused_of: tuple[
        tuple[str, str, int], ...
    ] = ()  # rule, market and how many; each rule's busiest market first
    stopped: tuple[Stopped, ...] = ()

    @property
    def currency(self) -> str:
        """What the money is counted in."""
        return self.symbols[0].partition("/")[2].partition(":")[0] if self.symbols else ""

    @property
    def total_return(self) -> float:
        return float(self.final_equity / self.initial_equity - 1)
