"""Fills in, round trips out: what was bought, what it was sold for, what is left of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Deal, Side
from trading.domain.report import RoundTrip
from trading.domain.trips import Key, Trip, Trips


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


def round_trips(fills: Iterable[Deal], steps: Mapping[str, Decimal] | None = None) -> tuple[RoundTrip, ...]:
    """Every closed trade, from flat to flat, per sleeve and symbol, in the order they were closed.

    Fills come in the order they happened, their fees in money of the account; `steps` are the smallest amounts of
    the markets, below which a rest is nothing (domain.trips says what a trade is). Profit is exact: the profits of
    all trips and the cash of all open ones add up to the cash that moved.
    """
    return _walk(fills, steps)[0]


def open_trips(fills: Iterable[Deal]) -> tuple[OpenTrip, ...]:
    """What the same fills leave open, in the order it was begun."""
    return _walk(fills, None)[1]


def split_trips(
    fills: Iterable[Deal], steps: Mapping[str, Decimal] | None = None
) -> tuple[tuple[RoundTrip, ...], tuple[OpenTrip, ...]]:
    """`round_trips` and `open_trips` of the same fills, in one go."""
    return _walk(fills, steps)


def _walk(
    fills: Iterable[Deal], steps: Mapping[str, Decimal] | None
) -> tuple[tuple[RoundTrip, ...], tuple[OpenTrip, ...]]:
    trips = Trips(steps)
    closed = tuple(trip for fill in fills if (trip := trips.follow(fill)) is not None)
    return closed, still_running(trips)


def still_running(trips: Trips) -> tuple[OpenTrip, ...]:
    """The trades that are not over yet, in the order they were begun."""
    return tuple(_still_open(key, trip) for key, trip in trips.running.items())


def _still_open(key: Key, trip: Trip) -> OpenTrip:
    return OpenTrip(
        sleeve=key[0],
        symbol=key[1],
        side=trip.side,
        entry_at=trip.entry_at,
        entry_price=trip.entry_price,
        quantity=trip.side.sign * trip.left,
        cash=trip.cash,
        fees=trip.fees,
    )
