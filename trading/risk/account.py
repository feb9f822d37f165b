"""Rules about the whole account: what a day, a week, a month lost, the fall from the top, and bad luck in a row."""

from decimal import Decimal
from math import inf

from trading.domain.account import Account
from trading.domain.risk import HaltKind, Limits, per_cent
from trading.risk.rules import UNKNOWN, Case, Measure, Rule, below, counted, exact, of_equity

ZERO = Decimal(0)
TRIFLE = Decimal("1e-9")  # what may be lost where there is nothing to lose


def is_lost(equity: Decimal, top: Decimal, limit: float) -> bool:
    """Whether so large a share of `top` is lost, open positions and fees included. Of nothing, nothing is."""
    if top <= 0:
        return equity < top
    return equity <= top * (1 - exact(limit))


def day_is_lost(account: Account, limits: Limits) -> bool:
    """Whether today's loss has reached its limit."""
    return is_lost(account.equity, account.day_start_equity, limits.daily_loss)


def drawdown_is_reached(account: Account, limits: Limits) -> bool:
    """Whether the fall from the highest equity has reached its limit."""
    return is_lost(account.equity, account.peak_equity, limits.drawdown)


def lost(equity: Decimal, top: Decimal, limit: float) -> Measure:
    """What is lost (a gain is below zero) against what may be lost: the comparison of `is_lost`, in money."""
    if top <= 0:
        return Measure(top - equity, TRIFLE)
    return Measure(top - equity, top * exact(limit))


def _day(case: Case) -> Measure:
    if any(halt.kind is HaltKind.DAILY_LOSS for halt in case.halts):
        return Measure(inf, case.limits.daily_loss)  # it was reached today, whatever was won back since
    return lost(case.equity, case.account.day_start_equity, case.limits.daily_loss)


def _day_words(case: Case, found: Measure) -> tuple[str, str]:
    return _lost_words(case, found, case.account.day_start_equity, case.limits.daily_loss)


daily_loss = Rule(
    name="R10 daily-loss",
    reason="today's loss limit is reached; entries open again at 00:00 UTC",
    measure=_day,
    words=_day_words,
    holds=below,
    setting="daily_loss",
)


def _fall(case: Case) -> Measure:
    return lost(case.equity, case.account.peak_equity, case.limits.drawdown)


def _fall_words(case: Case, found: Measure) -> tuple[str, str]:
    below_top = f"{per_cent(case.limits.drawdown)} below the highest"
    return below_top, f"{per_cent(case.account.drawdown)} below the highest"


drawdown = Rule(
    name="R11 drawdown",
    reason="the drawdown limit is reached",
    measure=_fall,
    words=_fall_words,
    holds=below,
    setting="drawdown",
)


def _week(case: Case) -> Measure | None:
    limit = case.limits.weekly_loss
    if limit >= 1:
        return None
    if any(halt.kind is HaltKind.WEEKLY_LOSS for halt in case.halts):
        return Measure(inf, limit)
    return (
        Measure(None, limit) if case.past is None else lost(case.equity, case.past.week_start_equity, limit)
    )


def _week_words(case: Case, found: Measure) -> tuple[str, str]:
    start = case.past.week_start_equity if case.past else ZERO
    return _lost_words(case, found, start, case.limits.weekly_loss)


weekly_loss = Rule(
    name="R12 weekly-loss",
    reason="this week's loss limit is reached; entries open again on Monday, 00:00 UTC",
    measure=_week,
    words=_week_words,
    holds=below,
    setting="weekly_loss",
)


def _month(case: Case) -> Measure | None:
    limit = case.limits.monthly_loss
    if limit >= 1:
        return None
    if any(halt.kind is HaltKind.MONTHLY_LOSS for halt in case.halts):
        return Measure(inf, limit)
    return (
        Measure(None, limit) if case.past is None else lost(case.equity, case.past.month_start_equity, limit)
    )


def _month_words(case: Case, found: Measure) -> tuple[str, str]:
    start = case.past.month_start_equity if case.past else ZERO
    return _lost_words(case, found, start, case.limits.monthly_loss)


monthly_loss = Rule(
    name="R13 monthly-loss",
    reason="this month's loss limit is reached; entries open again on the first, 00:00 UTC",
    measure=_month,
    words=_month_words,
    holds=below,
    setting="monthly_loss",
)


def _lost_words(case: Case, found: Measure, start: Decimal, limit: float) -> tuple[str, str]:
    """What may be lost since `start`, and what is."""
    most = f"{per_cent(limit)} lost"
    if start <= 0:
        return most, UNKNOWN
    change = float(case.equity / start - 1)
    share = per_cent(abs(change))
    now = f"{share} lost" if change < 0 else f"{share} gained"
    if found.observed == inf:
        now = f"{now} now; the limit was reached before"
    return most, now


def _in_a_row(case: Case) -> Measure | None:
    limit = min(case.limits.losses, case.own.losses)
    if limit == inf:
        return None
    return Measure(None if case.past is None else case.past.losses, limit)


losses = Rule(
    name="R14 losses-in-a-row",
    reason="this strategy lost too often in a row; it buys again a day after the last loss",
    measure=_in_a_row,
    words=counted,
    holds=below,
    setting="losses",
)


def _at_work(case: Case) -> Measure | None:
    limit = case.limits.capital_share
    if limit == inf:
        return None
    return Measure(case.totals[2] + case.value, exact(limit) * case.equity)


def _room(case: Case, found: Measure) -> Decimal:
    return (Decimal(found.limit) - case.totals[2]) / case.intent.price_at_decision


capital = Rule(
    name="R37 capital",
    reason="an account that asks first, or whose key works from any address, may only put so much of its money to work",
    measure=_at_work,
    words=of_equity,
    largest=_room,
)
