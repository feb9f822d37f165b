"""Rules about what is held: exposure of a symbol, a sleeve, a strategy, all of it; and how many positions."""

from collections.abc import Callable
from decimal import Decimal
from math import inf

from trading.risk.rules import Case, Measure, Rule, counted, exact, of_equity

ZERO = Decimal(0)
Part = Callable[[Case], Decimal]  # money at work in a part of the account, this order left out


def of_symbol(case: Case) -> Decimal:
    return case.totals[0].get(case.intent.symbol, ZERO)


def of_sleeve(case: Case) -> Decimal:
    return case.totals[1].get(case.intent.sleeve, ZERO)


def of_strategy(case: Case) -> Decimal:
    """Of every sleeve that runs the strategy of this order; a sleeve nobody knows is one of its own."""
    known, sleeve = case.strategies, case.intent.sleeve
    mine = known.get(sleeve, sleeve)
    return sum((value for name, value in case.totals[1].items() if known.get(name, name) == mine), ZERO)


def of_all(case: Case) -> Decimal:
    return case.totals[2]


def _exposure(name: str, reason: str, setting: str, part: Part, limit: Callable[[Case], float]) -> Rule:
    """A rule about one part of the account: what is at work there and this order together."""

    def measure(case: Case) -> Measure | None:
        most = limit(case)
        if most == inf:
            return None
        return Measure(part(case) + case.value, exact(most) * case.equity)

    def largest(case: Case, found: Measure) -> Decimal:
        return (Decimal(found.limit) - part(case)) / case.intent.price_at_decision

    return Rule(name=name, reason=reason, measure=measure, words=of_equity, largest=largest, setting=setting)


symbol_exposure = _exposure(
    "R31 symbol-exposure",
    reason="too much would be in this symbol",
    setting="symbol_exposure",
    part=of_symbol,
    limit=lambda case: case.limits.symbol_exposure,
)
sleeve_exposure = _exposure(
    "R32 sleeve-exposure",
    reason="too much would be with this sleeve",
    setting="sleeve_exposure",
    part=of_sleeve,
    limit=lambda case: min(case.limits.sleeve_exposure, case.own.exposure),
)
strategy_exposure = _exposure(
    "R33 strategy-exposure",
    reason="too much would be with this strategy",
    setting="strategy_exposure",
    part=of_strategy,
    limit=lambda case: case.limits.strategy_exposure,
)
gross_exposure = _exposure(
    "R34 gross-exposure",
    reason="too much would be invested",
    setting="gross_exposure",
    part=of_all,
    limit=lambda case: case.limits.gross_exposure,
)


def _held(case: Case) -> Measure | None:
    if case.limits.positions == inf:
        return None
    held, key = case.exposures, (case.intent.sleeve, case.intent.symbol)
    return Measure(len(held) + (key not in held), case.limits.positions)


positions = Rule(
    name="R35 positions",
    reason="there are enough positions already",
    measure=_held,
    words=counted,
    setting="positions",
)
