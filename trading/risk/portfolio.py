"""Rules about everything together: what moves as one, and what a bad day would cost."""

from collections.abc import Callable
from decimal import Decimal
from math import inf

from trading.risk.rules import Case, Measure, Rule, exact, of_equity

ZERO = Decimal(0)
NEARLY = 0.999999  # so that rounding can never say yes where the exact figure says no


def cluster(case: Case) -> tuple[str, ...] | None:
    """The held symbols that move with the one that is asked for; None where it cannot be known."""
    if case.market is None:
        return None
    return case.market.linked(case.intent.symbol, tuple(case.totals[0]), case.limits.cluster_correlation)


def _together(case: Case) -> Decimal | None:
    """Money at work in the cluster, this order left out."""
    members = cluster(case)
    return None if members is None else sum((case.totals[0][symbol] for symbol in members), ZERO)


def _clustered(case: Case) -> Measure | None:
    limit = case.limits.cluster_exposure
    if limit == inf:
        return None
    held = _together(case)
    return Measure(None if held is None else held + case.value, exact(limit) * case.equity)


def _cluster_room(case: Case, found: Measure) -> Decimal:
    return (Decimal(found.limit) - (_together(case) or ZERO)) / case.intent.price_at_decision


cluster_exposure = Rule(
    name="R36 cluster",
    reason="too much would be in symbols that move together",
    measure=_clustered,
    words=of_equity,
    largest=_cluster_room,
    setting="cluster_exposure",
)


def _far_below(limit: Callable[[Case], float]) -> Callable[[Case], bool]:
    """Whether even the quick bound keeps this limit."""

    def surely(case: Case) -> bool:
        most = case.worst_day
        return most is not None and most <= limit(case) * float(case.equity) * NEARLY

    return surely


def _at_risk(case: Case) -> Measure | None:
    limit = case.limits.value_at_risk
    if limit == inf:
        return None
    day = case.bad_day
    return Measure(None if day is None else day.value_at_risk, limit * float(case.equity))


value_at_risk = Rule(
    name="R38 value-at-risk",
    reason="a bad day would cost too much",
    measure=_at_risk,
    words=of_equity,
    surely=_far_below(lambda case: case.limits.value_at_risk),
    setting="value_at_risk",
)


def _short(case: Case) -> Measure | None:
    limit = case.limits.shortfall
    if limit == inf:
        return None
    day = case.bad_day
    return Measure(None if day is None else day.shortfall, limit * float(case.equity))


shortfall = Rule(
    name="R39 shortfall",
    reason="the bad days would cost too much on average",
    measure=_short,
    words=of_equity,
    surely=_far_below(lambda case: case.limits.shortfall),
    setting="shortfall",
)
