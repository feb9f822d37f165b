"""What the live executor asks of an exchange, and everything an exchange may answer."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from trading.domain.order import OrderKind, Side


class IdReuse(StrEnum):
    """What a venue does with a client order id it has seen before."""

    OPEN_UNIQUE = (
        "open-unique"  # refused while the first is open, accepted again after: a resend may buy twice
    )
    BURNED = "burned"  # refused for ever, even when nothing came of the first
    IDEMPOTENT = "idempotent"  # answers with the first order
    NONE = "none"  # has no usable client id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The facts of one venue that decide how carefully it must be asked."""

    name: str
    id_reuse: IdReuse
    request_expiry: timedelta | None  # a request older than this is never executed; None: no such promise
    visibility_lag: timedelta  # how long an accepted order may stay invisible to look-ups
    has_trades: bool  # False: fills are read from order details (Upbit, Bithumb)
    has_stops: bool  # whether protective stops can rest at the venue
    dead_man: bool  # whether a cancel-all-after timer exists and spares protective stops
    client_id_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The one order request that may leave: what was gated, and nothing else."""

    client_id: str
    symbol: str
    side: Side
    kind: OrderKind
    amount: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    # What the gate took the price to be. Venues whose market buys name a cost (Upbit, Bithumb, Coinbase) are told
    # amount * reference_price; without it such an order is Denied. What they fill then differs a little from amount.
    reference_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order."""

    exchange_id: str


class Why(StrEnum):
    """Why a venue definitely did not take an order."""

    FUNDS = "funds"
    FILTER = "filter"  # size, step, price, minimum
    MARKET = "market"  # closed, suspended, delisted
    RATE = "rate"
    CLOCK = "clock"
    KEY = "key"  # wrong, without permission, from the wrong address
    NOT_SENT = "not-sent"  # no byte left this machine
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Denied:
    """Definite: the order does not exist and never will."""

    why: Why
    reason: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Nobody knows: to be looked up, never sent again."""

    reason: str


Answer = Accepted | Denied | Doubtful


class Standing(StrEnum):
    """How an order stands at the venue."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """An order as the venue tells it; `client_id` is None for an order that carries none.

    A market buy that named a cost has no amount of its own there: `by_cost` is set and `amount` is what is filled.
    """

    exchange_id: str
    client_id: str | None
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal | None
    filled: Decimal
    average_price: Decimal | None
    standing: Standing
    created_at: datetime
    by_cost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrade:
    """Money moved, as the venue tells it. (symbol, id) names it once and for all."""

    id: str
    exchange_id: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    free: Decimal
    used: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.used


class Unreachable(Exception):
    """A read or cancel did not get an answer. Never to be counted as "not there"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTransfer:
    """A deposit (above zero) or withdrawal (below) that is through."""

    id: str
    asset: str
    amount: Decimal
    at: datetime


class Venue(Protocol):
    """One account at one exchange. Reads may be retried by whoever implements them; `send` never is."""

    @property
    def profile(self) -> Profile: ...

    async def send(self, request: Request) -> Answer:
        """Exactly one request to place exactly this order. Never raises for what an exchange may answer."""

    async def cancel(self, symbol: str, client_id: str, exchange_id: str | None) -> Answer:
        """Ask for an order to be cancelled; one that is closed already is Accepted."""

    async def order(self, symbol: str, client_id: str, exchange_id: str | None) -> VenueOrder | None:
        """The order, or None when the venue says that it knows none. Raises Unreachable for anything else.

        Either name may be missing: an empty `client_id` asks by the venue's own id, for orders of others.
        """

    async def open_orders(self, symbols: Collection[str]) -> list[VenueOrder]: ...

    async def closed_orders(self, symbols: Collection[str], since: datetime) -> list[VenueOrder]: ...

    async def trades(self, symbols: Collection[str], since: datetime) -> list[VenueTrade]:
        """Every trade of this account since then, whoever made it; from order details where there is no list."""

    async def balances(self) -> Mapping[str, Balance]: ...

    async def clock_offset(self) -> timedelta:
        """The venue's clock minus ours, measured now."""


@runtime_checkable
class TellsOrders(Protocol):
    """A venue with a stream of what happens to our orders: a hint, never a fact."""

    def hints(self) -> AsyncIterator[str]:
        """Symbols whose orders have moved. Never raises for what a venue may do; ends where nothing is told."""


@runtime_checkable
class TellsTransfers(Protocol):
    """A venue that may also be asked for deposits and withdrawals; others just do not have this method."""

    async def transfers(self, since: datetime) -> list[VenueTransfer]:
        """Those that are through since then; raises Unreachable."""
