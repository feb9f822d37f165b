"""What every risk rule is: a measure of one order against a limit, and the words for both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from trading.domain.account import Account
from trading.domain.depth import Depth
from trading.domain.market import Instrument, exact
from trading.domain.order import Order, OrderIntent, Side
from trading.domain.risk import Closure, Halt, Limits, Reading, RiskDecision, SleeveLimits, Verdict, per_cent
from trading.risk.market import Market
from trading.risk.sent import Sent
from trading.risk.tail import Tail

__all__ = ["Case", "Limits", "Measure", "Number", "Past", "Rule", "exact", "refused", "trimmed"]

Number = Decimal | float
ZERO = Decimal(0)
NO_LIMITS_OF_ITS_OWN = SleeveLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What rules need of the time before: where the periods began, what was sent, what was lost in a row."""

    week_start_equity: Decimal
    month_start_equity: Decimal
    sent: tuple[Sent, ...] = ()  # entries of the last hour, oldest first
    losses: int = 0  # losing trades of this sleeve in a row, within a day


@dataclass(frozen=True, kw_only=True)
class Case:
    """All a rule may look at. What is None is not known: a rule that needs it refuses."""

    intent: OrderIntent
    account: Account
    instrument: Instrument
    limits: Limits
    halts: tuple[Halt, ...]
    live: tuple[Order, ...] = ()  # every order by which money may still move, uncertain ones, too
    past: Past | None = None
    market: Market | None = None
    depth: Depth | None = None
    closure: Closure | None = None
    strategies: Mapping[str, str] = field(default_factory=dict)  # sleeve -> strategy

    @cached_property
    def equity(self) -> Decimal:
        return self.account.equity

    @cached_property
    def value(self) -> Decimal:
        """What this order would move, at the price it was decided on."""
        return self.intent.amount * self.intent.price_at_decision

    @cached_property
    def exposures(self) -> dict[tuple[str, str], Decimal]:
        """Money at work by sleeve and symbol: what is held, and every entry that may still fill."""
        prices = self.account.prices
        found = {(p.sleeve, p.symbol): abs(p.quantity * prices[p.symbol]) for p in self.account.positions}
        for order in self.live:
            intent = order.intent
            if intent.side is Side.BUY and not intent.reduce_only:
                key = (intent.sleeve, intent.symbol)
                left = (intent.amount - order.filled) * intent.price_at_decision
                found[key] = found.get(key, ZERO) + left
        return found

    @cached_property
    def totals(self) -> tuple[dict[str, Decimal], dict[str, Decimal], Decimal]:
        """The same by symbol, by sleeve, and all of it."""
        by_symbol: dict[str, Decimal] = {}
        by_sleeve: dict[str, Decimal] = {}
        total = ZERO
        for (sleeve, symbol), value in self.exposures.items():
            if value:
                by_symbol[symbol] = by_symbol.get(symbol, ZERO) + value
                by_sleeve[sleeve] = by_sleeve.get(sleeve, ZERO) + value
                total += value
        return by_symbol, by_sleeve, total

    @cached_property
    def bad_day(self) -> Tail | None:
        """What a bad day would cost with this order filled; None where a symbol's past is not known."""
        if self.market is None:
            return None
        return self.market.tail(self._values)

    @cached_property
    def worst_day(self) -> float | None:
        """A bound of `bad_day` that is quickly known: as if everything fell together."""
        return None if self.market is None else self.market.at_most(self._values)

    @cached_property
    def _values(self) -> dict[str, float]:
        """Money in each symbol with this order filled."""
        values = {symbol: float(value) for symbol, value in self.totals[0].items()}
        values[self.intent.symbol] = values.get(self.intent.symbol, 0.0) + float(self.value)
        return values

    @property
    def own(self) -> SleeveLimits:
        """The sleeve's own limits."""
        return self.limits.sleeves.get(self.intent.sleeve, NO_LIMITS_OF_ITS_OWN)

    @property
    def at(self) -> datetime:
        return self.intent.decided_at


@dataclass(frozen=True, slots=True)
class Measure:
    """What a rule compares. `observed` None: it could not be known, and that is a no."""

    observed: Number | None
    limit: Number


