"""What a fake exchange knows to be true: money, orders and fills, matched and settled to the last digit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

Level = tuple[Decimal, Decimal]  # price, amount

_PLENTY = Decimal(10) ** 9
_DUST = Decimal("0.00000001")


class State(StrEnum):
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class No(Exception):
    """It refuses; `why`: funds, market, tick, step, least, most, cost, duplicate, trigger, unknown, closed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One market."""

    base: str
    quote: str
    tick: Decimal
    step: Decimal
    least: Decimal  # money
    most: Decimal | None = None  # of one order at the market's price
    fee: Decimal = Decimal("0.001")

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}"


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A fill."""

    id: int
    order: int
    symbol: str
    side: str
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_coin: str
    at: datetime
    maker: bool


@dataclass(kw_only=True)
class Placed:
    """An order. `amount` is None for one that names what it may cost."""

    id: int
    client_id: str
    symbol: str
    side: str
    kind: str
    amount: Decimal | None
    price: Decimal | None
    cost: Decimal | None
    stop: Decimal | None  # it sleeps until the market trades there
    at: datetime
    changed: datetime
    state: State = State.OPEN
    filled: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)
    deals: list[Deal] = field(default_factory=list)
    woke_at: Decimal | None = None  # the stop it had

    @property
    def left(self) -> Decimal:
        return (self.amount or Decimal(0)) - self.filled


