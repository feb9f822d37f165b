"""The limits by name: what each means, what may be written there, and which of two values is the stricter."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum
from math import isfinite
from typing import Any

from trading.domain.errors import Refused
from trading.domain.risk import Limits, per_cent


class Unit(Enum):
    """How a limit is written and read."""

    SHARE = "share"  # 0.05, shown as 5 %
    COUNT = "count"
    MONEY = "money"  # of the account's currency
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit that a person may set."""

    name: str
    rule: str
    unit: Unit
    help: str
    low: float = 0.0
    high: float = 1.0
    more_is_stricter: bool = False

    def looser(self, value: float, than: float) -> bool:
        """Whether `value` allows more."""
        return value < than if self.more_is_stricter else value > than

    def read(self, text: str) -> float:
        """`0.05`, `5%`, `12`; raises Refused saying what would be right."""
        per_cent = self.unit is Unit.SHARE and text.endswith("%")
        try:
            value = float(text.rstrip("%")) / (100 if per_cent else 1)
        except ValueError:
            value = float("nan")
        whole = self.unit is not Unit.COUNT or value.is_integer()
        if text.isascii() and isfinite(value) and self.low <= value <= self.high and whole:
            return value
        raise Refused(f"{self.name} is {self._range}; found '{text}'.")

    @property
    def _range(self) -> str:
        kind = "a whole number" if self.unit is Unit.COUNT else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def write(self, value: float) -> str:
        """As it is typed."""
        return f"{value:.6f}".rstrip("0").rstrip(".")

    def show(self, value: float) -> str:
        """As people read it."""
        match self.unit:
            case Unit.SHARE:
                return per_cent(value)
            case Unit.SECONDS:
                return f"{value:g} s"
        return f"{value:,.0f}"


LIMITS = {
    limit.name: limit
    for limit in (
        Limit(name="order_share", rule="R21", unit=Unit.SHARE, help="the largest single order"),
        Limit(name="daily_loss", rule="R10", unit=Unit.SHARE, help="lost since 00:00 UTC"),
        Limit(name="weekly_loss", rule="R12", unit=Unit.SHARE, help="lost since Monday, 00:00 UTC"),
        Limit(name="monthly_loss", rule="R13", unit=Unit.SHARE, help="lost since the first of the month"),
        Limit(name="drawdown", rule="R11", unit=Unit.SHARE, help="lost since the highest equity"),
        Limit(
            name="losses",
            rule="R14",
            unit=Unit.COUNT,
            high=1000,
            help="losing trades of a strategy in a row, within a day",
        ),
        Limit(
            name="volatility",
            rule="R15",
            unit=Unit.SHARE,
            high=100,
            help="how wild a market may be, as a yearly figure of the last day",
        ),
        Limit(
            name="price_band",
            rule="R24",
            unit=Unit.SHARE,
            help="how far an order's price may be from the market's",
        ),
        Limit(name="slippage", rule="R25", unit=Unit.SHARE, help="what the order book may cost an order"),
        Limit(
            name="liquidity",
            rule="R26",
            unit=Unit.SHARE,
            high=100,
            help="the part of an usual hour's trading one order may be",
        ),
        Limit(
            name="turnover",
            rule="R27",
            unit=Unit.MONEY,
            high=1e15,
            more_is_stricter=True,
            help="what must be traded of a symbol in a day at least",
        ),
        Limit(
            name="similar_seconds",
            rule="R28",
            unit=Unit.SECONDS,
            high=3600,
            more_is_stricter=True,
            help="the same order is not sent twice within",
        ),
        Limit(
            name="orders_per_hour", rule="R29", unit=Unit.COUNT, high=10_000, help="entries within an hour"
        ),
        Limit(name="fees_per_hour", rule="R30", unit=Unit.SHARE, help="fees within an hour"),
        Limit(name="symbol_exposure", rule="R31", unit=Unit.SHARE, high=10, help="money in one symbol"),
        Limit(name="sleeve_exposure", rule="R32", unit=Unit.SHARE, high=10, help="money with one sleeve"),
        Limit(name="strategy_exposure", rule="R33", unit=Unit.SHARE, high=10, help="money with one strategy"),
        Limit(name="gross_exposure", rule="R34", unit=Unit.SHARE, high=10, help="money invested in all"),
        Limit(name="positions", rule="R35", unit=Unit.COUNT, high=10_000, help="positions at once"),
        Limit(
            name="cluster_exposure",
            rule="R36",
            unit=Unit.SHARE,
            high=10,
            help="money in symbols that move together",
        ),
        Limit(
            name="cluster_correlation",
            rule="R36",
            unit=Unit.SHARE,
            help="from how much on symbols count as moving together",
        ),
        Limit(
            name="value_at_risk",
            rule="R38",
            unit=Unit.SHARE,
            high=10,
            help="what a bad day, one in twenty, may cost",
        ),
        Limit(
            name="shortfall",
            rule="R39",
            unit=Unit.SHARE,
            high=10,
            help="what the bad days may cost on average",
        ),
    )
}


def limit_named(name: str) -> Limit:
    """The limit of this name, or of this rule's number; raises Refused with the nearest."""
    asked = name.strip().lower().replace("-", "_")
    if asked in LIMITS:
        return LIMITS[asked]
    by_rule = [limit for limit in LIMITS.values() if limit.rule.lower() == asked]
    if by_rule:
        return by_rule[0]
    near = get_close_matches(asked, LIMITS, 1, cutoff=0.5)
    hint = f"the nearest is '{near[0]}'" if near else "/limits lists them"
    raise Refused(f"There is no limit '{name}'; {hint}.")


def looser_than(limits: Limits, house: Limits) -> Limit | None:
    """The first limit that allows more than the house's; None when all keep within it."""
    for limit in LIMITS.values():
        if limit.looser(getattr(limits, limit.name), getattr(house, limit.name)):
            return limit
    return None


def changed(limits: Limits, values: dict[str, float]) -> Limits:
    """The same limits with these values; names nobody knows any more are left out."""
    known: dict[str, Any] = {name: value for name, value in values.items() if name in LIMITS}
    return replace(limits, **known)
