"""What goes into the store and comes out of it, beside the domain's own types."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from trading.domain.account import Position
from trading.domain.audit import AuditRow
from trading.domain.events import News
from trading.domain.order import Fill, Order
from trading.domain.report import CashFlow, EquityPoint
from trading.domain.risk import Halt
from trading.domain.signal import Signal

__all__ = ["AuditRow", "Params", "SleeveOverride", "Step", "StoredEvent"]

Params = dict[str, float | int | str | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one account's step leaves behind; all steps of a tick are written in one transaction."""

    account: str
    at: datetime
    signals: tuple[Signal, ...] = ()
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    news: tuple[News, ...] = ()
    positions: tuple[Position, ...] | None = None  # None: unchanged; else all there are
    equity: EquityPoint | None = None
    cash: Decimal | None = None  # kept with the equity point
    drawdown: float | None = None  # likewise
    flows: tuple[CashFlow, ...] = ()
    halts: tuple[Halt, ...] | None = None  # None: unchanged; else all there are
    snapshot: dict[str, Any] | None = None  # what a restart needs, as JSON; None: unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A piece of news as it was kept: `kind` is the event's name in snake_case, `facts` its fields."""

    at: datetime
    kind: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeveOverride:
    """What a person changed about a sleeve at run time. `enabled` None: as the settings say."""

    enabled: bool | None = None
    params: Params = field(default_factory=dict)
