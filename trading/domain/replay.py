"""One closed trade looked at again, and strategies or accounts beside each other."""

from dataclasses import dataclass
from typing import Literal

from trading.domain.market import Candle, Timeframe
from trading.domain.report import EquityPoint, RoundTrip


@dataclass(frozen=True, slots=True)
class Level:
    """A price at which the trade would have been ended, above or below its entry."""

    kind: Literal["stop", "target"]
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A trade with the market around it. `number` counts from the account's first trade and never changes.

    No candles where nobody knows them any more; levels are those of the strategy's settings as they are now, without
    the ones that moved.
    """

    number: int
    trip: RoundTrip
    timeframe: Timeframe
    candles: tuple[Candle, ...]
    levels: tuple[Level, ...]
    moving: bool  # whether there is a stop that moved, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A strategy or an account over a window; `change` is time-weighted, `deepest_fall` 0.25 for a quarter."""

    name: str
    points: tuple[EquityPoint, ...]
    change: float
    deepest_fall: float
    trades: int
