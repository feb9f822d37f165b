"""What every risk rule is: a question about one intent, given the account, the limits and the halts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from trading.domain.account import Account
from trading.domain.market import Instrument
from trading.domain.order import OrderIntent
from trading.domain.risk import Halt, RiskDecision, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The owner's limits, as shares of equity. A loss limit of 1 never acts."""

    order_share: float
    daily_loss: float
    drawdown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All a rule may look at."""

    intent: OrderIntent
    account: Account
    instrument: Instrument
    limits: Limits
    halts: tuple[Halt, ...]


Rule = Callable[[Case], RiskDecision | None]


def refused(case: Case, rule: str, limit: str, observed: str, reason: str) -> RiskDecision:
    return RiskDecision(
        verdict=Verdict.REFUSED, intent=case.intent, rule=rule, limit=limit, observed=observed, reason=reason
    )


def trimmed(case: Case, rule: str, amount: Decimal, limit: str, observed: str, reason: str) -> RiskDecision:
    """A smaller order instead; refused when nothing tradable is left."""
    instrument, price = case.instrument, case.intent.price_at_decision
    amount = instrument.amount(max(amount, Decimal(0)))
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
