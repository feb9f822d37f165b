"""An entry that has left the gate, as the rules about pace remember it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Side


@dataclass(frozen=True, slots=True)
class Sent:
    at: datetime
    sleeve: str
    symbol: str
    side: Side
    amount: Decimal
    fee: Decimal  # what it was expected to cost
