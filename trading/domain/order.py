"""Intents, orders and fills: the life of a trade in plain data."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class OrderKind(StrEnum):
    MARKET = "market"
    LIMIT = "limit"


class OrderStatus(StrEnum):
    """Where an order is in its life; the allowed moves are the table in core/orders.py."""

    WAITING = "waiting"
    SENDING = "sending"
    OPEN = "open"
    PART_FILLED = "part_filled"
    FILLED = "filled"
    CANCELING = "canceling"
    CANCELED = "canceled"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"

    @property
    def is_live(self) -> bool:
        """Whether money may still move because of this order."""
        return self in _LIVE


_LIVE = frozenset(
    {
        OrderStatus.WAITING,
        OrderStatus.SENDING,
        OrderStatus.OPEN,
        OrderStatus.PART_FILLED,
        OrderStatus.CANCELING,
        OrderStatus.UNCERTAIN,
    }
)


class Reason(StrEnum):
    """Why an order was decided."""

    SIGNAL = "signal"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    TIME_STOP = "time_stop"
    DISABLED = "disabled"
    KILL = "kill"
    DRAWDOWN = "drawdown"
    CLOSE = "close"
    REBALANCE = "rebalance"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """A decided order that has not left the house. The same decision always has the same `client_id`.

    `touched` is the price at which the newest candle met a protective level (a stop, a target) that stood before it.
    To an exchange this is a market order like any other; a simulation fills it there, inside that candle.
    """

    client_id: str
    sleeve: str
    symbol: str
    side: Side
    kind: OrderKind
    amount: Decimal
    limit_price: Decimal | None
    reduce_only: bool
    reason: Reason
    price_at_decision: Decimal
    decided_at: datetime
    touched: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An intent and what became of it."""

    intent: OrderIntent
    status: OrderStatus
    filled: Decimal
    average_price: Decimal | None
    fee: Decimal
    changed_at: datetime
    exchange_id: str | None = None
    note: str = ""

    @property
    def client_id(self) -> str:
        return self.intent.client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Money moved. `id` is the exchange's trade id; one fill is booked once, whatever happens."""

    id: str
    client_id: str
    sleeve: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime
    reason: Reason

    @property
    def moves(self) -> tuple[tuple[str, Decimal], ...]:
        """What it did to the balances: of the base, of the quote, and of whatever the fee was paid in."""
        base, _, rest = self.symbol.partition("/")
        signed = self.side.sign * self.amount
        quote = rest.partition(":")[0]
        return ((base, signed), (quote, -signed * self.price), (self.fee_currency, -self.fee))

    @property
    def net(self) -> Decimal:
        """What of the base really came or went: a fee taken out of it counts, too."""
        if _paid_in(self.symbol, self.fee_currency) != "base":
            return self.amount
        return self.amount - self.side.sign * self.fee

    @property
    def charged(self) -> Decimal:
        """The fee as money of the quote. One paid in a third asset is nothing here: it has no price of its own."""
        paid_in = _paid_in(self.symbol, self.fee_currency)
        if paid_in == "base":
            return self.fee * self.price
        return self.fee if paid_in == "quote" else Decimal(0)


class Dealt(NamedTuple):
    """A fill of a backtest before anybody asks for its ids: most are added up and never looked at again.

    It filled as a whole, its fee is in the quote. `part` tells orders of one decision apart.
    """

    account: str
    sleeve: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime
    reason: Reason
    decided_at: datetime
    part: int = 0

    @property
    def net(self) -> Decimal:
        """As of a fill."""
        return self.amount

    @property
    def charged(self) -> Decimal:
        """As of a fill."""
        return self.fee


Deal = Fill | Dealt


@lru_cache(1024)
def _paid_in(symbol: str, currency: str) -> str:
    """Whether this is the market's base, its quote, or a third."""
    if symbol.startswith(f"{currency}/"):
        return "base"
    return "quote" if symbol.partition("/")[2].partition(":")[0] == currency else "third"
