"""Targets against positions: the orders that would close the difference."""

import hashlib
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Instrument
from trading.domain.order import OrderIntent, OrderKind, Reason, Side

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]  # ten bits each
_THIRTY = (1 << 30) - 1  # bits: numbers up to there are the quickest to take apart

NO_TRADE_BAND = 0.10  # a changed exposure smaller than this does not pay for its fees


def worth_acting(wanted: float, acted: float) -> bool:
    """Whether an exposure differs enough from the one last acted on. Going flat and turning always do."""
    if wanted == acted:
        return False
    if wanted == 0 or acted == 0 or (wanted > 0) != (acted > 0):
        return True
    return round(abs(wanted - acted), 6) >= NO_TRADE_BAND


def intent_for(
    *,
    account: str,
    sleeve: str,
    instrument: Instrument,
    target: Decimal,
    held: Decimal,
    price: Decimal,
    reason: Reason,
    at: datetime,
) -> OrderIntent | None:
    """The market order that moves `held` to `target`; None when the difference is too small to trade.

    Turning round goes through flat first: one order never both closes and opens.
    """
    if held != 0 and target * held < 0:
        target = Decimal(0)
    difference = target - held
    amount = instrument.amount(abs(difference))
    reduces = abs(target) < abs(held)
    if amount == 0 or (not reduces and _too_small(amount, price, instrument)):
        return None
    side = Side.BUY if difference > 0 else Side.SELL
    return OrderIntent(
        client_id=client_id(account, sleeve, instrument.symbol, side, reason, at),
        sleeve=sleeve,
        symbol=instrument.symbol,
        side=side,
        kind=OrderKind.MARKET,
        amount=amount,
        limit_price=None,
        reduce_only=reduces,
        reason=reason,
        price_at_decision=price,
        decided_at=at,
    )


def client_id(
    account: str, sleeve: str, symbol: str, side: Side, reason: Reason, at: datetime, part: int = 0
) -> str:
    """26 letters that are the same whenever the same decision is made again: after a restart or a double tick.

    `part` tells decisions of one moment apart.
    """
    text = "\x1f".join((account, sleeve, symbol, side, reason, at.isoformat()))
    if part:
        text = f"{text}\x1f{part}"
    number, two = int.from_bytes(hashlib.sha256(text.encode()).digest()[:15]), _PAIRS
    a, b, c, d = number >> 90, number >> 60 & _THIRTY, number >> 30 & _THIRTY, number & _THIRTY
    return (  # one backtest asks for a hundred thousand of them
        f"tw{two[a >> 20]}{two[a >> 10 & 1023]}{two[a & 1023]}{two[b >> 20]}{two[b >> 10 & 1023]}{two[b & 1023]}"
        f"{two[c >> 20]}{two[c >> 10 & 1023]}{two[c & 1023]}{two[d >> 20]}{two[d >> 10 & 1023]}{two[d & 1023]}"
    )


def _too_small(amount: Decimal, price: Decimal, instrument: Instrument) -> bool:
    return amount < instrument.min_amount or amount * price < instrument.min_cost
