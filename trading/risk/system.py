"""Rules about the house itself: what has been stopped, by whom and why; and numbers nobody can judge."""

from collections.abc import Callable

from trading.domain.account import Account
from trading.domain.risk import Halt, HaltKind
from trading.risk.rules import Case, Measure, Rule

OPEN, SHUT = Measure(0, 0), Measure(1, 0)


def _halted(name: str, kind: HaltKind) -> Rule:
    """Entries are closed while there is a halt of this kind."""
    return Rule(name=name, reason="", measure=_measured(kind), words=_worded(kind), because=_reason(kind))


def _found(case: Case, kind: HaltKind) -> Halt | None:
    return next((halt for halt in case.halts if halt.kind is kind), None) if case.halts else None


def _measured(kind: HaltKind) -> Callable[[Case], Measure]:
    return lambda case: OPEN if _found(case, kind) is None else SHUT


def _worded(kind: HaltKind) -> Callable[[Case, Measure], tuple[str, str]]:
    def words(case: Case, found: Measure) -> tuple[str, str]:
        halt = _found(case, kind)
        if halt is None:
            return "no halt", "no halt"
        return "no halt", f"the halt {halt.kind} since {halt.since:%Y-%m-%d %H:%M UTC}"

    return words


def _reason(kind: HaltKind) -> Callable[[Case], str]:
    def because(case: Case) -> str:
        halt = _found(case, kind)
        if halt is None:
            return ""
        return f"entries are closed by {halt.by}: {halt.reason}"

    return because


not_killed = _halted("R01 kill", HaltKind.KILL)  # after a kill nothing is bought until an owner lifts it
not_paused = _halted("R02 pause", HaltKind.PAUSE)
data_is_fresh = _halted("R03 feed", HaltKind.FEED)  # nothing is bought on old prices
journal_is_written = _halted("R04 journal", HaltKind.STORE)  # nor what could not be written down
nothing_is_broken = _halted("R05 broken", HaltKind.BROKEN)
exchange_answers = _halted("R07 exchange", HaltKind.EXCHANGE)


def _closed(case: Case) -> Measure:
    return OPEN if case.closure is None else SHUT


def _closed_words(case: Case, found: Measure) -> tuple[str, str]:
    if case.closure is None:
        return "no event", "no event"
    return "no event", f"{case.closure.name} until {case.closure.until:%Y-%m-%d %H:%M UTC}"


calendar = Rule(
    name="R06 calendar",
    reason="entries are closed around an event of the calendar",
    measure=_closed,
    words=_closed_words,
)


def _strange(case: Case) -> Measure:
    """Counts the numbers of this case that are none, or that no order can be judged by."""
    wrong = _unknown(case.account)
    for number in (case.intent.amount, case.intent.price_at_decision):
        wrong += not number.is_finite() or number <= 0
    return Measure(wrong, 0) if wrong else OPEN


def _unknown(account: Account) -> int:
    wrong = 0
    for position in account.positions:
        price = account.prices.get(position.symbol)
        wrong += price is None or not price.is_finite() or price <= 0 or not position.quantity.is_finite()
    return wrong + (not account.cash.is_finite() or not account.committed.is_finite())


def _strange_words(case: Case, found: Measure) -> tuple[str, str]:
    return "none missing", f"{found.observed} missing" if found.observed else "none missing"


numbers = Rule(
    name="R08 numbers",
    reason="a price or an amount is missing, so nothing can be judged",
    measure=_strange,
    words=_strange_words,
)


def is_judged(account: Account) -> bool:
    """Whether the account's own numbers are all known, so that meters and shares mean something."""
    return not _unknown(account)
