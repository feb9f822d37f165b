"""Rules about the whole account: the day's loss and the fall from the top."""

from decimal import Decimal

from trading.domain.account import Account
from trading.domain.risk import HaltKind, RiskDecision
from trading.risk.rules import Case, Limits, refused


def day_is_lost(account: Account, limits: Limits) -> bool:
    """Whether today's loss, open positions and fees included, has reached its limit."""
    return account.equity <= account.day_start_equity * (1 - Decimal(str(limits.daily_loss)))


def drawdown_is_reached(account: Account, limits: Limits) -> bool:
    """Whether the fall from the highest equity has reached its limit."""
    return account.equity <= account.peak_equity * (1 - Decimal(str(limits.drawdown)))


def daily_loss(case: Case) -> RiskDecision | None:
    """R10: after the day's loss limit no new entries until the next UTC day."""
    if not any(h.kind is HaltKind.DAILY_LOSS for h in case.halts) and not day_is_lost(
        case.account, case.limits
    ):
        return None
    return refused(
        case,
        "R10 daily-loss",
        f"-{case.limits.daily_loss:.1%}",
        f"{case.account.day_change:+.2%}",
        "today's loss limit is reached; entries open again at 00:00 UTC",
    )


def drawdown(case: Case) -> RiskDecision | None:
    """R11: at the drawdown limit nothing is bought; the desk sells everything and stops."""
    if not drawdown_is_reached(case.account, case.limits):
        return None
    return refused(
        case,
        "R11 drawdown",
        f"{case.limits.drawdown:.1%}",
        f"{case.account.drawdown:.2%}",
        "the drawdown limit is reached",
    )
