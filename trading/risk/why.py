"""Why an order passed or not, and the smallest change that would let it pass."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from math import ceil, floor, isfinite

from trading.domain.order import OrderIntent
from trading.domain.risk import Cleared, HaltKind, Limits, Reading, RiskDecision, Verdict, Why
from trading.risk.gate import ENTRY, explain, review
from trading.risk.limits import LIMITS, Limit, Unit
from trading.risk.rules import Case, Rule
from trading.risk.system import numbers

STEPS = 60  # halvings: finer than any exchange's step
_FINE = {Unit.COUNT: 1, Unit.SHARE: 10_000}  # steps in which people type limits
_NEARLY = 1e-6
# What is over when its limit is loosened beyond what was lost.
_OPENS = {
    "daily_loss": HaltKind.DAILY_LOSS,
    "weekly_loss": HaltKind.WEEKLY_LOSS,
    "monthly_loss": HaltKind.MONTHLY_LOSS,
}
BY_NAME = {rule.name: rule for rule in ENTRY}


def why(case: Case, answer: Cleared | RiskDecision, house: Limits, *, real: bool) -> Why:
    """Every rule about this order in turn, with the numbers the gate compared."""
    intent, verdict = case.intent, Verdict.CLEARED
    if isinstance(answer, RiskDecision):
        verdict = Verdict.REFUSED
    elif answer.intent.amount < intent.amount:
        verdict = Verdict.TRIMMED
    readings = tuple(_with_needed(case, reading, house) for reading in explain(case))
    largest = largest_passing(case) if verdict is Verdict.REFUSED else None
    return Why(
        symbol=intent.symbol,
        sleeve=intent.sleeve,
        intent=intent,
        verdict=verdict,
        readings=readings,
        largest=answer.intent if isinstance(answer, Cleared) else largest,
        real=real,
    )


def largest_passing(case: Case) -> OrderIntent | None:
    """The largest order, up to the one asked for, that every rule lets pass; None when none does."""
    found = numbers.measure(case)
    if found is None or not numbers.holds(found):
        return None  # no size can be judged
    step = case.instrument.amount_step
    least = max(case.instrument.min_amount, case.instrument.min_cost / case.intent.price_at_decision, step)
    low, high = int((least / step).to_integral_value(ROUND_HALF_EVEN)), int(case.intent.amount / step)
    low += low * step < least
    best: OrderIntent | None = None
    if low > high:
        return None
    best = _passed(case, low * step)
    if best is None:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        passed = _passed(case, middle * step)
        if passed is None or passed.amount < middle * step:
            high = middle - 1
        else:
            low, best = middle, passed
    return best


def _passed(case: Case, amount: Decimal) -> OrderIntent | None:
    answer = review(replace(case, intent=replace(case.intent, amount=amount)))
    return answer.intent if isinstance(answer, Cleared) else None


def _with_needed(case: Case, reading: Reading, house: Limits) -> Reading:
    """With the value of its limit that would let this very order pass."""
    if reading.passed or not reading.setting:
        return reading
    limit = LIMITS[reading.setting]
    value = _needed(case, BY_NAME[reading.rule], limit)
    if value is None:
        return reading
    allowed = not limit.looser(value, getattr(house, limit.name))
    return replace(reading, needed=limit.write(value), allowed=allowed)


def _needed(case: Case, rule: Rule, limit: Limit) -> float | None:
    """The strictest value with which this rule lets the order pass; None when even the loosest does not."""
    tight = float(getattr(case.limits, limit.name))
    loose = limit.low if limit.more_is_stricter else limit.high
    if not isfinite(tight) or not _passes(case, rule, limit, loose):
        return None
    for _ in range(STEPS):
        middle = (tight + loose) / 2
        if _passes(case, rule, limit, middle):
            loose = middle
        else:
            tight = middle
    fine = _FINE.get(limit.unit, 100)
    steps = floor(loose * fine + _NEARLY) if limit.more_is_stricter else ceil(loose * fine - _NEARLY)
    typed = steps / fine
    if not _passes(case, rule, limit, typed):  # limits that act when they are reached need a step more
        typed += (-1 if limit.more_is_stricter else 1) / fine
    return min(max(round(typed, 6), limit.low), limit.high)


def _passes(case: Case, rule: Rule, limit: Limit, value: float) -> bool:
    changed = replace(case.limits, **{limit.name: value})  # type: ignore[arg-type]
    halts = case.halts
    if limit.name in _OPENS and limit.looser(value, getattr(case.limits, limit.name)):
        halts = tuple(halt for halt in halts if halt.kind is not _OPENS[limit.name])
    found = rule.measure(replace(case, limits=changed, halts=halts))
    return found is None or rule.holds(found)
