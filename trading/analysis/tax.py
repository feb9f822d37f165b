"""What each sale gained, first in first out and by moving average: the two ways tax offices know."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext
from enum import StrEnum

from trading.domain.order import Fill, Side
from trading.domain.review import Sale

EXACT = Context(prec=60)
_NONE = Decimal(0)


class Method(StrEnum):
    FIFO = "fifo"
    AVERAGE = "average"


@dataclass(slots=True)
class _Lot:
    """What was bought (or sold short) together: how much is left, and the money it moved, fees in."""

    at: datetime
    amount: Decimal
    money: Decimal

    def take(self, amount: Decimal) -> Decimal:
        """The money of this part of it. The last part takes what is left, so nothing is lost by rounding."""
        money = self.money if amount == self.amount else self.money * amount / self.amount
        self.amount -= amount
        self.money -= money
        return money


class _Pool:
    """Everything held of one market, over all strategies: an account is taxed as one."""

    __slots__ = ("lots", "method", "side")

    def __init__(self, method: Method, side: Side) -> None:
        self.method, self.side = method, side
        self.lots: deque[_Lot] = deque()

    @property
    def held(self) -> Decimal:
        return sum((lot.amount for lot in self.lots), _NONE)

    def add(self, at: datetime, amount: Decimal, money: Decimal) -> None:
        if self.method is Method.AVERAGE and self.lots:
            self.lots[0].amount += amount
            self.lots[0].money += money
        else:
            self.lots.append(_Lot(at, amount, money))

    def take(self, amount: Decimal) -> tuple[Decimal, datetime]:
        """The money of so much, the oldest first, and when the oldest part was begun."""
        begun, money = self.lots[0].at, _NONE
        while amount:
            part = min(amount, self.lots[0].amount)
            money += self.lots[0].take(part)
            amount -= part
            if not self.lots[0].amount:
                self.lots.popleft()
        return money, begun


def sales(fills: Iterable[Fill], method: Method) -> tuple[Sale, ...]:
    """Every sale of these fills, which come in the order they happened, from the very first one on.

    A buying fee is part of the cost, a selling fee is taken off the proceeds. Both methods see the same sales
    with the same proceeds; once all is sold, their gains add up to the same money, which is the cash that moved.
    """
    pools: dict[str, _Pool] = {}
    found: list[Sale] = []
    with localcontext(EXACT):
        for fill in fills:
            amount, fee = fill.net, fill.charged
            pool = pools.get(fill.symbol)
            if pool is None or not pool.lots:
                pool = pools[fill.symbol] = _Pool(method, fill.side)
            if pool.side is fill.side:
                pool.add(fill.at, amount, _money(fill.side, amount * fill.price, fee))
                continue
            closing = min(amount, pool.held)
            part = fee if closing == amount else fee * closing / amount
            found.append(_sale(fill, pool, closing, part))
            if closing < amount:  # turned round: the rest begins a position on the other side
                pool = pools[fill.symbol] = _Pool(method, fill.side)
                rest = amount - closing
                pool.add(fill.at, rest, _money(fill.side, rest * fill.price, fee - part))
    return tuple(found)


def _money(side: Side, gross: Decimal, fee: Decimal) -> Decimal:
    """What a purchase costs with its fee, or what a sale brings without it."""
    return gross + fee if side is Side.BUY else gross - fee


def _sale(fill: Fill, pool: _Pool, amount: Decimal, fee: Decimal) -> Sale:
    before, begun = pool.take(amount)
    now = _money(fill.side, amount * fill.price, fee)
    proceeds, cost = (now, before) if fill.side is Side.SELL else (before, now)
    return Sale(
        at=fill.at, symbol=fill.symbol, amount=amount, proceeds=proceeds, cost=cost, acquired_at=begun
    )
