"""Whether an order fits its market, asked before it leaves. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trading.domain.market import Instrument
from trading.domain.order import OrderKind
from trading.exchange.quirks import Quirk
from trading.exchange.translate import instrument
from trading.execution.venue import Request


def misfit(name: str, market: Mapping[str, Any], mode: int, quirk: Quirk, request: Request) -> str | None:
    """What is wrong with the order's size or price, in one sentence; None when it fits."""
    price = request.limit_price or request.stop_price or request.reference_price
    rules = instrument(market, mode, quirk, None if price is None else float(price))
    amount, base = request.amount, rules.base
    if amount <= 0 or rules.amount(amount) != amount:
        return f"{name} takes {base} in steps of {plain(rules.amount_step)}; {plain(amount)} is between two."
    if amount < rules.min_amount:
        return f"{name} takes orders from {plain(rules.min_amount)} {base} on; {plain(amount)} is less."
    most = None if price is None else rules.most(price)
    if most is not None and amount > most:
        return f"{name} takes at most {plain(most)} {base} in one order; {plain(amount)} is more."
    return _price(name, rules, request) or _cost(name, rules, request)


def _price(name: str, rules: Instrument, request: Request) -> str | None:
    for price in (request.limit_price if request.kind is OrderKind.LIMIT else None, request.stop_price):
        if price is not None and (price <= 0 or price % rules.price_step):
            right = plain(rules.price(price))
            return (
                f"{name} takes prices in steps of {plain(rules.price_step)}; {plain(price)} would be {right}."
            )
    return None


def _cost(name: str, rules: Instrument, request: Request) -> str | None:
    price = request.limit_price if request.kind is OrderKind.LIMIT else request.reference_price
    if price is None or request.amount * price >= rules.min_cost:
        return None
    worth = plain(request.amount * price)
    return f"{name} takes orders from {plain(rules.min_cost)} {rules.quote} on; this one is worth {worth}."


def plain(value: Decimal) -> str:
    """A number without an exponent and without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
