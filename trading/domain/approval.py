"""A canary order that waits for a person's button."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.order import OrderIntent


class ApprovalState(StrEnum):
    """Where a card is in its life. All but the first are final."""

    PENDING = "pending"
    APPROVED = "approved"  # used: in the same transaction that let the order leave
    REJECTED = "rejected"  # a person said no
    LAPSED = "lapsed"  # nobody answered in time
    DRIFTED = "drifted"  # price or amount are not those of the question any more; a new card asks
    WITHDRAWN = "withdrawn"  # a kill, a halt, a restart, or the gate today


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One card. What is sent is this intent, never what a message says."""

    id: str
    account: str
    intent: OrderIntent
    price_at_ask: Decimal
    max_drift: float  # how far the price may have moved at the press, as a share of it
    asked_at: datetime
    expires_at: datetime  # for people to read; the deadline itself runs on a clock that cannot be set
    kill_epoch: int  # how many kills this account had seen when it was asked
    state: ApprovalState = ApprovalState.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str = ""

    @property
    def notional(self) -> Decimal:
        """What the order is worth at the price it was asked at."""
        return self.intent.amount * self.price_at_ask

    def drifted_to(self, price: Decimal) -> bool:
        """Whether this price is too far from the one of the question."""
        return abs(price / self.price_at_ask - 1) > Decimal(str(self.max_drift))

    def outdated_by(self, price: Decimal, amount: Decimal) -> bool:
        """Whether a yes to this card is no yes to such an order: a little less is, at a price that hardly moved."""
        least = self.intent.amount * (1 - Decimal(str(self.max_drift)))
        return self.drifted_to(price) or not least <= amount <= self.intent.amount
