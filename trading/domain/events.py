"""Everything that can happen. Events are past tense, frozen, and carry their own time."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.approval import Approval
from trading.domain.depth import Depth
from trading.domain.live import Attempt, Difference, KillReceipt
from trading.domain.market import Candle
from trading.domain.order import Fill, Order
from trading.domain.protection import RestingStop
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
    too_large: bool = False  # refused, and a smaller sale of the same may pass: it is asked for at once


@dataclass(frozen=True, slots=True)
class OrderFilled:
    at: datetime
    fill: Fill


@dataclass(frozen=True, slots=True)
class CashMoved:
    at: datetime
    flow: CashFlow


@dataclass(frozen=True, slots=True)
class CoinsGone:
    """A person took what the bot held (sold or withdrawn by hand): no trade of ours, neither profit nor loss."""

    at: datetime
    sleeve: str
    symbol: str
    amount: Decimal


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
class RebalanceAsked:
    """A person wants every position put back to its part of its sleeve's budget."""

    at: datetime
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
    """An order book as it was just now, empty where nobody could tell; entries are weighed against it for a minute."""

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


# --- what the exchange account makes known ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """An order waits for a person's button; it is on disk already."""

    at: datetime
    approval: Approval


@dataclass(frozen=True, slots=True)
class ApprovalSettled:
    """What became of a card: every copy of it shows this from now on."""

    at: datetime
    approval: Approval


@dataclass(frozen=True, slots=True)
class OrderParked:
    """Nobody can know by asking whether this order exists: a person decides, or it turns up."""

    at: datetime
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class StopMissing:
    """The exchange did not take a stop: the desk watches its level itself, and tries again."""

    at: datetime
    stop: RestingStop
    reason: str


@dataclass(frozen=True, slots=True)
class StopRests:
    """A stop that was missing rests at the exchange now."""

    at: datetime
    stop: RestingStop


@dataclass(frozen=True, slots=True)
class StopReplaced:
    """A stop was taken back at the exchange by somebody else; a new one rests there."""

    at: datetime
    stop: RestingStop


@dataclass(frozen=True, slots=True)
class DifferenceFound:
    """The exchange says one thing and the books another; entries on these symbols are frozen until it is answered."""

    at: datetime
    difference: Difference


@dataclass(frozen=True, slots=True)
class DifferenceAnswered:
    at: datetime
    difference: Difference


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Ours against theirs found something worth telling; nothing of it was made up."""

    at: datetime
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KillReported:
    """What a kill has done so far at the exchange; told again when more of it is known."""

    at: datetime
    receipt: KillReceipt


DeskEvent = (
    CandlesClosed
    | PricesSeen
    | OrderChanged
    | OrderFilled
    | CashMoved
    | CoinsGone
    | KillAsked
    | KillLifted
    | HaltAsked
    | HaltLifted
    | SleeveChanged
    | RebalanceAsked
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
    | ApprovalAsked
    | ApprovalSettled
    | OrderParked
    | StopMissing
    | StopRests
    | StopReplaced
    | DifferenceFound
    | DifferenceAnswered
    | Reconciled
    | KillReported
)
Event = DeskEvent | News
