"""Cases to ask the gate about: an entry of 1 BTC at 100 by an account of 10,000, changed one thing at a time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from tests.builders import START, an_account, an_instrument, an_intent
from trading.domain.order import OrderIntent, Side
from trading.domain.risk import Cleared, Limits, RiskDecision
from trading.risk.gate import review
from trading.risk.market import History, Market
from trading.risk.rules import Case, Past
from trading.risk.sent import Sent

HOUR = 3600
OFF = {"order_share": 1.0, "daily_loss": 1.0, "drawdown": 1.0}
EVEN = Decimal(10_000)


def limits(**changes: Any) -> Limits:
    """Nothing but these limits."""
    return Limits(**OFF | changes)


def past(**changes: Any) -> Past:
    """A week and a month that began with 10,000."""
    return Past(**{"week_start_equity": EVEN, "month_start_equity": EVEN} | changes)


def a_case(held: Limits, intent: OrderIntent | None = None, **changes: Any) -> Case:
    fields: dict[str, Any] = {"account": an_account(), "past": past(), "halts": ()} | changes
    return Case(intent=intent or an_intent(), instrument=an_instrument(), limits=held, **fields)


def asked(held: Limits, intent: OrderIntent | None = None, **changes: Any) -> Cleared | RiskDecision:
    return review(a_case(held, intent, **changes))


def rule(answer: Cleared | RiskDecision) -> str | None:
    """The number of the rule that refused; None when none did."""
    return answer.rule.split()[0] if isinstance(answer, RiskDecision) else None


def amount(answer: Cleared | RiskDecision) -> Decimal:
    """What was let pass."""
    return answer.intent.amount if isinstance(answer, Cleared) else Decimal(0)


def sent(minutes_ago: float, **changes: Any) -> Sent:
    fields: dict[str, Any] = {
        "at": START - timedelta(minutes=minutes_ago),
        "sleeve": "ema_cross",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "amount": Decimal(1),
        "fee": Decimal("0.1"),
    }
    return Sent(**fields | changes)


def market(volume: float = 1000.0, **closes: Any) -> Market:
    """Candles of an hour; `BTC_USDT=[…]` are its closes."""
    known = {
        name.replace("_", "/"): History(
            np.arange(len(prices), dtype=np.int64) * HOUR,
            np.asarray(prices, dtype=np.float64),
            np.full(len(prices), volume),
        )
        for name, prices in closes.items()
    }
    return Market(known.get, HOUR)


def walk(seed: int, bars: int = 200, swing: float = 0.01) -> list[float]:
    """A random market."""
    steps = np.random.default_rng(seed).normal(0, swing, bars)
    return list(100 * np.exp(np.cumsum(steps)))
