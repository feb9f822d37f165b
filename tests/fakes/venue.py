"""An exchange account that knows everything that happened to it, and answers as badly as it is told to."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from trading.domain.order import OrderKind, Side
from trading.execution.venue import (
    Accepted,
    Answer,
    Balance,
    Denied,
    Doubtful,
    IdReuse,
    Profile,
    Request,
    Standing,
    Unreachable,
    VenueOrder,
    VenueTrade,
    Why,
)

ZERO = Decimal(0)
RECEIVED = "what is received"


def a_profile(**changes: object) -> Profile:
    """A venue like Binance: ids unique among open orders, requests that expire after five seconds."""
    facts: dict[str, object] = {
        "name": "fakex",
        "id_reuse": IdReuse.OPEN_UNIQUE,
        "request_expiry": timedelta(seconds=5),
        "visibility_lag": timedelta(seconds=2),
        "has_trades": True,
        "has_stops": True,
        "dead_man": False,
        "client_id_length": 36,
    }
    return Profile(**(facts | changes))  # type: ignore[arg-type]


class Fault(StrEnum):
    """What may happen to one request for an order."""

    NONE = "none"
    LOST_REQUEST = "lost request"  # it never arrives
    LOST_ANSWER = "lost answer"  # it is carried out, and nobody is told
    LATE = "late"  # it arrives `late_by` seconds after it was given up
    DENIED = "denied"
    HANGS = "hangs"  # carried out; no answer ever comes


@dataclass(slots=True)
class Resting:
    """An order as the exchange has it."""

    order: VenueOrder
    seen_from: float  # until then look-ups do not find it
    stop: Decimal | None = None  # it sleeps until the market trades this low


@dataclass(slots=True)
class World:
    """What is true, whoever asks; two clients of one account share it."""

    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    profile: Profile = field(default_factory=a_profile)
    prices: dict[str, Decimal] = field(default_factory=lambda: {"BTC/USDT": Decimal(100)})
    totals: dict[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(10000)})
    fee: Decimal = Decimal("0.001")
    fee_in: str = ""  # empty: the quote currency; RECEIVED: what each side gets
    most: Decimal | None = None  # the largest amount of one order
    refuses: Denied | None = None  # what every order is answered with
    fills_at_once: bool = True  # False: market orders rest until `fill`
    orders: dict[str, Resting] = field(default_factory=dict)
    made: list[VenueTrade] = field(default_factory=list)
    burned: set[str] = field(default_factory=set)
    asked: list[tuple[float, str, str]] = field(default_factory=list)  # when, what, client id
    sent: list[Request] = field(default_factory=list)  # every request that arrived, in order
    met: Counter[str] = field(default_factory=Counter)  # what went wrong, and how often
    nameless: set[str] = field(default_factory=set)  # orders that were sent by a desk to a venue without ids
    offset: timedelta = timedelta(0)

    # --- what happens there ---

    def receive(self, request: Request) -> Answer:
        """A request arrives: what the exchange does with it."""
        self.sent.append(request)
        known = [r.order for r in self.orders.values() if r.order.client_id == request.client_id]
        match self.profile.id_reuse:
            case IdReuse.OPEN_UNIQUE if any(order.standing is Standing.OPEN for order in known):
                self.met["duplicate id"] += 1
                return Doubtful("duplicate id")
            case IdReuse.BURNED if request.client_id in self.burned:
                self.met["duplicate id"] += 1
                return Doubtful("duplicate id")
            case IdReuse.IDEMPOTENT if known:
                return Accepted(known[0].exchange_id)
            case _:
                pass
        self.burned.add(request.client_id)
        if (no := self._against(request)) is not None:
            return no
        named = self.profile.id_reuse is not IdReuse.NONE
        order = self.place(request, named)
        if not named:
            self.nameless.add(order.exchange_id)
        return Accepted(order.exchange_id)

    def _against(self, request: Request) -> Denied | None:
        """Coins that lie in other sales cannot be sold, and a stop that the market is below already is no stop."""
        if self.refuses is not None:
            return self.refuses
        if self.most is not None and request.amount > self.most:
            self.met["too large"] += 1
            return Denied(Why.FILTER, "size or price do not fit the market's rules")
        if request.side is Side.BUY:
            return None
        lies = [o.amount - o.filled for o in self.open if (o.symbol, o.side) == (request.symbol, Side.SELL)]
        if request.amount > self.totals.get(request.symbol.split("/")[0], ZERO) - sum(lies):
            return Denied(Why.FUNDS, "not enough coins")
        if request.stop_price is not None and self.prices[request.symbol] <= request.stop_price:
            return Denied(Why.FILTER, "it would trigger at once")
        return None

    def place(self, request: Request, named: bool = True) -> VenueOrder:
        order = VenueOrder(
            exchange_id=str(1000 + len(self.orders)),
            client_id=request.client_id if named else None,
            symbol=request.symbol,
            side=request.side,
            amount=request.amount,
            price=request.limit_price,
            filled=ZERO,
            average_price=None,
            standing=Standing.OPEN,
            created_at=self.wall(),
        )
        seen_from = self.monotonic() + self.profile.visibility_lag.total_seconds()
        self.orders[order.exchange_id] = Resting(order, seen_from, request.stop_price)
        if request.kind is OrderKind.MARKET and request.stop_price is None and self.fills_at_once:
            self.fill(order.exchange_id, request.amount)
        return self.orders[order.exchange_id].order

    def move(self, symbol: str, price: Decimal, share: Decimal = Decimal(1)) -> None:
        """The market trades at this price: stops it has reached wake up and sell, or this share of it."""
        self.prices[symbol] = price
        for resting in list(self.orders.values()):
            order, stop = resting.order, resting.stop
            if (
                order.symbol == symbol
                and order.standing is Standing.OPEN
                and stop is not None
                and price <= stop
            ):
                resting.stop = None
                sold = order.amount - order.filled if share == 1 else round(order.amount * share, 5)
                self.fill(order.exchange_id, sold)

    def fill(self, exchange_id: str, amount: Decimal, price: Decimal | None = None) -> VenueTrade:
        """So much of an order is traded."""
        order = self.orders[exchange_id].order
        price = price or order.price or self.prices[order.symbol]
        base, quote = order.symbol.split("/")
        currency = self.fee_in or quote
        if currency == RECEIVED:
            currency = base if order.side is Side.BUY else quote
        fee = amount * self.fee if currency == base else amount * price * self.fee
        trade = VenueTrade(
            id=str(5000 + len(self.made)),
            exchange_id=exchange_id,
            symbol=order.symbol,
            side=order.side,
            amount=amount,
            price=price,
            fee=fee,
            fee_currency=currency,
            at=self.wall(),
        )
        self.made.append(trade)
        for asset, moved in (
            (base, order.side.sign * amount),
            (quote, -order.side.sign * amount * price),
            (currency, -fee),
        ):
            self.totals[asset] = self.totals.get(asset, ZERO) + moved
        filled = order.filled + amount
        done = Standing.FILLED if filled >= order.amount else order.standing
        self._set(order, filled=filled, average_price=price, standing=done)
        return trade

    def by_hand(self, side: Side, amount: str, symbol: str = "BTC/USDT", client_id: str = "") -> VenueOrder:
        """Somebody trades in the exchange's own app."""
        request = Request(
            client_id=client_id,
            symbol=symbol,
            side=side,
            kind=OrderKind.MARKET,
            amount=Decimal(amount),
            limit_price=None,
        )
        return self.place(request, named=bool(client_id))

    def end(self, exchange_id: str, standing: Standing) -> None:
        self._set(self.orders[exchange_id].order, standing=standing)

    def _set(self, order: VenueOrder, **changes: object) -> None:
        self.orders[order.exchange_id].order = replace(order, **changes)  # type: ignore[arg-type]

    @property
    def stops(self) -> list[Resting]:
        """Those that sleep."""
        return [r for r in self.orders.values() if r.order.standing is Standing.OPEN and r.stop is not None]

    @property
    def open(self) -> list[VenueOrder]:
        return [r.order for r in self.orders.values() if r.order.standing is Standing.OPEN]


