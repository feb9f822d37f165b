"""The settings of what an account is held to: limits of the house, of a sleeve, of a canary, and the calendar."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from trading.settings_notify import duration
from trading.settings_types import Name, Number, Part, Section, Share, Whole, Zone

Wide = Annotated[Part, Field(ge=0, le=10)]  # a share of equity that may be more than all of it
Many = Annotated[Part, Field(ge=0, le=100)]


class Risk(Section):
    """Limits; `trading/risk/limits.py` says of each which rule it belongs to."""

    order_share: Share = 0.30
    daily_loss: Share = 0.05
    weekly_loss: Share = 0.10
    monthly_loss: Share = 0.15
    drawdown: Share = 0.15
    drawdown_warnings: tuple[Share, ...] = (0.08, 0.12)
    losses: Whole = Field(20, ge=0, le=1000)
    volatility: Many = 4.0
    price_band: Share = 0.05
    slippage: Share = 0.01
    liquidity: Many = 0.25
    turnover: Number = Field(0.0, ge=0, le=1e15)
    similar_seconds: Number = Field(10.0, ge=0, le=3600)
    orders_per_hour: Whole = Field(60, ge=0, le=10_000)
    fees_per_hour: Share = 0.01
    symbol_exposure: Wide = 1.0
    sleeve_exposure: Wide = 1.0
    strategy_exposure: Wide = 1.0
    gross_exposure: Wide = 1.0
    positions: Whole = Field(50, ge=0, le=10_000)
    cluster_exposure: Wide = 1.0
    cluster_correlation: Share = 0.8
    value_at_risk: Wide = 0.10
    shortfall: Wide = 0.15


class SleeveRisk(Section):
    """Limits of one sleeve; the stricter of these and the account's counts."""

    order_share: Share = 1.0
    exposure: Share = 1.0
    losses: Whole = Field(1000, ge=0, le=1000)


def _asking_time(text: Any) -> Any:
    length = duration(text) if isinstance(text, str) else None
    if length is None or not 10 <= length.total_seconds() <= 86400:
        raise ValueError("should be a length of time from 10s to 24h, like 10m")
    return text


class Canary(Section):
    """An account that asks before each order."""

    capital_share: Share = 0.10
    ask_for: Annotated[str, BeforeValidator(_asking_time)] = "10m"  # an unanswered card lapses: no trade
    max_drift: Share = 0.005  # how far the price may have moved between question and answer


def _length(text: Any) -> Any:
    if not isinstance(text, str) or (text != "" and duration(text) is None):
        raise ValueError("should be a length of time like 30m or 2h")
    return text


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError("should be a time like 2026-12-16T19:00:00Z")


Length = Annotated[str, BeforeValidator(_length)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class CalendarEvent(Section):
    """Something entries keep away from. A time without an offset is one of `zone`."""

    name: str = Field(min_length=1, max_length=60)
    at: Moment
    zone: Zone = "UTC"
    length: Length = ""  # how long it goes on; empty: a moment
    before: Length = ""  # empty: the calendar's
    after: Length = ""  # likewise
    accounts: tuple[Name, ...] = ()  # empty: all of them


class CalendarSettings(Section):
    """When entries are closed, beside what the rules find."""

    file: str = ""  # an iCal file (.ics)
    before: Length = "30m"
    after: Length = "30m"
    events: tuple[CalendarEvent, ...] = ()

    @model_validator(mode="after")
    def _lengths_are_there(self) -> "CalendarSettings":
        if not self.before or not self.after:
            raise ValueError("should have before and after, each a length of time like 30m or 2h")
        return self
