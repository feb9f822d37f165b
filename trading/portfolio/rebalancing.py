"""When a difference from a weight is worth a trade: fees weighed against what the difference costs in growth."""

AVERSION = 1.0  # how much growth a unit of variance costs; 1 is the log investor's


def band(weight: float, cost: float) -> float:
    """How far a market may drift from `weight` (both shares of the budget) before trading it pays for `cost`.

    `cost` is fees and slippage of a trade as a share of its value. The half-width of the no-trade region for small
    proportional costs: (3 c / (2 g) * w^2 (1 - w)^2)^(1/3), Davis and Norman (1990); Shreve and Soner (1994).
    0 without costs; 0 for a weight of nothing or all, where the drift cannot lie on both sides.
    """
    if not 0 < weight < 1 or cost <= 0:
        return 0.0
    return float((1.5 * cost / AVERSION * weight**2 * (1 - weight) ** 2) ** (1 / 3))
