"""Positions and the account they belong to, as the risk gate and the chat see them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Mode(StrEnum):
    """How far an account's orders go. What each mode is made of: the table in trading/modes.py."""

    BACKTEST = "backtest"
    SHADOW = "shadow"
    PAPER = "paper"
    CANARY = "canary"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What one sleeve holds of one symbol. `quantity` is signed; it is never zero."""

    sleeve: str
    symbol: str
    quantity: Decimal
    entry_price: Decimal
    opened_at: datetime
    fees: Decimal

    def unrealised(self, price: Decimal) -> Decimal:
        """Profit if it were closed at `price`, before the closing fee."""
        return (price - self.entry_price) * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One moment of an account: what the gate judges an intent by. All money in `currency`."""

    name: str
    currency: str
    cash: Decimal
    positions: tuple[Position, ...]
    prices: dict[str, Decimal]
    peak_equity: Decimal
    day_start_equity: Decimal
    at: datetime
    committed: Decimal  # cash that live entries will take
    pending: tuple[tuple[str, str], ...]  # (sleeve, symbol) with a live order

    @property
    def equity(self) -> Decimal:
        return self.cash + sum((p.quantity * self.prices[p.symbol] for p in self.positions), Decimal(0))

    @property
    def drawdown(self) -> float:
        """Fall from the highest equity so far, 0 ... 1."""
        return float(1 - self.equity / self.peak_equity) if self.peak_equity > 0 else 0.0

    @property
    def day_change(self) -> float:
        """Equity against the start of the UTC day, as a ratio (-0.02 is two per cent down)."""
        return float(self.equity / self.day_start_equity - 1) if self.day_start_equity > 0 else 0.0
