"""What trading itself took: money turned over, and what fills cost beyond the price that was seen."""

from collections.abc import Iterable
from decimal import Decimal

from trading.domain.order import Deal, Side


def traded(fills: Iterable[Deal]) -> Decimal:
    """Everything bought and everything sold, in money."""
    return sum((fill.amount * fill.price for fill in fills), Decimal(0))


def slipped(fills: Iterable[Deal], share: Decimal) -> Decimal:
    """What slippage of this share took, where every price was made worse by it. It is inside the profit already."""
    if not share:
        return Decimal(0)
    seen = {Side.BUY: 1 + share, Side.SELL: 1 - share}  # what the price seen was multiplied by
    return sum((fill.amount * fill.price * share / seen[fill.side] for fill in fills), Decimal(0))


def yearly_turnover(money: Decimal, mean_equity: float, days: float) -> float | None:
    """How often a year the whole account was bought or sold; None for less than a day or nothing at work."""
    if days < 1 or mean_equity <= 0:
        return None
    return float(money) / mean_equity / (days / 365)
