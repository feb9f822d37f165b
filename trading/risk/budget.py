"""How much of each limit is left: the very measures that the rules compare, as money and share."""

from collections.abc import Iterable
from decimal import Decimal
from math import inf, isfinite

from trading.domain.view import Budget
from trading.risk import account, portfolio, position
from trading.risk.rules import Case, Measure, Rule
from trading.risk.system import is_judged

ZERO = Decimal(0)

# name -> the rule that enforces it, and the limit's own name
USUAL = {
    "day": (account.daily_loss, "daily_loss"),
    "week": (account.weekly_loss, "weekly_loss"),
    "month": (account.monthly_loss, "monthly_loss"),
    "drawdown": (account.drawdown, "drawdown"),
    "exposure": (position.gross_exposure, "gross_exposure"),
    "capital": (account.capital, "capital_share"),
}
TAIL = {
    "value_at_risk": (portfolio.value_at_risk, "value_at_risk"),
    "shortfall": (portfolio.shortfall, "shortfall"),
}


def budgets(case: Case) -> tuple[Budget, ...]:
    """Of losses and exposure, cheap enough for every status; `case` is an order of nothing."""
    return tuple(_each(case, USUAL.items()))


def tails(case: Case) -> tuple[Budget, ...]:
    """Of what a bad day would cost: these look at past candles."""
    return tuple(_each(case, TAIL.items()))


def _each(case: Case, rules: Iterable[tuple[str, tuple[Rule, str]]]) -> Iterable[Budget]:
    known = is_judged(case.account)
    for name, (rule, setting) in rules:
        limit = float(getattr(case.limits, setting))
        if not known:
            yield Budget(name=name, limit=limit, used=1.0, left=ZERO)
            continue
        found = rule.measure(case)
        if found is not None:
            yield _budget(name, limit, found)


def _budget(name: str, limit: float, found: Measure) -> Budget:
    """What is unknown, or was reached and stays so for the day, is used up."""
    if found.observed is None or not isfinite(found.observed):
        return Budget(name=name, limit=limit, used=1.0, left=ZERO, reached=found.observed == inf)
    most, observed = Decimal(found.limit), max(Decimal(found.observed), ZERO)
    used = float(observed / most) if most > 0 else 1.0
    return Budget(name=name, limit=limit, used=min(used, 1.0), left=max(most - observed, ZERO))
