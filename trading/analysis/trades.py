"""Fills in, round trips out: what was bought, what it was sold for, what is left of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext

from trading.domain.order import Fill, Reason, Side
from trading.domain.report import RoundTrip

_EXACT = Context(prec=60)  # products and sums of exchange amounts never get near it
_READABLE = Context(prec=16)  # averages are quotients: enough digits for any price
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrip:
    """A trade that is not flat yet. `cash` is all money it has moved so far, fees included."""

    sleeve: str
    symbol: str
    side: Side
    entry_at: datetime
    entry_price: Decimal
    quantity: Decimal
    cash: Decimal
    fees: Decimal

    def worth(self, price: Decimal) -> Decimal:
        """Profit of the whole trip if the rest were closed at `price` without a fee."""
        return self.cash + self.quantity * price


def round_trips(fills: Iterable[Fill]) -> tuple[RoundTrip, ...]:
    """Every closed trade, from flat to flat, per sleeve and symbol, in the order they were closed.

    Fills come in the order they happened, their fees in money of the account. Adding averages the entry,
    selling in parts averages the exit; a fill that turns the position round ends one trip and begins the
    next, its fee shared by amount. Profit is exact: the profits of all trips and the cash of all open ones
    add up to the cash that moved.
    """
    return _walk(fills)[0]


def open_trips(fills: Iterable[Fill]) -> tuple[OpenTrip, ...]:
    """What the same fills leave open, in the order it was begun."""
    return _walk(fills)[1]


def split_trips(fills: Iterable[Fill]) -> tuple[tuple[RoundTrip, ...], tuple[OpenTrip, ...]]:
    """`round_trips` and `open_trips` of the same fills, in one go."""
    return _walk(fills)


class _Trip:
    """One trade while it is being read."""

    __slots__ = ("entered", "entry_at", "exited", "fees", "left", "paid", "received", "side")

    def __init__(self, side: Side, entry_at: datetime) -> None:
        self.side, self.entry_at = side, entry_at
        self.entered = self.exited = self.paid = self.received = self.fees = self.left = _ZERO

    def enter(self, amount: Decimal, price: Decimal, fee: Decimal) -> None:
        self.entered += amount
        self.left += amount
        self.paid += amount * price
        self.fees += fee

    def leave(self, amount: Decimal, price: Decimal, fee: Decimal) -> None:
        self.exited += amount
        self.left -= amount
        self.received += amount * price
        self.fees += fee

    @property
    def cash(self) -> Decimal:
        return self.side.sign * (self.received - self.paid) - self.fees

    def closed(self, sleeve: str, symbol: str, at: datetime, reason: Reason) -> RoundTrip:
        return RoundTrip(
            sleeve=sleeve,
            symbol=symbol,
            side=self.side,
            entry_at=self.entry_at,
            entry_price=_READABLE.divide(self.paid, self.entered),
            exit_at=at,
            exit_price=_READABLE.divide(self.received, self.exited),
            amount=self.entered,
            pnl=self.cash,
            fees=self.fees,
            reason=reason,
        )

    def still_open(self, sleeve: str, symbol: str) -> OpenTrip:
        return OpenTrip(
            sleeve=sleeve,
            symbol=symbol,
            side=self.side,
            entry_at=self.entry_at,
            entry_price=_READABLE.divide(self.paid, self.entered),
            quantity=self.side.sign * self.left,
            cash=self.cash,
            fees=self.fees,
        )


def _walk(fills: Iterable[Fill]) -> tuple[tuple[RoundTrip, ...], tuple[OpenTrip, ...]]:
    running: dict[tuple[str, str], _Trip] = {}
    done: list[RoundTrip] = []
    with localcontext(_EXACT):
        for fill in fills:
            key, amount, charged = (fill.sleeve, fill.symbol), fill.net, fill.charged
            trip = running.get(key)
            if trip is None or trip.side is fill.side:
                trip = running.setdefault(key, _Trip(fill.side, fill.at))
                trip.enter(amount, fill.price, charged)
                continue
            closing = min(amount, trip.left)
            fee = charged if closing == amount else _READABLE.divide(charged * closing, amount)
            trip.leave(closing, fill.price, fee)
            if trip.left:
                continue
            done.append(trip.closed(*key, fill.at, fill.reason))
            del running[key]
            if closing < amount:
                running[key] = _Trip(fill.side, fill.at)
                running[key].enter(amount - closing, fill.price, charged - fee)
        return tuple(done), tuple(trip.still_open(*key) for key, trip in running.items())
