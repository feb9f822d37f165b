"""Everything an account can be asked without changing it: orders, trades, balances, the time."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.exchange import library, orders, verdict
from trading.exchange.connection import Connection
from trading.exchange.facts import Facts, LookUp
from trading.exchange.learning import learn
from trading.exchange.outgoing import NotWhatWasMeant
from trading.exchange.wire import Errand, trip
from trading.execution.venue import (
    Balance,
    Standing,
    Unreachable,
    VenueOrder,
    VenueTrade,
    VenueTransfer,
)

log = structlog.get_logger("exchange")

_DAYS_BACK = timedelta(days=7)  # how much earlier an order may have been placed than it was filled
_SHORTEST = 1000  # milliseconds; a stretch of time this short is not cut any further
_REMEMBERED = 5000  # closed orders whose details are known for good

Ask = Callable[[int, int], Awaitable[list[Any]]]


class Lookups:
    """Reads of one account. Raises Unreachable when there is no answer; never takes an error for an absence."""

    def __init__(self, facts: Facts, reads: Connection, now: Callable[[], datetime]) -> None:
        self._facts, self._reads, self._now = facts, reads, now
        self._detailed: dict[str, list[VenueTrade]] = {}

    async def order(self, symbol: str, client_id: str, exchange_id: str | None) -> VenueOrder | None:
        """The order, or None when the venue says that it knows none."""
        facts = self._facts
        if exchange_id is not None and (facts.look_up is not LookUp.ASK or not client_id):
            return await self._one("fetch_order", symbol, (exchange_id, symbol))
        if not client_id:
            raise Unreachable("An order without a name cannot be looked up.")
        if facts.look_up is LookUp.ASK:
            asked = {facts.ask_id: orders.spelled(facts, client_id)}
            words = (None, symbol, asked) if facts.ask == "fetch_order" else (asked,)
            return await self._one(facts.ask, symbol, words)
        params = {facts.ask_id: orders.spelled(facts, client_id)} if facts.look_up is LookUp.LISTS else {}
        for method in (*facts.open, *facts.closed):
            for raw in await self._read(method, symbol, None, facts.page, dict(params)):
                found = self._parsed(raw, symbol)
                if found.client_id == client_id:
                    return found
        return None

    async def open_orders(self, symbols: Collection[str]) -> list[VenueOrder]:
        """Every open order of these symbols, whoever placed it."""
        found: dict[str, VenueOrder] = {}
        for symbol in symbols:
            for method in self._facts.open:
                rows = await self._read(method, symbol, None, self._facts.page, {})
                if len(rows) >= self._facts.page:
                    raise Unreachable(f"{self._name} has more open orders of {symbol} than it tells at once.")
                found |= {o.exchange_id: o for o in self._all(rows, symbol) if o.symbol == symbol}
        return [order for order in found.values() if order.standing is Standing.OPEN]

    async def closed_orders(self, symbols: Collection[str], since: datetime) -> list[VenueOrder]:
        """Every order placed since then that is not open any more."""
        found: dict[str, VenueOrder] = {}
        for symbol in symbols:
            for method in self._facts.closed:
                rows = await self._since(method, symbol, since)
                found |= {o.exchange_id: o for o in self._all(rows, symbol) if o.symbol == symbol}
        return [order for order in found.values() if order.standing is not Standing.OPEN]

    async def trades(self, symbols: Collection[str], since: datetime) -> list[VenueTrade]:
        """Every trade since then, the oldest first, each once."""
        found: list[VenueTrade] = []
        for symbol in symbols:
            if self._facts.profile.has_trades:
                rows = await self._since("fetch_my_trades", symbol, since)
                found += [self._trade(row, symbol) for row in rows]
            else:
                found += await self._from_details(symbol, since)
        return orders.once(t for t in found if t.at >= since and t.symbol in symbols)

    async def balances(self) -> dict[str, Balance]:
        """What the account holds, by coin."""
        try:
            return orders.balances(await self._raw("fetch_balance"), self._name)
        except Uncertain as error:
            raise Unreachable(error.tell) from None

    async def transfers(self, since: datetime) -> list[VenueTransfer]:
        """Deposits and withdrawals that are through; none where a venue or this key cannot be asked for them."""
        if not self._facts.paths.history:
            return []
        found: list[VenueTransfer] = []
        for method, sign in (("fetch_deposits", 1), ("fetch_withdrawals", -1)):
            with trip(Errand.READ):
                try:
                    rows = await self._reads.read(method, None, _ms(since))
                    told = [orders.transfer(row, sign, self._name) for row in rows]
                except (ExchangeSaidNo, NotWhatWasMeant) as error:
                    log.warning("transfers_not_told", exchange=self._name, reason=_told(error))
                    continue
                except Uncertain as error:
                    raise Unreachable(error.tell) from None
            found += [one for one in told if one is not None and one.at >= since]
        return found

    # --- fills from the details of orders ---------------------------------------------------------------------

    async def _from_details(self, symbol: str, since: datetime) -> list[VenueTrade]:
        """Trades where a venue has no list of them: every order that may have been filled is asked for its own."""
        placed = await self.closed_orders([symbol], since - _DAYS_BACK)
        placed += await self.open_orders([symbol])
        found: list[VenueTrade] = []
        for one in placed:
            if not one.filled:
                continue
            if one.exchange_id not in self._detailed:
                trades = await self._details(one)
                if one.standing is Standing.OPEN or sum(t.amount for t in trades) != one.filled:
                    found += trades
                    continue
                self._remember(one.exchange_id, trades)
            found += self._detailed[one.exchange_id]
        return found

    async def _details(self, one: VenueOrder) -> list[VenueTrade]:
        raw = await self._raw("fetch_order", one.exchange_id, one.symbol)
        try:
            return orders.trades_of(raw, self._facts, one.symbol)
        except Uncertain as error:
            raise Unreachable(error.tell) from None

    def _remember(self, exchange_id: str, trades: list[VenueTrade]) -> None:
        if len(self._detailed) >= _REMEMBERED:
            del self._detailed[next(iter(self._detailed))]
        self._detailed[exchange_id] = trades

    # --- lists ------------------------------------------------------------------------------------------------

    async def _since(self, method: str, symbol: str, since: datetime) -> list[Any]:
        """Every row since then. A full answer may hide more, so its stretch of time is asked again in halves."""
        facts, start, end = self._facts, _ms(since), _ms(self._now()) + 60_000
        if facts.paged:
            return await self._pages(method, symbol, start)
        until, unit = facts.until
        rows: list[Any] = []
        waiting = list(_stretches(start, end, facts.window))
        while waiting:
            first, last = waiting.pop()
            answer = await self._read(method, symbol, first, facts.page, {until: last // unit})
            if len(answer) < facts.page:
                rows += answer
            elif last - first <= _SHORTEST:
                raise Unreachable(f"{self._name} has more of {symbol} in one second than it tells at once.")
            else:
                middle = (first + last) // 2
                waiting += [(first, middle), (middle, last)]
        return rows

    async def _pages(self, method: str, symbol: str, start: int) -> list[Any]:
        rows: list[Any] = []
        for page in range(1, 101):
            answer = await self._read(method, symbol, start, self._facts.page, {self._facts.paged: page})
            rows += answer
            if len(answer) < self._facts.page:
                return rows
        raise Unreachable(f"{self._name} has more of {symbol} than can be read.")

    # --- asking -----------------------------------------------------------------------------------------------

    async def _one(self, method: str, symbol: str, words: tuple[Any, ...]) -> VenueOrder | None:
        with trip(Errand.READ) as mine:
            try:
                raw = await self._reads.read(method, *words)
                if not method.startswith("fetch_"):
                    exchange = await self._reads.exchange()
                    raw = exchange.parse_order(raw)
            except (Uncertain, ExchangeSaidNo, NotWhatWasMeant) as error:
                if verdict.says_unknown(self._facts, mine.heard):
                    return None
                raise Unreachable(_told(error)) from None
            except library.TRIPPED:  # over numbers and trades that are none
                raise Unreachable(f"{self._name} sent an order that makes no sense.") from None
        return self._parsed(raw, symbol)

    async def _read(self, method: str, *words: Any) -> list[Any]:
        exchange = await self._known()
        if not exchange.has.get(_camel(method)):
            raise Unreachable(f"{self._name} cannot be asked for {method.removeprefix('fetch_')}.")
        raw = await self._raw(method, *words)
        if not isinstance(raw, list):
            raise Unreachable(f"{self._name} sent an answer that makes no sense.")
        return raw

    async def _raw(self, method: str, *words: Any) -> Any:
        with trip(Errand.READ):
            try:
                return await self._reads.read(method, *words)
            except (Uncertain, ExchangeSaidNo, NotWhatWasMeant) as error:
                raise Unreachable(_told(error)) from None

    async def _known(self) -> Any:
        try:
            await learn(self._reads)
            return await self._reads.exchange()
        except (Uncertain, ExchangeSaidNo) as error:
            raise Unreachable(error.tell) from None

    def _all(self, rows: list[Any], symbol: str) -> Iterator[VenueOrder]:
        return (self._parsed(row, symbol) for row in rows)

    def _parsed(self, raw: Any, symbol: str) -> VenueOrder:
        try:
            return orders.order(raw, self._facts, symbol)
        except Uncertain as error:
            raise Unreachable(error.tell) from None

    def _trade(self, raw: Any, symbol: str) -> VenueTrade:
        try:
            return orders.trade(raw, self._facts, symbol)
        except Uncertain as error:
            raise Unreachable(error.tell) from None

    @property
    def _name(self) -> str:
        return self._facts.profile.name


def _stretches(start: int, end: int, longest: timedelta | None) -> Iterator[tuple[int, int]]:
    step = end - start if longest is None else longest // timedelta(milliseconds=1) - 1
    while start < end:
        yield start, min(start + step, end)
        start += step


def _camel(method: str) -> str:
    first, *rest = method.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
