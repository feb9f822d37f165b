"""How much: from a wanted exposure to a quantity."""

from decimal import Decimal

from trading.domain.market import Instrument, exact

COST_MARGIN = Decimal("1.005")  # fees, slippage and a price that moves before the fill


def fixed_share(
    exposure: float, equity: Decimal, share: float, symbols: int, price: Decimal, instrument: Instrument
) -> Decimal:
    """The sleeve's share of equity, split evenly over its symbols, times the exposure; rounded to the exchange's step.

    Leaves room for fees and slippage, so that a full share never needs more cash than the account has.
    """
    budget = equity * exact(share) / symbols / COST_MARGIN
    wanted = budget * exact(exposure) / price
    return instrument.amount(abs(wanted)).copy_sign(wanted) if wanted else Decimal(0)
