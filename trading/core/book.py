"""Fills and prices in, positions, cash and equity out; to the last digit."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from trading.domain.account import Account, Position
from trading.domain.errors import Broken
from trading.domain.order import Deal, Fill
from trading.domain.report import CashFlow

ZERO = Decimal(0)
MOMENT = timedelta(seconds=1)


def day_of(closed_at: datetime) -> date:
    """The UTC day a candle belongs to: the one that closes at midnight is the old day's last."""
    return (closed_at - MOMENT).date()


class Book:
    """One account's money. Every fill is booked once; a fill seen before changes nothing."""

    def __init__(self, name: str, currency: str, cash: Decimal) -> None:
        self.name, self.currency = name, currency
        self.cash = cash
        self.positions: dict[tuple[str, str], Position] = {}
        self.prices: dict[str, Decimal] = {}
        self.peak_equity = cash
        self.day_start_equity = cash
        self.day: date | None = None
        self.fees = ZERO
        self.fills = 0
        self._seen: set[tuple[str, str]] = set()

    @property
    def equity(self) -> Decimal:
        total = self.cash
        for position in self.positions.values():
            total += position.quantity * self.prices[position.symbol]
        return total

    def held(self, sleeve: str, symbol: str) -> Decimal:
        position = self.positions.get((sleeve, symbol))
        return position.quantity if position else ZERO

    def mark(self, at: datetime, prices: dict[str, Decimal]) -> None:
        """Take prices; keeps the highest equity and the equity at the start of the UTC day."""
        today = day_of(at)
        if self.day is None or today > self.day:  # a late candle never turns the day back
            if self.day is not None:
                self.day_start_equity = self.equity
            self.day = today
        self.prices.update(prices)
        equity = self.equity
        if equity > self.peak_equity:
            self.peak_equity = equity

    def apply(self, fill: Fill) -> bool:
        """Book a fill; False when it was booked before."""
        known = (fill.symbol, fill.id)  # some exchanges number the trades of each market by themselves
        if known in self._seen:
            return False
        self._seen.add(known)
        if fill.amount <= 0 or fill.price <= 0:
            raise Broken(
                f"Fill {fill.id} has amount {fill.amount} at price {fill.price}; both must be above zero."
            )
        charged, moved = fill.charged, fill.side.sign * fill.net
        self.cash -= moved * fill.price + charged
        self.fees += charged
        self.fills += 1
        self.prices.setdefault(fill.symbol, fill.price)
        key = (fill.sleeve, fill.symbol)
        position = _after(self.positions.get(key), fill, moved, charged)
        if position is None:
            self.positions.pop(key, None)
        else:
            self.positions[key] = position
        return True

    def settle(self, fills: Sequence[Deal], cash: Decimal, held: Iterable[tuple[str, str]]) -> None:
        """Book fills, each from flat or out of everything, after which somebody has counted the cash and what is held.

        They are not looked for among those that were booked before.
        """
        self.cash = cash
        self.fees = sum((fill.charged for fill in fills), self.fees)
        self.fills += len(fills)
        newest = {(fill.sleeve, fill.symbol): fill for fill in fills}
        for (_, symbol), fill in newest.items():
            self.prices.setdefault(symbol, fill.price)
        self.positions = {
            key: _opened(newest[key], newest[key].net, newest[key].charged)
            if key in newest
            else self.positions[key]
            for key in held
        }

    def move(self, flow: CashFlow) -> None:
        """Money put in or taken out: it moves the marks with it, so that it is neither profit nor loss."""
        before = self.equity
        self.cash += flow.amount
        self._move_marks(before, flow.amount)

    def let_go(self, sleeve: str, symbol: str, amount: Decimal) -> Decimal:
        """Somebody took so much of a position away; what it was worth leaves the marks, too. Answers that worth."""
        position = self.positions[sleeve, symbol]
        left, worth, before = position.quantity - amount, amount * self.prices[symbol], self.equity
        if left == 0:
            del self.positions[sleeve, symbol]
        else:
            self.positions[sleeve, symbol] = replace(position, quantity=left)
        self._move_marks(before, -worth)
        return worth

    def _move_marks(self, before: Decimal, amount: Decimal) -> None:
        """The top keeps its distance as a share of the equity. The day's start is in money, for people, but never so
        low that taking out a profit would leave the day's limit without anything to measure."""
        scaled = moved(self.day_start_equity, before, amount)
        self.peak_equity = moved(self.peak_equity, before, amount)
        self.day_start_equity = max(self.day_start_equity + amount, scaled)

    def forget_peak(self) -> None:
        """Measure drawdown from here on; after an owner lifted a kill."""
        self.peak_equity = self.equity

    def account(self, at: datetime, committed: Decimal, pending: tuple[tuple[str, str], ...]) -> Account:
        """This moment, frozen, for the gate and the chat."""
        return Account(
            name=self.name,
            currency=self.currency,
            cash=self.cash,
            positions=tuple(self.positions.values()),
            prices=dict(self.prices),
            peak_equity=self.peak_equity,
            day_start_equity=self.day_start_equity,
            at=at,
            committed=committed,
            pending=pending,
        )


def moved(mark: Decimal, equity: Decimal, amount: Decimal) -> Decimal:
    """A mark after money came in or went: as far from the equity, as a share of it, as before."""
    after = equity + amount
    if equity <= 0 or after <= 0:
        return max(mark + amount, Decimal(0))
    return mark * after / equity


def _after(position: Position | None, fill: Deal, moved: Decimal, charged: Decimal) -> Position | None:
    """The position once so much has come or gone: opened, added to (average price), reduced, closed, turned round."""
    if position is None:
        return _opened(fill, moved, charged)
    quantity = position.quantity + moved
    if quantity == 0:
        return None
    if position.quantity * moved > 0:
        cost = position.entry_price * position.quantity + fill.price * moved
        return replace(position, quantity=quantity, entry_price=cost / quantity, fees=position.fees + charged)
    if position.quantity * quantity > 0:
        return replace(position, quantity=quantity, fees=position.fees + charged)
    return _opened(fill, quantity, ZERO)


def _opened(fill: Deal, quantity: Decimal, fees: Decimal) -> Position:
    return Position(
        sleeve=fill.sleeve,
        symbol=fill.symbol,
        quantity=quantity,
        entry_price=fill.price,
        opened_at=fill.at,
        fees=fees,
    )
