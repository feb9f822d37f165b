"""Everything that can happen. Events are past tense, frozen, and carry their own time."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.depth import Depth
from trading.domain.market import Candle
from trading.domain.order import Fill, Order
from trading.domain.report import CashFlow
from trading.domain.risk import Closure, Halt, HaltKind, Limits, RiskDecision
from trading.domain.signal import Signal

# --- what comes into the desk -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CandlesClosed:
    """Every candle of the base timeframe that closed at `at`, one per symbol, in order, once each."""

    at: datetime
    candles: tuple[Candle, ...]


@dataclass(frozen=True, slots=True)
class PricesSeen:
    """The first prices after a close (the next candle's open) or a fresh quote: orders in the simulation fill here."""

    at: datetime
    prices: dict[str, float]


@dataclass(frozen=True, slots=True)
class OrderChanged:
    at: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class OrderFilled:
    at: datetime
    fill: Fill


@dataclass(frozen=True, slots=True)
class CashMoved:
    at: datetime
    flow: CashFlow


@dataclass(frozen=True, slots=True)
class KillAsked:
    """A person, the file or a rule wants everything sold and stopped."""

    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class KillLifted:
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class HaltAsked:
    at: datetime
    kind: HaltKind
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class HaltLifted:
    at: datetime
    kind: HaltKind
    by: str


@dataclass(frozen=True, slots=True)
class SleeveChanged:
    """A sleeve was switched on or off, or its parameters were set; `params` are complete and validated."""

    at: datetime
    sleeve: str
    enabled: bool
    params: dict[str, float | int | str | bool]
    by: str


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """From now on the rules hold the account to these."""

    at: datetime
    limits: Limits
    by: str


@dataclass(frozen=True, slots=True)
class CalendarChanged:
    """From now on entries are closed in these stretches of time, and in no others."""

    at: datetime
    closures: tuple[Closure, ...]
    by: str


@dataclass(frozen=True, slots=True)
class DepthSeen:
    """An order book as it was just now; what entries are weighed against for a minute."""

    at: datetime
    symbol: str
    depth: Depth


# --- what the desk makes known ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignalChanged:
    at: datetime
    signal: Signal
    before: float


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """Refused by us: the gate said no, and which rule with which numbers."""

    at: datetime
    decision: RiskDecision


@dataclass(frozen=True, slots=True)
class TradingHalted:
    at: datetime
    halt: Halt


@dataclass(frozen=True, slots=True)
class TradingResumed:
    at: datetime
    kind: HaltKind
    by: str


@dataclass(frozen=True, slots=True)
class DrawdownWarned:
    """The fall from the highest equity has reached a step before the limit; nothing is done yet."""

    at: datetime
    drawdown: float
    step: float
    limit: float


@dataclass(frozen=True, slots=True)
class SleeveFailed:
    """A strategy could not say what it wants. It buys nothing until it can; what it holds stays."""

    at: datetime
    sleeve: str
    reason: str


@dataclass(frozen=True, slots=True)
class WentFlat:
    """A kill is done: nothing is held and no order is out. `equity` is what is left."""

    at: datetime
    reason: str
    equity: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class FeedLost:
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class FeedRestored:
    at: datetime
    missed: int  # candles filled in afterwards


DeskEvent = (
    CandlesClosed
    | PricesSeen
    | OrderChanged
    | OrderFilled
    | CashMoved
    | KillAsked
    | KillLifted
    | HaltAsked
    | HaltLifted
    | SleeveChanged
    | LimitsChanged
    | CalendarChanged
    | DepthSeen
)
News = (
    SignalChanged
    | OrderRefused
    | TradingHalted
    | TradingResumed
    | DrawdownWarned
    | SleeveFailed
    | WentFlat
    | FeedLost
    | FeedRestored
)
Event = DeskEvent | News
