"""How much of its budget a sleeve uses: divided among its markets, and sized by their swings or its own record."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["equal", "inverse_volatility", "risk_parity", "minimum_variance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """Divide a sleeve's budget among its markets by `method`, over the returns of the last `days`.

    Every `every` days what is held is compared with the weights; a market is traded when it is off by more than
    `band` of the sleeve's budget, and by more than its fees allow (`portfolio.rebalancing`).
    """

    method: str
    days: float = 30.0
    every: float = 1.0
    band: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilitySize:
    """As much of the budget as keeps the yearly volatility at `target` (0.4 is 40 %), never more than all of it."""

    target: float
    days: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AtrSize:
    """As much of the budget as loses `risk` of it when the price falls by `multiple` average true ranges."""

    risk: float
    multiple: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KellySize:
    """At most `fraction` of what the sleeve's own closed trades justify; `begin` before there are enough of them."""

    fraction: float
    begin: float = 0.1


Size = VolatilitySize | AtrSize | KellySize