class FakeVenue:
    """One client of that account. `faults` are used up by one send each; `failing` reads raise Unreachable."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults: deque[Fault] = deque()
        self.failing = 0  # so many reads get no answer
        self.failing_cancels = 0
        self.late_by = 3.0
        self.latency = 0.0
        self.signs_after = 0.0  # seconds the next order lies here unsigned: its expiry counts from then
        self.before_send: Callable[[Request], None] = lambda request: None

    @property
    def profile(self) -> Profile:
        return self.world.profile

    async def send(self, request: Request) -> Answer:
        self.before_send(request)
        self._note("send", request.client_id)
        delay, self.signs_after = self.signs_after, 0.0
        self.world.met["signed late"] += bool(delay)
        await asyncio.sleep(delay + self.latency)
        fault = self.faults.popleft() if self.faults else Fault.NONE
        self.world.met[fault.value] += 1
        match fault:
            case Fault.NONE:
                return self.world.receive(request)
            case Fault.DENIED:
                return Denied(Why.FUNDS, "not enough money")
            case Fault.LOST_REQUEST:
                return Doubtful("connection reset")
            case Fault.LOST_ANSWER:
                self.world.receive(request)
                return Doubtful("connection reset")
            case Fault.HANGS:
                self.world.receive(request)
                await asyncio.sleep(1e6)
                raise AssertionError("it waited for ever")
            case Fault.LATE:
                asyncio.get_running_loop().call_later(self.late_by, self._arrive_late, request, self.late_by)
                return Doubtful("timed out")

    def _arrive_late(self, request: Request, late_by: float) -> None:
        expiry = self.profile.request_expiry
        if expiry is None or late_by <= expiry.total_seconds():
            self.world.receive(request)

    async def cancel(self, symbol: str, client_id: str, exchange_id: str | None) -> Answer:
        self._note("cancel", client_id)
        await asyncio.sleep(self.latency)
        if self.failing_cancels > 0:
            self.failing_cancels -= 1
            self.world.met["cancel without an answer"] += 1
            return Doubtful("connection reset")
        found = self._named(symbol, client_id, exchange_id)
        if found is None:
            return Denied(Why.OTHER, "unknown order")
        if found.order.standing is Standing.OPEN:
            self.world.end(found.order.exchange_id, Standing.CANCELED)
        return Accepted(found.order.exchange_id)

    async def order(self, symbol: str, client_id: str, exchange_id: str | None) -> VenueOrder | None:
        await self._read("order", client_id)
        found = self._named(symbol, client_id, exchange_id)
        return found.order if found is not None and self._visible(found) else None

    async def open_orders(self, symbols: Collection[str]) -> list[VenueOrder]:
        await self._read("open")
        return [o for o in self._listed(symbols) if o.standing is Standing.OPEN]

    async def closed_orders(self, symbols: Collection[str], since: datetime) -> list[VenueOrder]:
        await self._read("closed")
        return [o for o in self._listed(symbols) if o.standing is not Standing.OPEN and o.created_at >= since]

    async def trades(self, symbols: Collection[str], since: datetime) -> list[VenueTrade]:
        await self._read("trades")
        return [
            t
            for t in self.world.made
            if t.symbol in symbols and t.at >= since and self._visible(self.world.orders[t.exchange_id])
        ]

    async def balances(self) -> Mapping[str, Balance]:
        await self._read("balances")
        return {asset: Balance(total, ZERO) for asset, total in self.world.totals.items()}

    async def clock_offset(self) -> timedelta:
        await self._read("clock")
        return self.world.offset

    # --- inside ---

    def _named(self, symbol: str, client_id: str, exchange_id: str | None) -> Resting | None:
        for resting in reversed(self.world.orders.values()):
            order = resting.order
            named = (client_id and order.client_id == client_id) or order.exchange_id == exchange_id
            if order.symbol == symbol and named:
                return resting
        return None

    def _visible(self, resting: Resting) -> bool:
        return self.world.monotonic() >= resting.seen_from

    def _listed(self, symbols: Collection[str]) -> list[VenueOrder]:
        return [r.order for r in self.world.orders.values() if r.order.symbol in symbols and self._visible(r)]

    async def _read(self, what: str, client_id: str = "") -> None:
        self._note(what, client_id)
        await asyncio.sleep(self.latency)
        if self.failing > 0:
            self.failing -= 1
            self.world.met["question without an answer"] += 1
            raise Unreachable(f"{what}: connection reset")

    def _note(self, what: str, client_id: str = "") -> None:
        self.world.asked.append((self.world.monotonic(), what, client_id))
