"""From flat to flat: the one reading of fills as trades, for reports, for sizes and for the losses that are counted."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Context, Decimal, localcontext
from typing import Any

from trading.domain.account import Position
from trading.domain.order import Deal, Reason, Side
from trading.domain.report import RoundTrip

_EXACT = Context(prec=60)  # products and sums of exchange amounts never get near it
_READABLE = Context(prec=16)  # averages are quotients: enough digits for any price
_ZERO = Decimal(0)

Key = tuple[str, str]
_MONEY = ("entered", "left", "paid", "exited", "received", "fees")


class Trip:
    """One trade of a sleeve in a symbol while it is open: what was bought and sold of it so far, fees included."""

    __slots__ = ("entered", "entry_at", "exited", "fees", "left", "paid", "received", "side")

    def __init__(self, side: Side, entry_at: datetime) -> None:
        self.side, self.entry_at = side, entry_at
        self.entered = self.exited = self.paid = self.received = self.fees = self.left = _ZERO

    def enter(self, amount: Decimal, price: Decimal, fee: Decimal) -> None:
        self.entered = _EXACT.add(self.entered, amount)
        self.left = _EXACT.add(self.left, amount)
        self.paid = _EXACT.fma(amount, price, self.paid)
        self.fees = _EXACT.add(self.fees, fee)

    def leave(self, amount: Decimal, price: Decimal, fee: Decimal) -> None:
        self.exited = _EXACT.add(self.exited, amount)
        self.left = _EXACT.subtract(self.left, amount)
        self.received = _EXACT.fma(amount, price, self.received)
        self.fees = _EXACT.add(self.fees, fee)

    @property
    def cash(self) -> Decimal:
        """All money it has moved so far, fees included."""
        out, back = (self.paid, self.received) if self.side is Side.BUY else (self.received, self.paid)
        return _EXACT.subtract(_EXACT.subtract(back, out), self.fees)

    @property
    def entry_price(self) -> Decimal:
        return _READABLE.divide(self.paid, self.entered)

    def closed(self, key: Key, at: datetime, reason: Reason) -> RoundTrip:
        return RoundTrip(
            sleeve=key[0],
            symbol=key[1],
            side=self.side,
            entry_at=self.entry_at,
            entry_price=self.entry_price,
            exit_at=at,
            exit_price=_READABLE.divide(self.received, self.exited),
            amount=self.entered,
            pnl=self.cash,
            fees=self.fees,
            reason=reason,
        )


class Trips:
    """Fills in, closed trades out. What is not flat yet is in `running`, in the order it was begun.

    Adding averages the entry, selling in parts averages the exit, all of one trade; a fill that turns the position
    round ends one and begins the next, its fee shared by amount. A rest below the market's step, which nobody can
    sell, ends a trade, too: it lies at no cost in the next one. Every fee counts once: profits of closed trades and
    the cash of running ones add up to the cash that moved.
    """

    def __init__(self, steps: Mapping[str, Decimal] | None = None) -> None:
        self.running: dict[Key, Trip] = {}
        self.ended: list[RoundTrip] | None = (
            None  # all that are over, where somebody asks for them afterwards
        )
        self._dust: dict[Key, Decimal] = {}
        self._steps = steps or {}

    def follow(self, fill: Deal) -> RoundTrip | None:
        """The trade that this fill closed, if it did."""
        amount, charged = fill.amount, fill.charged
        if fill.symbol.startswith(f"{fill.fee_currency}/"):  # taken out of what was bought
            with localcontext(_EXACT):
                amount, charged = fill.net, fill.charged
        key = (fill.sleeve, fill.symbol)
        trip = self.running.get(key)
        if trip is None or trip.side is fill.side:
            if trip is None:
                trip = self._begin(key, fill)
            trip.enter(amount, fill.price, charged)
            return None
        closing = min(amount, trip.left)
        fee = charged if closing == amount else _READABLE.divide(_EXACT.multiply(charged, closing), amount)
        trip.leave(closing, fill.price, fee)
        if trip.left and trip.left >= self._steps.get(fill.symbol, _ZERO):
            return None
        if trip.left:
            self._dust[key] = trip.left
        del self.running[key]
        if closing < amount:
            rest, its_fee = _EXACT.subtract(amount, closing), _EXACT.subtract(charged, fee)
            self._begin(key, fill).enter(rest, fill.price, its_fee)
        closed = trip.closed(key, fill.at, fill.reason)
        if self.ended is not None:
            self.ended.append(closed)
        return closed

    def _begin(self, key: Key, fill: Deal) -> Trip:
        trip = self.running[key] = Trip(fill.side, fill.at)
        dust = self._dust.pop(key, _ZERO)
        if fill.side is Side.BUY:
            trip.left = dust
        return trip

    def let_go(self, key: Key, amount: Decimal) -> None:
        """Somebody took so much of it away: neither won nor lost, it leaves the trade as if never bought."""
        trip = self.running.get(key)
        if trip is None:
            self._dust.pop(key, None)
            return
        with localcontext(_EXACT):
            gone = min(amount, trip.left)
            trip.left -= gone
            if not trip.left or gone >= trip.entered:
                del self.running[key]
                return
            trip.paid -= _READABLE.divide(trip.paid * gone, trip.entered)
            trip.entered -= gone

    # --- through a restart ---

    def remember(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "running": [
                [*key, trip.side.value, trip.entry_at.isoformat(), *(str(getattr(trip, m)) for m in _MONEY)]
                for key, trip in self.running.items()
            ],
            "dust": [[*key, str(amount)] for key, amount in self._dust.items()],
        }

    def recall(self, memory: Mapping[str, Any] | None, positions: Mapping[Key, Position]) -> None:
        """Put a remembered state back; what an older version did not write begins with what is held."""
        if memory is None:
            self.running = {key: _of(position) for key, position in positions.items()}
            return
        for sleeve, symbol, side, entry_at, *money in memory["running"]:
            trip = self.running[sleeve, symbol] = Trip(Side(side), datetime.fromisoformat(entry_at))
            for name, value in zip(_MONEY, money, strict=True):
                setattr(trip, name, Decimal(value))
        self._dust = {(sleeve, symbol): Decimal(amount) for sleeve, symbol, amount in memory["dust"]}


def _of(position: Position) -> Trip:
    """A trade that is known by what is left of it only."""
    trip = Trip(Side.BUY if position.quantity > 0 else Side.SELL, position.opened_at)
    trip.enter(abs(position.quantity), position.entry_price, position.fees)
    return trip
