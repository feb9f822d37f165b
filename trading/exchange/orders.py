"""ccxt's orders, trades and balances in our words, to the last digit. Pure: ccxt itself is never imported.

The ccxt object they come from parses numbers as text, so nothing has been a float on the way.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from trading.domain.errors import Uncertain
from trading.domain.order import Side
from trading.exchange import ids
from trading.exchange.facts import Facts, Spelling
from trading.execution.venue import Balance, Standing, VenueOrder, VenueTrade, VenueTransfer

PREFIX = "tw"  # how our own ids begin
_OURS = re.compile(rf"{PREFIX}[a-z2-7]{{24}}$")  # behind whatever a stranger puts before it
_EXACT = Decimal("0.00000001")
_STANDING = {
    "open": Standing.OPEN,
    "closed": Standing.FILLED,
    "canceled": Standing.CANCELED,
    "cancelled": Standing.CANCELED,
    "expired": Standing.EXPIRED,
    "expired_in_match": Standing.EXPIRED,
    "rejected": Standing.REJECTED,
}


class Nonsense(Uncertain):
    """An answer that cannot be read as what it should be."""


def spelled(facts: Facts, client_id: str) -> str:
    """Our id as this venue wants it; raises ids.Misfit when it has no spelling for it."""
    if facts.spelling is Spelling.UUID:
        return ids.as_uuid(client_id)
    return ids.plain(client_id, facts.profile.client_id_length, facts.letters)


def unspelled(facts: Facts, text: Any) -> str | None:
    """Our id again; None where an order carries none."""
    if not isinstance(text, str) or text in ("", "0"):
        return None
    if facts.spelling is Spelling.UUID:
        return ids.from_uuid(text, PREFIX)
    ours = None if facts.known else _OURS.search(text)
    return text if ours is None else ours[0]


def order(raw: Any, facts: Facts, symbol: str) -> VenueOrder:
    """A ccxt order. Raises Nonsense when it lacks what every order has."""
    name = facts.profile.name
    if not isinstance(raw, Mapping) or not raw.get("id"):
        raise Nonsense(f"{name} sent an order without a number.")
    standing = _STANDING.get(str(raw.get("status")))
    side = raw.get("side")
    if standing is None or side not in ("buy", "sell"):
        raise Nonsense(f"{name} sent an order that is neither open nor closed.")
    info = raw.get("info") or {}
    told = info.get(
        "executed_volume", raw.get("filled")
    )  # ccxt makes nothing of details whose trades it cannot read
    filled = number(told) or Decimal(0)
    amount = number(raw.get("amount"))
    by_cost = facts.buys_by_cost and side == "buy" and raw.get("type") == "market"
    if amount is None and not by_cost:
        raise Nonsense(f"{name} sent an order without an amount.")
    return VenueOrder(
        exchange_id=str(raw["id"]),
        client_id=unspelled(facts, raw.get("clientOrderId")),
        symbol=str(raw.get("symbol") or symbol),
        side=Side(side),
        amount=filled if amount is None or by_cost else amount,
        price=_above_zero(raw.get("price")) if raw.get("type") != "market" else None,
        filled=filled,
        average_price=_average(raw, filled),
        standing=_settled(standing, filled, filled if by_cost else amount),
        created_at=moment(raw.get("timestamp"), name),
        by_cost=by_cost,
    )


def trade(raw: Any, facts: Facts, symbol: str) -> VenueTrade:
    """A ccxt trade of ours. Raises Nonsense when it lacks what every trade has."""
    name = facts.profile.name
    if not isinstance(raw, Mapping) or not raw.get("id") or raw.get("side") not in ("buy", "sell"):
        raise Nonsense(f"{name} sent a trade without a number or a side.")
    amount, price = number(raw.get("amount")), number(raw.get("price"))
    if amount is None or price is None or amount <= 0 or price <= 0:
        raise Nonsense(f"{name} sent a trade of nothing.")
    fee = raw.get("fee") or {}
    return VenueTrade(
        id=str(raw["id"]),
        exchange_id=str(raw.get("order") or ""),
        symbol=str(raw.get("symbol") or symbol),
        side=Side(raw["side"]),
        amount=amount,
        price=price,
        fee=number(fee.get("cost")) or Decimal(0),
        fee_currency=str(fee.get("currency") or symbol.split("/")[-1]),
        at=moment(raw.get("timestamp"), name),
    )


def trades_of(raw: Any, facts: Facts, symbol: str) -> list[VenueTrade]:
    """The trades that an order's details tell of, each with its share of the order's fee.

    The shares follow from what was paid so far, in the order of time, so that they stay the same when more is
    filled later and always add up to the last digit.
    """
    info = raw.get("info") if isinstance(raw, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(info.get("trades"), list):
        raise Nonsense(f"{facts.profile.name} sent an order without its trades.")
    found = sorted((_detail(row, raw, facts, symbol) for row in info["trades"]), key=lambda t: (t.at, t.id))
    paid = number(info.get("paid_fee")) or Decimal(0)
    funds = sum((one.amount * one.price for one in found), Decimal(0))
    shared, so_far, told = [], Decimal(0), Decimal(0)
    for one in found:
        so_far += one.amount * one.price
        upto = (paid * so_far / funds).quantize(_EXACT)
        shared.append(replace(one, fee=upto - told))
        told = upto
    return shared


def _detail(row: Any, raw: Mapping[str, Any], facts: Facts, symbol: str) -> VenueTrade:
    """One trade inside an order's details, in the raw words that Upbit and Bithumb share."""
    name = facts.profile.name
    if not isinstance(row, Mapping):
        raise Nonsense(f"{name} sent a trade that makes no sense.")
    try:
        at = datetime.fromisoformat(str(row.get("created_at")))
    except ValueError:
        raise Nonsense(f"{name} sent a trade without a time.") from None
    spoken = {"bid": "buy", "ask": "sell"}.get(str(row.get("side")), raw.get("side"))
    seen = {"id": row.get("uuid"), "order": raw.get("id"), "side": spoken}
    seen |= {"amount": row.get("volume"), "price": row.get("price"), "timestamp": int(at.timestamp() * 1000)}
    return trade(seen, facts, symbol)


