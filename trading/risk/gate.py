"""The only road to an executor: every rule is asked, and only here an intent becomes cleared."""

from collections.abc import Sequence
from dataclasses import replace

from trading.domain.risk import Cleared, RiskDecision, Verdict
from trading.risk import account, order, system
from trading.risk.rules import Case, Rule

ENTRY: Sequence[Rule] = (
    system.not_killed,
    system.not_paused,
    system.data_is_fresh,
    system.journal_is_written,
    system.nothing_is_broken,
    account.drawdown,
    account.daily_loss,
    order.no_double,
    order.no_short,
    order.order_share,
    order.cash,
)
EXIT: Sequence[Rule] = (order.no_double, order.no_short)


def review(case: Case) -> Cleared | RiskDecision:
    """Ask every rule in turn. The first refusal ends it; a trim goes on with the smaller intent.

    Orders that only reduce a position face the short list: exits stay possible whatever is halted.
    """
    for rule in EXIT if case.intent.reduce_only else ENTRY:
        decision = rule(case)
        if decision is None:
            continue
        if decision.verdict is Verdict.REFUSED:
            return decision
        case = replace(case, intent=decision.intent)
    return Cleared(case.intent)