def within(found: Measure) -> bool:
    """Whether the limit is kept; NaN and the unknown keep no limit."""
    return found.observed is not None and found.observed <= found.limit


def below(found: Measure) -> bool:
    """As `within`, for limits that act the moment they are reached."""
    return found.observed is not None and found.observed < found.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One numbered rule. `measure` gives None where the rule has nothing to say about this order."""

    name: str
    reason: str  # why an order is refused or cut, for people
    measure: Callable[[Case], Measure | None]
    words: Callable[[Case, Measure], tuple[str, str]]  # limit and observed, as people read them
    holds: Callable[[Measure], bool] = within
    largest: Callable[[Case, Measure], Decimal] | None = None  # the amount that would keep the limit
    setting: str = ""
    surely: Callable[[Case], bool] | None = None  # a quick yes that is never wrong; no means: measure
    because: Callable[[Case], str] | None = None  # in place of `reason`, where it depends on the case

    def ask(self, case: Case) -> RiskDecision | None:
        """None when the order may pass; otherwise a smaller order or a refusal."""
        if self.surely is not None and self.surely(case):
            return None
        found = self.measure(case)
        if found is None or self.holds(found):
            return None
        limit, observed = self.words(case, found)
        if self.largest is None or found.observed is None:
            return refused(case, self.name, limit, observed, self.told(case, found))
        return trimmed(case, self.name, self.largest(case, found), limit, observed, self.told(case, found))

    def read(self, case: Case) -> Reading | None:
        """The same comparison, told whether it passes or not."""
        found = self.measure(case)
        if found is None:
            return None
        limit, observed = self.words(case, found)
        passed = self.holds(found)
        reason = "" if passed else self.told(case, found)
        return Reading(
            rule=self.name, limit=limit, observed=observed, passed=passed, reason=reason, setting=self.setting
        )

    def told(self, case: Case, found: Measure) -> str:
        """Why not, for people: that it is too much, or that nobody knows."""
        if _is_unknown(found.observed):
            return NOT_KNOWN
        return self.because(case) if self.because else self.reason


def refused(case: Case, rule: str, limit: str, observed: str, reason: str) -> RiskDecision:
    return RiskDecision(
        verdict=Verdict.REFUSED, intent=case.intent, rule=rule, limit=limit, observed=observed, reason=reason
    )


def trimmed(case: Case, rule: str, amount: Decimal, limit: str, observed: str, reason: str) -> RiskDecision:
    """A smaller order instead; refused when nothing tradable is left."""
    instrument, price = case.instrument, case.intent.price_at_decision
    amount = instrument.amount(max(amount, ZERO))
    if amount == 0 or amount < instrument.min_amount or amount * price < instrument.min_cost:
        return refused(case, rule, limit, observed, reason)
    return RiskDecision(
        verdict=Verdict.TRIMMED,
        intent=replace(case.intent, amount=amount),
        rule=rule,
        limit=limit,
        observed=observed,
        reason=reason,
    )


# --- words ------------------------------------------------------------------------------------------------

UNKNOWN = "unknown"
NOT_KNOWN = "what this rule compares is not known, so nothing is bought"


def of_equity(case: Case, found: Measure) -> tuple[str, str]:
    """Money as shares of equity."""
    return _share(found.limit, case), _share(found.observed, case)


def in_percent(case: Case, found: Measure) -> tuple[str, str]:
    """Ratios as per cent."""
    return _percent(found.limit), _percent(found.observed)


def in_money(case: Case, found: Measure) -> tuple[str, str]:
    return f"{found.limit:.2f}", UNKNOWN if found.observed is None else f"{found.observed:.2f}"


def counted(case: Case, found: Measure) -> tuple[str, str]:
    return f"{found.limit:.0f}", UNKNOWN if found.observed is None else f"{found.observed:.0f}"


def _share(value: Number | None, case: Case) -> str:
    if value is None or _is_unknown(value) or case.equity <= 0:
        return UNKNOWN
    return per_cent(float(value) / float(case.equity))


def _percent(value: Number | None) -> str:
    return UNKNOWN if value is None or _is_unknown(value) else per_cent(float(value))


def _is_unknown(value: Number | None) -> bool:
    """Nothing, or no number."""
    return value is None or value != value
