"""How a simulation fills: at which price, how late, how much of a candle's volume, and what a purchase spends."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """The assumptions of one simulation; every report names those that are not the usual ones.

    `at_close` fills at the close an order was decided on: what some other engines assume, and nobody can trade.
    `latency` is what passes between a decision and the exchange: the first open after it counts. `volume_share` is
    the largest part of a candle's volume one may take; the rest of the order is given back, and the desk asks again.
    `all_in` makes every purchase spend this share of the cash at the price it fills at, fee included.
    """

    at_close: bool = False
    latency: timedelta = AT_ONCE
    volume_share: Decimal | None = None
    all_in: Decimal | None = None


USUAL = Filling()
