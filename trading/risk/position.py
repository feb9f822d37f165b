"""Rules about what is held: exposure of a symbol, a sleeve, a strategy, all of it; and how many positions."""

from collections.abc import Callable
from decimal import Decimal
from math import inf

from trading.risk.rules import Case, Measure, Rule, counted, of_equity

ZERO = Decimal(0)
Key = tuple[str, str]  # sleeve, symbol
Chosen = Callable[[Case], Callable[[Key], bool]]


def symbol_of(case: Case) -> Callable[[Key], bool]:
    return lambda key: key[1] == case.intent.symbol


def sleeve_of(case: Case) -> Callable[[Key], bool]:
    return lambda key: key[0] == case.intent.sleeve


def strategy_of(case: Case) -> Callable[[Key], bool]:
    """Every sleeve that runs the strategy of this order; a sleeve nobody knows is one of its own."""
    known = case.strategies
    mine = known.get(case.intent.sleeve, case.intent.sleeve)
    return lambda key: known.get(key[0], key[0]) == mine


def all_of_it(case: Case) -> Callable[[Key], bool]:
    return lambda key: True


def at_work(case: Case, chosen: Chosen) -> Decimal:
    """Money at work in the chosen part of the account, this order left out."""
    belongs = chosen(case)
    return sum((value for key, value in case.exposures.items() if belongs(key)), ZERO)


def _exposure(name: str, reason: str, setting: str, chosen: Chosen, limit: Callable[[Case], float]) -> Rule:
    """A rule about one part of the account: what is at work there and this order together."""

    def measure(case: Case) -> Measure | None:
        most = limit(case)
        if most == inf:
            return None
        return Measure(at_work(case, chosen) + case.value, Decimal(str(most)) * case.equity)

    def largest(case: Case, found: Measure) -> Decimal:
        return (Decimal(found.limit) - at_work(case, chosen)) / case.intent.price_at_decision

    return Rule(name=name, reason=reason, measure=measure, words=of_equity, largest=largest, setting=setting)


symbol_exposure = _exposure(
    "R31 symbol-exposure",
    reason="too much would be in this symbol",
    setting="symbol_exposure",
    chosen=symbol_of,
    limit=lambda case: case.limits.symbol_exposure,
)
sleeve_exposure = _exposure(
    "R32 sleeve-exposure",
    reason="too much would be with this sleeve",
    setting="sleeve_exposure",
    chosen=sleeve_of,
    limit=lambda case: min(case.limits.sleeve_exposure, case.own.exposure),
)
strategy_exposure = _exposure(
    "R33 strategy-exposure",
    reason="too much would be with this strategy",
    setting="strategy_exposure",
    chosen=strategy_of,
    limit=lambda case: case.limits.strategy_exposure,
)
gross_exposure = _exposure(
    "R34 gross-exposure",
    reason="too much would be invested",
    setting="gross_exposure",
    chosen=all_of_it,
    limit=lambda case: case.limits.gross_exposure,
)


def _held(case: Case) -> Measure | None:
    if case.limits.positions == inf:
        return None
    keys: set[Key] = {key for key, value in case.exposures.items() if value}
    return Measure(len(keys | {(case.intent.sleeve, case.intent.symbol)}), case.limits.positions)


positions = Rule(
    name="R35 positions",
    reason="there are enough positions already",
    measure=_held,
    words=counted,
    setting="positions",
)