def balances(raw: Any, name: str) -> dict[str, Balance]:
    """What an account holds, by coin; coins of which there is nothing are left out."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("total"), Mapping):
        raise Nonsense(f"{name} sent balances that make no sense.")
    if not raw["total"] and not raw.get("info"):
        raise Nonsense(f"{name} sent no balances at all.")
    found = {coin: _balance(raw.get(coin)) for coin in raw["total"]}
    return {coin: held for coin, held in found.items() if held is not None and held.total}


def transfer(raw: Any, sign: int, name: str) -> VenueTransfer | None:
    """A deposit (+1) or withdrawal (-1, with what it cost); None while it is under way."""
    if not isinstance(raw, Mapping) or not raw.get("id") or not raw.get("currency"):
        raise Nonsense(f"{name} sent a transfer without a number or a coin.")
    if raw.get("status") != "ok":
        return None
    amount, fee = number(raw.get("amount")), raw.get("fee") or {}
    if amount is None or amount <= 0:
        raise Nonsense(f"{name} sent a transfer of nothing.")
    if sign < 0 and fee.get("currency") == raw["currency"]:
        amount += number(fee.get("cost")) or Decimal(0)
    return VenueTransfer(
        id=str(raw["id"]),
        asset=str(raw["currency"]),
        amount=sign * amount,
        at=moment(raw.get("timestamp"), name),
    )


def number(value: Any) -> Decimal | None:
    """An exact number, or None where there is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return None
    return exact if exact.is_finite() else None


def moment(milliseconds: Any, name: str) -> datetime:
    """A time of ccxt's; raises Nonsense when there is none."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool) or milliseconds < 0:
        raise Nonsense(f"{name} sent an order or a trade without a time.")
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


def once(trades: Iterable[VenueTrade]) -> list[VenueTrade]:
    """Each trade once, the oldest first."""
    unique = {(one.symbol, one.id): one for one in trades}
    return sorted(unique.values(), key=lambda one: (one.at, one.id))


def _average(raw: Mapping[str, Any], filled: Decimal) -> Decimal | None:
    """The average price: from what was paid where that is told, for ccxt rounds its own quotient."""
    info = raw.get("info") or {}
    cost = number(info.get("executed_funds")) or number(raw.get("cost"))
    if not filled:
        return None
    return cost / filled if cost else _above_zero(raw.get("average"))


def _settled(standing: Standing, filled: Decimal, amount: Decimal | None) -> Standing:
    """Cancelled with everything filled is filled: so Upbit closes buys by cost whose last won buy nothing."""
    if standing is Standing.CANCELED and amount is not None and filled == amount and filled:
        return Standing.FILLED
    return standing


def _above_zero(value: Any) -> Decimal | None:
    exact = number(value)
    return exact if exact is not None and exact > 0 else None


def _balance(raw: Any) -> Balance | None:
    if not isinstance(raw, Mapping):
        return None
    free, used, total = (number(raw.get(kind)) for kind in ("free", "used", "total"))
    if free is None and total is not None:
        free = total - (used or Decimal(0))
    if used is None and total is not None and free is not None:
        used = total - free
    return None if free is None else Balance(free, used or Decimal(0))
