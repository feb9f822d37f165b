"""How an account looks right now, as plain data for chats and programs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.account import Mode
from trading.domain.risk import Halt


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An open position at the last close."""

    sleeve: str
    symbol: str
    quantity: Decimal
    entry_price: Decimal
    price: Decimal
    value: Decimal
    unrealised: Decimal
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much of a limit is left: the same numbers the gate enforces. `used` is 0 ... 1."""

    name: str
    limit: float
    used: float
    left: Decimal
    reached: bool = False  # it was, and entries stay closed for the period, whatever was won back


@dataclass(frozen=True, slots=True)
class Record:
    """A sleeve's closed trades, how many it takes before they have a say, and the part it may use because of them."""

    trades: int
    fewest: int
    stake: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeveView:
    """A strategy at work in an account, and its parameters as they are now."""

    name: str
    strategy: str
    summary: str
    enabled: bool
    share: float
    symbols: tuple[str, ...]
    timeframe: str
    params: dict[str, float | int | str | bool]
    exposures: dict[str, float]
    parts: dict[
        str, float | None
    ]  # what a full wish comes to now, as a share of equity, where that ever changes
    record: Record | None = None  # of one that is sized by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One account at one moment."""

    account: str
    mode: Mode
    exchange: str
    currency: str
    equity: Decimal
    cash: Decimal
    start_cash: Decimal
    day_profit: Decimal
    day_change: float
    drawdown: float
    holdings: tuple[Holding, ...]
    halts: tuple[Halt, ...]
    orders_out: int
    budgets: tuple[Budget, ...]
    sleeves: tuple[SleeveView, ...]
    last_candle_at: datetime | None
    trouble: str | None  # why the market is not followed right now
    untraded: tuple[str, ...] = ()  # held or out, and not traded at the exchange any more
    dust: tuple[Holding, ...] = ()  # rests that are too small to be sold: owned, and no position

    @property
    def killed(self) -> bool:
        return any(h.kind == "kill" for h in self.halts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """What happened while the desk was not running."""

    account: str
    since: datetime
    until: datetime
    candles: int
    fills: int
    profit: Decimal
    killed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A day, week or month of an account: profit after fees and cash flows taken out."""

    label: str
    start: datetime
    profit: Decimal
    change: float
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """An account since its start. `paid_in` is all money put in less all taken out."""

    paid_in: Decimal
    fees: Decimal
    total_return: float
    metrics: dict[str, float | None]
