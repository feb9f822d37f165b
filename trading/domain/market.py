"""What is traded and how time is cut: timeframes, instruments, candles."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from trading.domain.errors import Refused

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_ONE = Decimal(1)
_MONDAY = 4 * 86400  # 1970-01-05 was a Monday: weeks are counted from it

# No market goes beyond: a bitcoin was 1e11 in the smallest of currencies, of the smallest of coins there are 1e18.
HIGHEST_PRICE = 1e15
MOST_VOLUME = 1e24


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """The length of a candle. Candles sit on a grid that starts at 1970-01-01 UTC (weeks: on Mondays)."""

    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Timeframe":
        """`1m`, `15m`, `4h`, `1d`, `1w`; raises Refused with what would be right."""
        match = re.fullmatch(r"([1-9][0-9]{0,3})([mhdw])", text.strip())
        if match is None:
            raise Refused(
                f"'{text}' is not a timeframe; write a number and m, h, d or w, for instance 15m or 4h."
            )
        return cls(int(match[1]) * _UNITS[match[2]])

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    def floor(self, at: datetime) -> datetime:
        """The open time of the candle that contains `at`."""
        return datetime.fromtimestamp(self.floor_seconds(int(at.timestamp())), UTC)

    def floor_seconds(self, epoch: int) -> int:
        """As `floor`, in whole seconds since 1970."""
        shift = _MONDAY if self.seconds % _UNITS["w"] == 0 else 0
        return (epoch - shift) // self.seconds * self.seconds + shift

    def close_of(self, at: datetime) -> datetime:
        """The close time of the candle that contains `at`."""
        return self.floor(at) + self.length

    def divides(self, other: "Timeframe") -> bool:
        """Whether candles of `other` can be built from candles of this timeframe."""
        return other.seconds % self.seconds == 0

    def __str__(self) -> str:
        for unit in ("w", "d", "h", "m"):
            if self.seconds % _UNITS[unit] == 0:
                return f"{self.seconds // _UNITS[unit]}{unit}"
        return f"{self.seconds}s"


@lru_cache(maxsize=4096, typed=True)
def exact(share: float) -> Decimal:
    """A share or a limit as it was written, as a number that money can be multiplied with."""
    return Decimal(str(share))


def too_much() -> Refused:
    """What to raise where a sum has more digits than are counted (28): no market pays that."""
    return Refused(
        "The money is more than can be counted to the last digit, and more than any market pays; "
        "a strategy that knows the future would make it, and /biascheck finds out."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A market's steps, minimums and fees; the border where float becomes Decimal.

    `price` and `amount` raise Refused for numbers too large to be counted exactly.
    """

    symbol: str
    base: str
    quote: str
    price_step: Decimal
    amount_step: Decimal
    min_amount: Decimal
    min_cost: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    max_amount: Decimal | None = None  # of one order, where the exchange says so
    max_cost: Decimal | None = None

    def price(self, value: float | Decimal) -> Decimal:
        """The nearest price on the grid."""
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
        try:
            return (exact / self.price_step).quantize(_ONE, ROUND_HALF_EVEN) * self.price_step
        except InvalidOperation:
            raise too_much() from None

    def amount(self, value: float | Decimal) -> Decimal:
        """The largest amount on the grid that is not above `value`."""
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
        try:
            return (exact / self.amount_step).quantize(_ONE, ROUND_DOWN) * self.amount_step
        except InvalidOperation:
            raise too_much() from None

    def most(self, price: Decimal) -> Decimal | None:
        """The largest amount that the exchange takes in one order at this price; None: it names no limit."""
        limits = [] if self.max_amount is None else [self.max_amount]
        if self.max_cost is not None and price > 0:
            limits.append(self.max_cost / price)
        return self.amount(min(limits)) if limits else None

    def is_dust(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether so much is less than the exchange takes in one order: nobody can sell it alone."""
        amount = self.amount(abs(quantity))
        return amount <= 0 or amount < self.min_amount or amount * price < self.min_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One closed OHLCV bar. Prices and volume (in base units) are measured, so they are floats."""

    symbol: str
    timeframe: Timeframe
    opened_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def closed_at(self) -> datetime:
        return self.opened_at + self.timeframe.length

    @property
    def sound(self) -> bool:
        """Whether all its prices are numbers that a market can have."""
        return is_price(self.low) and is_price(self.high) and is_price(self.open) and is_price(self.close)


def is_price(value: float) -> bool:
    """Whether a market can have this price; not so what is no number."""
    return 0 < value <= HIGHEST_PRICE
