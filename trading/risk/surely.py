"""The gate's answer to an ordinary entry, where it is plain: in floats, with margins, never kinder than the rules.

A backtest asks here first. What is not plainly allowed (or cut down by the share an order may take, and by nothing
else) is for the gate itself; a property holds both to the same answers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf
from typing import NamedTuple

from trading.domain.market import Instrument
from trading.domain.order import OrderIntent
from trading.domain.risk import Limits
from trading.risk.rules import exact
from trading.risk.sent import Sent

NEARLY = 1 - 1e-9  # floats may be wrong in the last digits; what is nearer to a limit than this is not plain
HOUR = timedelta(hours=1)


class Lately(NamedTuple):
    """What is known of a symbol's last weeks, or a bound of it: no figure here is below the rules' own."""

    volatility: float
    hourly_turnover: float  # this one is exact
    worst_day: float  # the shortfall of one unit of money


class Before(NamedTuple):
    """What is remembered of the time before an entry."""

    sent: Sequence[Sent]  # entries, the newest last
    losses: int
    lately: Lately | None  # None: not known; then no rule may ask for it
    bad_day: float  # what a bad day of everything held would cost, at most


class Standing(NamedTuple):
    """The account that asks: no halts, nothing under way, its losses far from their limits."""

    equity: Decimal
    cash: Decimal
    at_work: float  # money in all positions
    positions: int  # with the one that is asked for
    before: Before


def cleared(
    intent: OrderIntent, instrument: Instrument, limits: Limits, known: Standing
) -> OrderIntent | None:
    """The entry as it leaves the gate; None where the gate itself must be asked."""
    if limits.sleeves or limits.capital_share != inf or known.equity <= 0:
        return None
    price, equity = intent.price_at_decision, float(known.equity)
    most = exact(limits.order_share) * known.equity
    value = float(intent.amount * price)
    if value > float(most) * NEARLY:
        amount = instrument.amount(most / price)
        if intent.amount * price <= most or amount <= 0 or amount * price < instrument.min_cost:
            return None
        if amount < instrument.min_amount:
            return None
        intent, value = replace(intent, amount=amount), float(amount * price)
    fee = float(instrument.taker_fee)
    if value * (1 + fee) > float(known.cash) * NEARLY or known.positions > limits.positions:
        return None
    whole = min(
        limits.symbol_exposure,
        limits.sleeve_exposure,
        limits.strategy_exposure,
        limits.gross_exposure,
        limits.cluster_exposure,
    )
    if known.at_work + value > whole * equity * NEARLY:
        return None
    kept = is_kept(limits, known.before, at=intent.decided_at, value=value, fee=value * fee, equity=equity)
    return intent if kept else None


def is_kept(limits: Limits, before: Before, *, at: datetime, value: float, fee: float, equity: float) -> bool:
    """Whether the rules about bad luck, pace and past candles allow a purchase of this value."""
    if not (before.losses < limits.losses and _in_pace(limits, before.sent, at, fee, equity)):
        return False
    return not limits.needs_history or _is_calm(limits, before, value, equity)


def _in_pace(limits: Limits, sent: Sequence[Sent], at: datetime, fee: float, equity: float) -> bool:
    """Whether few enough entries left within the hour, none of them in the last seconds."""
    if limits.similar_seconds > 0 and sent and sent[-1].at > at - timedelta(seconds=limits.similar_seconds):
        return False
    if limits.orders_per_hour == inf and limits.fees_per_hour == inf:
        return True
    begin = at - HOUR
    lately = [entry for entry in sent if entry.at > begin]
    if len(lately) + 1 > limits.orders_per_hour:
        return False
    paid = fee + sum(float(entry.fee) for entry in lately)
    return paid <= limits.fees_per_hour * equity * NEARLY


def _is_calm(limits: Limits, before: Before, value: float, equity: float) -> bool:
    """Whether the rules about past candles allow it."""
    found = before.lately
    if found is None:
        return False
    return (
        found.volatility <= limits.volatility * NEARLY
        and found.hourly_turnover * 24 * NEARLY >= limits.turnover
        and value <= found.hourly_turnover * limits.liquidity * NEARLY
        and before.bad_day + value * found.worst_day
        <= min(limits.value_at_risk, limits.shortfall) * equity * NEARLY
    )