class Matching:
    """Money, orders and fills of one account. `fee_in_quote`: fees are always paid in the quote currency.

    `reuse` is what happens to an id that was seen before: "open" refuses it only while its order is open,
    "burned" for ever, "same" answers with the first order.
    """

    def __init__(
        self, rules: Iterable[Rules], now: Callable[[], datetime], *, fee_in_quote: bool, reuse: str
    ) -> None:
        self.rules = {one.symbol: one for one in rules}
        self.now, self._fee_in_quote, self._reuse = now, fee_in_quote, reuse
        self.free: dict[str, Decimal] = {}
        self.locked: dict[str, Decimal] = {}
        self.orders: dict[int, Placed] = {}
        self.deals: list[Deal] = []
        self.carried: list[tuple[str, Decimal, datetime]] = []  # deposits and withdrawals
        self.prices: dict[str, Decimal] = {}
        self.books: dict[str, tuple[list[Level], list[Level]]] = {}  # bids and asks, the best first
        self.shut: set[str] = set()  # symbols that cannot be traded now
        self.burned: set[str] = set()
        self.heard: list[Callable[[Placed, Deal | None], None]] = []

    # --- money and markets ------------------------------------------------------------------------------------

    def give(self, coin: str, amount: Decimal | str) -> None:
        """Money appears out of nowhere."""
        self.free[coin] = self.free.get(coin, Decimal(0)) + Decimal(amount)

    def carry(self, coin: str, amount: Decimal | str) -> None:
        """A deposit that the exchange lists; a withdrawal where the amount is negative."""
        self.give(coin, amount)
        self.carried.append((coin, Decimal(amount), self.now()))

    def total(self, coin: str) -> Decimal:
        return self.free.get(coin, Decimal(0)) + self.locked.get(coin, Decimal(0))

    def quote(self, symbol: str, bids: list[Level], asks: list[Level]) -> None:
        """Put a book in place of the endless one at the last price."""
        self.books[symbol] = (bids, asks)

    def move(self, symbol: str, price: Decimal | str) -> None:
        """The market trades at a price: stops wake up, resting orders that it reaches are filled."""
        self.prices[symbol] = Decimal(price)
        for order in self.open(symbol):
            if order.stop is not None and self._reached(order):
                order.stop, order.woke_at = None, order.stop
                self._match(order, maker=False)
                if order.state is State.OPEN and order.price is None:
                    self._end(order, State.EXPIRED)  # the book gave no more
            elif order.stop is None and order.price is not None and self._crosses(order, Decimal(price)):
                self._fill(order, order.left, order.price, maker=True)

    def fill(self, order_id: int, amount: Decimal | str) -> None:
        """Somebody takes a part of a resting order."""
        order = self.orders[order_id]
        assert order.price is not None
        self._fill(order, Decimal(amount), order.price, maker=True)

    # --- orders -----------------------------------------------------------------------------------------------

    def open(self, symbol: str | None = None) -> list[Placed]:
        return [
            o
            for o in self.orders.values()
            if o.state is State.OPEN and (symbol is None or o.symbol == symbol)
        ]

    def find(self, *, id: int | None = None, client_id: str | None = None) -> Placed | None:
        """By number or by the client's id; of several with one id the newest."""
        if id is not None:
            return self.orders.get(id)
        return next((o for o in reversed(self.orders.values()) if o.client_id == client_id), None)

    def place(
        self,
        symbol: str,
        side: str,
        *,
        amount: Decimal | None = None,
        price: Decimal | None = None,
        cost: Decimal | None = None,
        stop: Decimal | None = None,
        client_id: str = "",
        at_once: bool = False,
    ) -> Placed:
        """Take an order, match what matches, let the rest lie (`at_once`: let it expire). Raises No."""
        if (known := self._duplicate(client_id)) is not None:
            return known
        self._check(symbol, amount, price, cost)
        if stop is not None and self._beyond(symbol, side, stop):
            raise No("trigger")
        now, number = self.now(), len(self.orders) + 1001
        order = Placed(
            id=number,
            client_id=client_id or f"x-{number}",
            symbol=symbol,
            side=side,
            kind="market" if price is None else "limit",
            amount=amount,
            price=price,
            cost=cost,
            stop=stop,
            at=now,
            changed=now,
        )
        self._lock(order)
        self.orders[number] = order
        self._tell(order, None)
        if stop is None:
            self._match(order, maker=False)
        if order.state is State.OPEN and stop is None and (price is None or at_once):
            self._end(order, State.FILLED if cost is not None and order.filled else State.EXPIRED)
        return order

    def cancel(self, order: Placed | None) -> Placed:
        """Take an order out of the book. Raises No when there is none or when it is closed."""
        if order is None:
            raise No("unknown")
        if order.state is not State.OPEN:
            raise No("closed")
        self._end(order, State.CANCELED)
        return order

    # --- inside -----------------------------------------------------------------------------------------------

    def _duplicate(self, client_id: str) -> Placed | None:
        known = self.find(client_id=client_id) if client_id else None
        if self._reuse == "burned" and client_id:
            if client_id in self.burned:
                raise No("duplicate")
            self.burned.add(client_id)
        if known is not None and self._reuse == "same":
            return known
        if known is not None and self._reuse == "open" and known.state is State.OPEN:
            raise No("duplicate")
        return None

    def _check(
        self, symbol: str, amount: Decimal | None, price: Decimal | None, cost: Decimal | None
    ) -> None:
        rules = self.rules.get(symbol)
        if rules is None or symbol in self.shut or (symbol not in self.prices and symbol not in self.books):
            raise No("market")
        if price is not None and (price <= 0 or price % self.tick(symbol, price)):
            raise No("tick")
        if amount is not None and (amount <= 0 or amount % rules.step):
            raise No("step")
        if amount is not None and price is None and rules.most is not None and amount > rules.most:
            raise No("most")
        worth = cost if cost is not None else (amount or Decimal(0)) * (price or self._last(symbol))
        if worth < rules.least:
            raise No("least")

    def tick(self, symbol: str, price: Decimal) -> Decimal:
        return self.rules[symbol].tick

    def _last(self, symbol: str) -> Decimal:
        if symbol in self.prices:
            return self.prices[symbol]
        bids, asks = self.books[symbol]
        return (asks or bids)[0][0]

    def _lock(self, order: Placed) -> None:
        rules = self.rules[order.symbol]
        coin, needed = rules.base, order.amount or Decimal(0)
        if order.side == "buy":
            coin = rules.quote
            needed = order.cost or needed * (order.price or self._last(order.symbol))
            if self._fee_in_quote:
                needed *= 1 + rules.fee
        if self.free.get(coin, Decimal(0)) < needed:
            raise No("funds")
        self.free[coin] -= needed
        self.locked[coin] = self.locked.get(coin, Decimal(0)) + needed
        order.locked = needed

    def _match(self, order: Placed, *, maker: bool) -> None:
        """Walk the other side of the book as far as price, money and depth reach."""
        step = self.rules[order.symbol].step
        levels = self._other_side(order)
        while levels and order.state is State.OPEN:
            price, there = levels[0]
            if order.price is not None and not self._crosses(order, price):
                return
            wanted = order.left
            if order.cost is not None:
                wanted = ((order.cost - order.spent) / price / step).quantize(Decimal(1), ROUND_DOWN) * step
            amount = min(wanted, there)
            if amount <= 0:
                return
            if there != _PLENTY:
                levels[0] = (price, there - amount)
                if there == amount:
                    levels.pop(0)
            self._fill(order, amount, price, maker=maker)

    def _other_side(self, order: Placed) -> list[Level]:
        if order.symbol in self.books:
            bids, asks = self.books[order.symbol]
            return asks if order.side == "buy" else bids
        return [(self._last(order.symbol), _PLENTY)]

    def _crosses(self, order: Placed, price: Decimal) -> bool:
        assert order.price is not None
        return price <= order.price if order.side == "buy" else price >= order.price

    def _reached(self, order: Placed) -> bool:
        return order.stop is not None and self._beyond(order.symbol, order.side, order.stop)

    def _beyond(self, symbol: str, side: str, stop: Decimal) -> bool:
        last = self._last(symbol)
        return last <= stop if side == "sell" else last >= stop

    def _fill(self, order: Placed, amount: Decimal, price: Decimal, *, maker: bool) -> None:
        rules, now = self.rules[order.symbol], self.now()
        worth = amount * price
        in_quote = self._fee_in_quote or order.side == "sell"
        fee, coin = (worth * rules.fee, rules.quote) if in_quote else (amount * rules.fee, rules.base)
        fee = fee.quantize(_DUST) if fee.as_tuple().exponent < -8 else fee
        self._settle(order, rules, amount, worth, fee, coin)
        number = len(self.deals) + 50001
        deal = Deal(
            id=number,
            order=order.id,
            symbol=order.symbol,
            side=order.side,
            amount=amount,
            price=price,
            fee=fee,
            fee_coin=coin,
            at=now,
            maker=maker,
        )
        order.deals.append(deal)
        self.deals.append(deal)
        order.filled, order.spent, order.changed = order.filled + amount, order.spent + worth, now
        order.fees += fee
        if order.amount is not None and order.filled == order.amount:
            self._end(order, State.FILLED, deal)
        else:
            self._tell(order, deal)

    def _settle(
        self, order: Placed, rules: Rules, amount: Decimal, worth: Decimal, fee: Decimal, coin: str
    ) -> None:
        gives, gets = (rules.quote, rules.base) if order.side == "buy" else (rules.base, rules.quote)
        given, got = (worth, amount) if order.side == "buy" else (amount, worth)
        if coin == gives:
            given += fee
        else:
            got -= fee
        from_lock = min(given, order.locked)
        order.locked -= from_lock
        self.locked[gives] -= from_lock
        self.free[gives] -= given - from_lock
        self.give(gets, got)

    def _end(self, order: Placed, state: State, deal: Deal | None = None) -> None:
        rules = self.rules[order.symbol]
        coin = rules.quote if order.side == "buy" else rules.base
        self.locked[coin] -= order.locked
        self.free[coin] = self.free.get(coin, Decimal(0)) + order.locked
        order.locked, order.state, order.changed = Decimal(0), state, self.now()
        self._tell(order, deal)

    def _tell(self, order: Placed, deal: Deal | None) -> None:
        for listener in self.heard:
            listener(order, deal)
