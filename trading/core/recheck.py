"""The whole gate once more, for an order that has waited: with the account, the halts and the price of now."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from trading.core import guard
from trading.core.orders import claim, reserved
from trading.domain.order import OrderIntent
from trading.domain.risk import Cleared, RiskDecision
from trading.risk.gate import review

if TYPE_CHECKING:
    from trading.core.desk import Desk


def recheck(desk: "Desk", intent: OrderIntent, at: datetime) -> Cleared | RiskDecision:
    """Ask every rule about this very order, as if it had not been reserved yet; it may be made smaller."""
    asked = guard.case(desk, replace(intent, decided_at=at), at)
    account, own = asked.account, next((o for o in asked.live if o.client_id == intent.client_id), None)
    key = (intent.sleeve, intent.symbol)
    pending = list(account.pending)
    if key in pending:
        pending.remove(key)
    cost = Decimal(0)
    if own or key in account.pending:
        cost = claim(own or reserved(intent), desk.instruments[intent.symbol])
    account = replace(account, pending=tuple(pending), committed=account.committed - cost)
    past = asked.past and replace(
        asked.past,
        sent=tuple(
            s
            for s in asked.past.sent
            if (s.at, s.sleeve, s.symbol, s.side) != (intent.decided_at, *key, intent.side)
        ),
    )
    live = tuple(order for order in asked.live if order is not own)
    return review(replace(asked, account=account, past=past, live=live))
