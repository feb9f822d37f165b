"""Rules about a single order: its size, its cash, its double."""

from decimal import Decimal

from trading.domain.order import Side
from trading.domain.risk import RiskDecision
from trading.risk.rules import Case, refused, trimmed


def no_double(case: Case) -> RiskDecision | None:
    """R20: one order at a time for a sleeve and symbol."""
    key = (case.intent.sleeve, case.intent.symbol)
    if key not in case.account.pending:
        return None
    return refused(case, "R20 no-double", "1 order", "1 is out", "an order for this symbol is still out")


def order_share(case: Case) -> RiskDecision | None:
    """R21: one order may take at most this share of equity; a larger one is cut down to it."""
    equity, price = case.account.equity, case.intent.price_at_decision
    limit = Decimal(str(case.limits.order_share))
    value = case.intent.amount * price
    if equity > 0 and value <= limit * equity:
        return None
    share = value / equity if equity > 0 else Decimal("inf")
    largest = limit * equity / price if equity > 0 else Decimal(0)
    return trimmed(case, "R21 order-share", largest, f"{limit:.0%}", f"{share:.1%}", "the order is too large")


def cash(case: Case) -> RiskDecision | None:
    """R22: entries are paid from free cash, fees included."""
    if case.intent.side is not Side.BUY:
        return None
    price, fee = case.intent.price_at_decision, case.instrument.taker_fee
    free = case.account.cash - case.account.committed
    needed = case.intent.amount * price * (1 + fee)
    if needed <= free:
        return None
    affordable = free / (price * (1 + fee))
    return trimmed(case, "R22 cash", affordable, f"{free:.2f}", f"{needed:.2f}", "not enough free cash")


def no_short(case: Case) -> RiskDecision | None:
    """R23: on a spot account nothing is sold that is not held."""
    if case.intent.side is Side.BUY:
        return None
    held = sum(
        (
            p.quantity
            for p in case.account.positions
            if (p.sleeve, p.symbol) == (case.intent.sleeve, case.intent.symbol)
        ),
        Decimal(0),
    )
    if case.intent.amount <= held:
        return None
    return refused(case, "R23 no-short", f"{held}", f"{case.intent.amount}", "only what is held can be sold")
