"""What strategies want: exposures, before sizing turns them into quantities."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A strategy's wanted exposure for one symbol: -1 ... 1, as a share of the sleeve's budget for it."""

    sleeve: str
    symbol: str
    exposure: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The quantity a sleeve wants to hold, after sizing."""

    sleeve: str
    symbol: str
    quantity: Decimal
    exposure: float
    at: datetime
