"""The only road to an executor: every rule is asked, and only here an intent becomes cleared."""

from collections.abc import Sequence
from dataclasses import replace

from trading.domain.risk import Cleared, Reading, RiskDecision, Verdict
from trading.risk import account, order, portfolio, position, system
from trading.risk.rules import Case, Rule

ENTRY: Sequence[Rule] = (
    system.not_killed,
    system.not_paused,
    system.data_is_fresh,
    system.journal_is_written,
    system.nothing_is_broken,
    system.calendar,
    system.exchange_answers,
    system.numbers,
    account.drawdown,
    account.daily_loss,
    account.weekly_loss,
    account.monthly_loss,
    account.losses,
    order.volatility,
    order.no_double,
    order.no_short,
    order.price_band,
    order.similar,
    order.order_rate,
    order.turnover,
    order.order_share,
    order.liquidity,
    order.cash,
    account.capital,
    position.positions,
    position.symbol_exposure,
    position.sleeve_exposure,
    position.strategy_exposure,
    position.gross_exposure,
    portfolio.cluster_exposure,
    order.slippage,
    order.fee_rate,
    portfolio.value_at_risk,
    portfolio.shortfall,
)
EXIT: Sequence[Rule] = (order.no_double, order.no_short)


def review(case: Case) -> Cleared | RiskDecision:
    """Ask every rule in turn. The first refusal ends it; a trim goes on with the smaller intent.

    Orders that only reduce a position face the short list: exits stay possible whatever is halted.
    """
    for rule in EXIT if case.intent.reduce_only else ENTRY:
        decision = rule.ask(case)
        if decision is None:
            continue
        if decision.verdict is Verdict.REFUSED:
            return decision
        case = replace(case, intent=decision.intent)
    return Cleared(case.intent)


def explain(case: Case) -> tuple[Reading, ...]:
    """What each rule in turn compares for this very order, also behind the one that refuses it.

    Behind numbers nobody can judge (R08) nothing can be compared, so the list ends there.
    """
    readings: list[Reading] = []
    for rule in EXIT if case.intent.reduce_only else ENTRY:
        reading = rule.read(case)
        if reading is not None:
            readings.append(reading)
        if rule is system.numbers and reading is not None and not reading.passed:
            break
    return tuple(readings)
