"""The gate's answer to an ordinary entry, where it is plain: in floats, with margins, never kinder than the rules.

A backtest asks here first. What is not plainly allowed (or cut down by the share an order may take, and by nothing
else) is for the gate itself; a property holds both to the same answers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
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


class Standing(NamedTuple):
    """The account that asks: no halts, nothing under way, its losses far from their limits."""

    equity: Decimal
    cash: Decimal
    at_work: float  # money in all positions
    positions: int  # with the one that is asked for
    sent: Sequence[Sent]  # entries, the newest last
    losses: int
    lately: Lately | None  # None: not known; then no rule may ask for it
    bad_day: float  # what a bad day of everything held would cost, at most


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
    if not (known.losses < limits.losses and _in_pace(intent, limits, known, value * fee, equity)):
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
    return intent if not limits.needs_history or _is_calm(limits, known, value, equity) else None


def _in_pace(intent: OrderIntent, limits: Limits, known: Standing, fee: float, equity: float) -> bool:
    """Whether few enough entries left within the hour, none of them in the last seconds."""
    if limits.similar_seconds > 0 and known.sent:
        since = intent.decided_at - timedelta(seconds=limits.similar_seconds)
        if known.sent[-1].at > since:
            return False
    if limits.orders_per_hour == inf and limits.fees_per_hour == inf:
        return True
    begin = intent.decided_at - HOUR
    lately = [sent for sent in known.sent if sent.at > begin]
    if len(lately) + 1 > limits.orders_per_hour:
        return False
    paid = fee + sum(float(sent.fee) for sent in lately)
    return paid <= limits.fees_per_hour * equity * NEARLY


def _is_calm(limits: Limits, known: Standing, value: float, equity: float) -> bool:
    """Whether the rules about past candles allow it."""
    found = known.lately
    if found is None:
        return False
    return (
        found.volatility <= limits.volatility * NEARLY
        and found.hourly_turnover * 24 * NEARLY >= limits.turnover
        and value <= found.hourly_turnover * limits.liquidity * NEARLY
        and known.bad_day + value * found.worst_day
        <= min(limits.value_at_risk, limits.shortfall) * equity * NEARLY
    )
