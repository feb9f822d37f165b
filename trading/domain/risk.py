"""What the risk gate says, what it is held to, and what stops trading."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from math import inf

from trading.domain.order import OrderIntent


def per_cent(share: float) -> str:
    """5%, 12.5%, 0.4%, 0.025%: as many digits as the number needs, two that matter where it is tiny."""
    if share and abs(share) < 0.001:
        return f"{share * 100:.2g}%"
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


class Verdict(StrEnum):
    CLEARED = "cleared"
    TRIMMED = "trimmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDecision:
    """One rule's answer. `limit` and `observed` are what was compared, in the rule's own unit."""

    verdict: Verdict
    intent: OrderIntent
    rule: str
    limit: str
    observed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """An intent that passed every rule. Made in trading/risk/gate.py and nowhere else."""

    intent: OrderIntent


class HaltKind(StrEnum):
    """Why entries are closed. The kind decides who may lift it and when it lifts itself."""

    PAUSE = "pause"  # a person asked; a person resumes
    DAILY_LOSS = "daily_loss"  # lifts itself with the next UTC day
    WEEKLY_LOSS = "weekly_loss"  # lifts itself with the next Monday
    MONTHLY_LOSS = "monthly_loss"  # lifts itself with the next month
    CALENDAR = "calendar"  # around an event; lifts itself after it, or when a person skips the event
    FEED = "feed"  # lifts itself when data is fresh again
    EXCHANGE = "exchange"  # it failed again and again; lifts itself after a clean reconcile
    STORE = "store"  # the journal cannot be written; lifts itself when it can
    BROKEN = "broken"  # an invariant failed; a person looks at it and resumes
    KILL = "kill"  # everything is sold and stays stopped until an owner lifts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """No new entries, for a stated reason. Exits and cancels go on (a kill also sells)."""

    kind: HaltKind
    reason: str
    by: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A stretch of time around an event in which nothing is bought."""

    id: str  # the same for the same event, however often the calendar is read
    name: str
    since: datetime
    until: datetime
    begins: datetime | None = None  # the event itself, in the middle of it; None: nobody said
    ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeveLimits:
    """What a single sleeve is held to, beside the account's limits: the stricter of both counts."""

    order_share: float = inf
    exposure: float = inf
    losses: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The owner's limits; shares are of equity. A loss limit of 1 never acts; `inf` and 0 seconds: no limit."""

    order_share: float
    daily_loss: float
    drawdown: float
    weekly_loss: float = 1.0
    monthly_loss: float = 1.0
    drawdown_warnings: tuple[float, ...] = ()
    losses: float = inf  # losing trades of a sleeve in a row, within a day
    volatility: float = inf  # of a symbol over the last day, annualised
    price_band: float = inf  # how far an order's price may lie from the market's
    slippage: float = inf  # what the order book says an order would cost beyond the best price
    liquidity: float = inf  # the part of an usual hour's trading that one order may be
    turnover: float = 0.0  # what must be traded of a symbol in a day at least
    similar_seconds: float = 0.0  # the same order is not sent twice within
    orders_per_hour: float = inf
    fees_per_hour: float = inf
    symbol_exposure: float = inf
    sleeve_exposure: float = inf
    strategy_exposure: float = inf
    gross_exposure: float = inf
    positions: float = inf
    cluster_exposure: float = inf
    cluster_correlation: float = 0.8  # symbols that move together at least so much are one cluster
    value_at_risk: float = inf  # what a bad day (one in twenty) may cost
    shortfall: float = inf  # what such a day costs on average
    capital_share: float = inf  # what an account that asks first (canary) may have at work
    sleeves: Mapping[str, SleeveLimits] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether only order share, daily loss and drawdown act: then quiet candles can be left out."""
        return (
            all(
                getattr(self, f.name) == f.default
                for f in fields(self)
                if f.name not in ("order_share", "daily_loss", "drawdown", "cluster_correlation", "sleeves")
            )
            and not self.sleeves
        )

    @property
    def needs_history(self) -> bool:
        """Whether a rule looks at past candles."""
        return (
            min(self.volatility, self.liquidity, self.cluster_exposure, self.value_at_risk, self.shortfall)
            < inf
            or self.turnover > 0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One rule about one order: what it compared, and whether the order may pass."""

    rule: str
    limit: str
    observed: str
    passed: bool
    reason: str  # why not; empty when it passed
    setting: str = ""  # the name for /limits set; empty where there is nothing to set
    needed: str = ""  # the value that would let this order pass; empty when it passes, or none would
    allowed: bool = False  # whether the house's limits allow that value


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The last decision about a symbol, rule by rule, with the numbers the gate compared."""

    symbol: str
    sleeve: str
    intent: OrderIntent
    verdict: Verdict
    readings: tuple[Reading, ...]
    largest: OrderIntent | None  # the largest order that would pass; None when none does
    real: bool  # False: nothing was asked yet, so this is what a buy would meet now


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """A limit as it is now."""

    name: str
    rule: str
    help: str
    value: float
    shown: str  # as people read it
    house: str  # the loosest there may be, as people read it
    changed: bool  # by a person, at run time


class Group(StrEnum):
    """What a limit is about, in the order they are shown."""

    LOSSES = "losses"
    AT_WORK = "at_work"
    BAD_DAY = "bad_day"
    PACE = "pace"
    MARKETS = "markets"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A limit and how far it is used as the account stands; limits about each order alone are used by nothing."""

    name: str
    rule: str
    help: str
    group: Group
    limit: str  # as people read it
    observed: str  # likewise; empty where there is nothing to look at
    used: float | None  # 0 ... 1
    what: str  # the market, sleeve or cluster it is used by most; empty: the whole account
    broken: bool  # the account is beyond it


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """What setting a limit would do, or did."""

    name: str
    before: str
    after: str
    looser: bool
    sells: bool  # the account is beyond it already: everything would be sold at once
    beyond: Watched | None = None  # what the account is beyond already; None: it keeps the new limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An event of the calendar: when nothing is bought, and whether a person let it pass."""

    closure: Closure
    skipped: bool
    now: bool
