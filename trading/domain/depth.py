"""An order book, and what an order of some size would pay in it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Side

ZERO = Decimal(0)
Level = tuple[Decimal, Decimal]  # price, amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The best offers of both sides, the best first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    at: datetime

    def slippage(self, side: Side, amount: Decimal) -> Decimal | None:
        """How much worse than the middle the average price is, as a share; None where the book is too thin."""
        levels = self.asks if side is Side.BUY else self.bids
        if not self.bids or not self.asks or amount <= 0:
            return None
        middle = (self.bids[0][0] + self.asks[0][0]) / 2
        left, cost = amount, ZERO
        for price, offered in levels:
            taken = min(left, offered)
            cost, left = cost + taken * price, left - taken
            if left <= 0:
                return abs(cost / amount / middle - 1)
        return None
