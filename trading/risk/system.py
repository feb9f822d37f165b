"""Rules about the house itself: what has been stopped, by whom and why."""

from trading.domain.risk import Halt, HaltKind, RiskDecision
from trading.risk.rules import Case, refused


def not_killed(case: Case) -> RiskDecision | None:
    """R01: after a kill nothing is bought until an owner lifts it."""
    return _stopped(case, "R01 kill", HaltKind.KILL)


def not_paused(case: Case) -> RiskDecision | None:
    """R02: while paused nothing is bought."""
    return _stopped(case, "R02 pause", HaltKind.PAUSE)


def data_is_fresh(case: Case) -> RiskDecision | None:
    """R03: nothing is bought on old prices."""
    return _stopped(case, "R03 feed", HaltKind.FEED)


def journal_is_written(case: Case) -> RiskDecision | None:
    """R04: nothing is bought that could not be written down."""
    return _stopped(case, "R04 journal", HaltKind.STORE)


def nothing_is_broken(case: Case) -> RiskDecision | None:
    """R05: after an invariant failed nothing is bought until a person has looked."""
    return _stopped(case, "R05 broken", HaltKind.BROKEN)


def _stopped(case: Case, rule: str, kind: HaltKind) -> RiskDecision | None:
    halt: Halt | None = next((h for h in case.halts if h.kind is kind), None)
    if halt is None:
        return None
    since = halt.since.strftime("%Y-%m-%d %H:%M UTC")
    reason = f"entries are closed by {halt.by}: {halt.reason}"
    return refused(case, rule, "no halt", f"the halt {halt.kind} since {since}", reason)
