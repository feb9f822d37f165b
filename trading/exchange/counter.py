"""Where orders are handed in: one ccxt object that never waits in a queue and never asks twice."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

import structlog

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.domain.order import OrderKind, Side
from trading.exchange import library, orders, verdict
from trading.exchange.budget import Budget
from trading.exchange.connection import Connection, goodbye
from trading.exchange.facts import Facts
from trading.exchange.fitting import misfit, plain
from trading.exchange.ids import Misfit
from trading.exchange.learning import learn, learn_anew
from trading.exchange.outgoing import Meant, NotWhatWasMeant
from trading.exchange.quirks import quirk
from trading.exchange.translate import failure
from trading.exchange.wire import Errand, Trip, trip, venue_ms
from trading.execution.venue import Accepted, Answer, Denied, Doubtful, Request, Why

log = structlog.get_logger("exchange")

_PATIENT = 2.0  # seconds an order may wait for its turn; a cancel waits as long as it must
_FRESH = 6 * 3600.0  # seconds after which markets are loaded anew, before an order and not between
_GRACE = 1.0  # seconds beyond ccxt's own time-out
_CENT = Decimal("0.00000001")


class Counter:
    """Sends orders and cancels. Each is one request; nothing here is ever repeated.

    Its markets are those of `reads`, loaded before the first order, so that no order waits for another question.
    """

    def __init__(
        self,
        exchange_id: str,
        options: Mapping[str, Any],
        facts: Facts,
        reads: Connection,
        equip: Callable[[Any], None],
        budget: Budget,
        *,
        urgent: bool = False,
        donor: Connection | None = None,
    ) -> None:
        self._id, self._facts, self._reads, self._budget = exchange_id, facts, reads, budget
        self._options = dict(options) | {"enableRateLimit": False}
        self._equip, self._urgent, self._donor = equip, urgent, donor
        self._opening = asyncio.Lock()
        self._exchange: Any = None
        self._ahead, self._stale, self._loaded = 0, False, 0.0
        self._closed = False

    async def warm(self, *, fresh: bool = True) -> Any:
        """The ccxt object with its markets and a session; raises Uncertain or ExchangeSaidNo when those cannot be had.

        `fresh`: not with old markets, nor with some that were proven wrong.
        """
        async with self._opening:
            if self._closed:
                raise Uncertain(f"The connection to {self._id} was closed.")
            if self._exchange is None:
                known = await self._known()
                self._loaded = time.monotonic()
                exchange = library.open_exchange(self._id, self._options)
                self._equip(exchange)
                exchange.set_markets_from_exchange(known)
                exchange.options = {**known.options, "timeDifference": -self._ahead}
                exchange.open(True)
                self._exchange = exchange
            elif fresh:
                await self._renew()
            return self._exchange

    async def _known(self) -> Any:
        """A ccxt object that has the markets: the donor's where it has them, else our own reader's."""
        source = self._reads
        if self._donor is not None and (await self._donor.exchange()).markets:
            source = self._donor
        await learn(source, *self._facts.warm)
        return await source.exchange()

    async def _renew(self) -> None:
        """Let no market be old. What is urgent asks nobody for that: it takes what its donor has by now."""
        if self._stale or (self._donor is None and time.monotonic() - self._loaded > _FRESH):
            await self._refresh()
        elif self._donor is not None and (known := await self._donor.exchange()).markets:
            self._exchange.set_markets_from_exchange(known)

    async def _refresh(self) -> None:
        """Load the markets anew: the venue refused what they allow, or they are old. The old ones serve meanwhile."""
        self._stale, self._loaded = False, time.monotonic()
        try:
            await learn_anew(self._reads)
        except (Uncertain, ExchangeSaidNo) as error:
            log.warning("markets_not_refreshed", exchange=self._id, reason=error.tell)
            return
        self._exchange.set_markets_from_exchange(await self._reads.exchange())

    async def send(self, request: Request) -> Answer:
        """One request to place exactly this order."""
        try:
            exchange = await self.warm()
        except (Uncertain, ExchangeSaidNo) as error:
            return Denied(Why.NOT_SENT, error.tell)
        if request.symbol not in exchange.markets or exchange.markets[request.symbol].get("active") is False:
            return Denied(Why.MARKET, f"{self._id} does not trade {request.symbol} now.")
        market = exchange.markets[request.symbol]
        if wrong := misfit(self._id, market, exchange.precisionMode, quirk(self._id), request):
            return Denied(Why.FILTER, wrong)
        try:
            client_id = orders.spelled(self._facts, request.client_id)
            words, meant = self._said(exchange, request, client_id)
        except Misfit as unfit:
            return Denied(Why.NOT_SENT, f"{self._id} has no place for this order's id: {unfit}.")
        except NotWhatWasMeant as lack:
            return Denied(Why.NOT_SENT, f"Nothing was sent to {self._id}: {lack}.")
        if not await self._turn(reserved=self._urgent or request.reduce_only, patience=_PATIENT):
            return Denied(Why.RATE, f"{self._id} has heard enough requests for now; nothing was sent.")
        with trip(Errand.ORDER, meant) as mine:
            raw = await self._ask(exchange, mine, "create_order", *words)
        answer = raw if isinstance(raw, Denied | Doubtful) else self._placed(raw, mine, client_id)
        self._stale = isinstance(answer, Denied) and answer.why in (Why.FILTER, Why.MARKET)
        return answer

    async def cancel(self, symbol: str, client_id: str, exchange_id: str | None) -> Answer | None:
        """One request to cancel; None when the venue says that there is nothing left to cancel."""
        try:
            exchange = await self.warm(fresh=False)
            spelled = orders.spelled(self._facts, client_id)
        except (Uncertain, ExchangeSaidNo) as error:
            return Denied(Why.NOT_SENT, error.tell)
        except Misfit as unfit:
            return Denied(Why.NOT_SENT, f"{self._id} has no place for this order's id: {unfit}.")
        if not await self._turn(reserved=True, patience=None):
            return Denied(Why.RATE, f"{self._id} asks to be left alone; nothing was sent.")
        method, words = self._cancelled(symbol, spelled, exchange_id)
        with trip(Errand.CANCEL) as mine:
            raw = await self._ask(exchange, mine, method, *words)
        if not isinstance(raw, Denied | Doubtful):
            return Accepted(exchange_id or _id_of(raw))
        return None if verdict.says_over(self._facts, mine.heard) else raw

    def set_ahead(self, milliseconds: int) -> None:
        """How far the venue's clock is ahead of ours, for signatures and deadlines."""
        self._ahead = milliseconds
        if self._exchange is not None:
            self._exchange.options["timeDifference"] = -milliseconds

    async def close(self) -> None:
        """Let go of sockets; what is sent after this is not sent."""
        async with self._opening:
            self._closed = True
            exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await goodbye(exchange)

    # --- words ------------------------------------------------------------------------------------------------

    def _said(self, exchange: Any, request: Request, client_id: str) -> tuple[tuple[Any, ...], Meant]:
        """ccxt's words for the order, and what its bytes must say."""
        facts, price = self._facts, request.limit_price
        params: dict[str, Any] = {facts.create_id: client_id}
        numbers: list[tuple[str, Decimal]] = []
        if facts.deadline and facts.profile.request_expiry is not None:
            params[facts.deadline] = _deadline(exchange, facts.profile.request_expiry)
        if request.stop_price is not None:
            if not facts.profile.has_stops:
                raise NotWhatWasMeant("protective stops cannot rest here")
            params["stopLossPrice"] = str(request.stop_price)
            numbers.append(("stop price", request.stop_price))
        if request.kind is OrderKind.LIMIT:
            if price is None:
                raise NotWhatWasMeant("a limit order needs a price")
            numbers += [("amount", request.amount), ("price", price)]
        elif facts.buys_by_cost and request.side is Side.BUY:
            cost = _cost(exchange.markets[request.symbol], request)
            params["cost"] = plain(cost)
            numbers.append(("cost", cost))
        else:
            numbers.append(("amount", request.amount))
        limit = plain(price) if request.kind is OrderKind.LIMIT and price is not None else None
        words = (request.symbol, str(request.kind), str(request.side), plain(request.amount), limit, params)
        return words, Meant(client_id, tuple(numbers))

    def _cancelled(self, symbol: str, spelled: str, exchange_id: str | None) -> tuple[str, tuple[Any, ...]]:
        facts = self._facts
        if exchange_id is not None or not facts.cancel_id:
            return "cancel_order", (exchange_id, symbol)
        if facts.cancel == "cancel_order":
            return "cancel_order", (None, symbol, {facts.cancel_id: spelled})
        return facts.cancel, ({facts.cancel_id: spelled},)

    # --- asking -----------------------------------------------------------------------------------------------

    async def _turn(self, *, reserved: bool, patience: float | None) -> bool:
        """Wait for a turn; False when it would take longer than `patience` seconds."""
        began = time.monotonic()
        while wait := self._budget.wait(reserved=reserved):
            if patience is not None and time.monotonic() - began + wait > patience:
                return False
            await asyncio.sleep(min(wait, 1.0))
        self._budget.take()
        return True

    async def _ask(self, exchange: Any, mine: Trip, method: str, *words: Any) -> Any:
        """ccxt's answer, or what it means that there is none."""
        limit = exchange.timeout / 1000 + _GRACE
        try:
            async with asyncio.timeout(limit):
                return await getattr(exchange, method)(*words)
        except NotWhatWasMeant as stopped:
            if mine.requests:
                return Doubtful(f"{self._id} was asked once; a second request was stopped: {stopped}.")
            return Denied(Why.NOT_SENT, f"Nothing was sent to {self._id}: {stopped}.")
        except library.failures() as error:
            log.warning("order_not_answered", exchange=self._id, method=method, kind=type(error).__name__)
            if not mine.requests:
                return Denied(Why.NOT_SENT, failure(error, self._id).tell)
            return verdict.refusal(self._facts, mine.heard)

    def _placed(self, raw: Any, mine: Trip, client_id: str) -> Answer:
        """Accepted, if the answer names an order and no other client's id."""
        exchange_id = _id_of(raw)
        if not exchange_id or mine.status is None or mine.status >= 300:
            return verdict.refusal(self._facts, mine.heard)
        echoed = raw.get("clientOrderId")
        if echoed and echoed.replace("-", "") != client_id.replace("-", ""):
            return Doubtful(f"{self._id} answered with an order of another id.")
        return Accepted(exchange_id)


def _id_of(raw: Any) -> str:
    value = raw.get("id") if isinstance(raw, Mapping) else None
    return str(value) if value else ""


def _cost(market: Mapping[str, Any], request: Request) -> Decimal:
    """What a market buy may cost, on the market's grid, never more than was gated."""
    if request.reference_price is None:
        raise NotWhatWasMeant("a market buy needs a reference price here")
    step = orders.number((market.get("precision") or {}).get("cost")) or _CENT
    step = Decimal(1) if market.get("quote") == "KRW" else max(step, _CENT)
    wanted = request.amount * request.reference_price
    return (wanted / step).quantize(Decimal(1), ROUND_DOWN) * step


def _deadline(exchange: Any, expiry: timedelta) -> str:
    until = datetime.fromtimestamp(venue_ms(exchange) / 1000, UTC) + expiry
    return until.strftime("%Y-%m-%dT%H:%M:%SZ")
