"""Any exchange that ccxt knows, as a Venue: one account's orders, trades and balances."""

import time
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from trading.clock import Clock
from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.exchange import library, verdict
from trading.exchange.atlas import facts_of, trading_options
from trading.exchange.budget import Budget
from trading.exchange.connection import Connection
from trading.exchange.counter import Counter
from trading.exchange.hints import Hints
from trading.exchange.learning import learn_anew
from trading.exchange.lookups import Lookups
from trading.exchange.resilience import Patience, Seconds, Tell
from trading.exchange.verdict import Heard
from trading.exchange.wire import Wire
from trading.execution.venue import (
    Accepted,
    Answer,
    Balance,
    Denied,
    Doubtful,
    Profile,
    Request,
    Standing,
    Unreachable,
    VenueOrder,
    VenueTrade,
    VenueTransfer,
    Why,
)

_HALF_A_SECOND = timedelta(milliseconds=500)
_WRONG = timedelta(seconds=60)  # a clock this far off is repaired by a person, not made up for


class CcxtVenue:
    """One account at one exchange, through two ccxt objects: a patient one that reads, a strict one that orders.

    Raises Refused at once when ccxt knows no exchange of this id; nothing is imported or connected before the
    first question. `options` go to ccxt as they are, save what keeps orders safe. `urgent` waits in no queue and
    may use the share of the budget that is kept for cancels; `donor` lends its markets.
    """

    def __init__(
        self,
        exchange_id: str,
        options: Mapping[str, Any],
        clock: Clock,
        *,
        patience: Patience | None = None,
        tell: Tell | None = None,
        steady: Seconds = time.monotonic,
        budget: Budget | None = None,
        urgent: bool = False,
        donor: Connection | None = None,
    ) -> None:
        library.check_id(exchange_id)
        self.facts = facts_of(exchange_id)
        self._id, self._given, self._clock, self._steady = exchange_id, options, clock, steady
        self._budget = budget or Budget(self.facts.rate, self.facts.burst)
        self._wire = Wire(self.facts, self._heard)
        options = trading_options(self.facts, options) | ({"enableRateLimit": False} if urgent else {})
        self.reads = Connection(
            exchange_id, options, patience=patience, tell=tell, clock=steady, equip=self._wire.equip
        )
        self._lookups = Lookups(self.facts, self.reads, clock)
        self._counter = Counter(
            exchange_id,
            options,
            self.facts,
            self.reads,
            self._wire.equip,
            self._budget,
            urgent=urgent,
            donor=donor,
        )

    @property
    def profile(self) -> Profile:
        return self.facts.profile

    def killer(self) -> "CcxtVenue":
        """Another way to the same account for a kill: its own sockets, no queue, the same budget to the full.

        Whatever the desk's own client is stuck in does not hold this one up.
        """
        hurry = Patience(tries=2, first=0.1, cap=0.5, total=3.0)
        return CcxtVenue(
            self._id,
            self._given,
            self._clock,
            patience=hurry,
            steady=self._steady,
            budget=self._budget,
            urgent=True,
            donor=self.reads,
        )

    async def markets(self) -> Mapping[str, Any]:
        """ccxt's markets; raises Uncertain or ExchangeSaidNo when they cannot be had."""
        return dict((await self._counter.warm()).markets)

    async def warm_up(self) -> None:
        """Load what the first order and the first look at it need; raises Unreachable when it cannot be had."""
        try:
            known, reads = await self._counter.warm(), await self.reads.exchange()
            if not reads.markets:
                reads.set_markets_from_exchange(known)
        except (Uncertain, ExchangeSaidNo) as error:
            raise Unreachable(error.tell) from None

    async def send(self, request: Request) -> Answer:
        """Exactly one request to place exactly this order; nothing is asked before it and nothing again."""
        return await self._counter.send(request)

    async def cancel(self, symbol: str, client_id: str, exchange_id: str | None) -> Answer:
        """Ask for an order to be cancelled; one that is closed already is Accepted."""
        try:
            if exchange_id is None and not self.facts.cancel_id:
                found = await self.order(symbol, client_id, None)
                if found is None:
                    return Denied(Why.OTHER, f"{self.profile.name} knows no such order.")
                exchange_id = found.exchange_id
            answer = await self._counter.cancel(symbol, client_id, exchange_id)
            return await self._after(symbol, client_id, exchange_id) if answer is None else answer
        except Unreachable as error:
            return Doubtful(str(error))

    async def order(self, symbol: str, client_id: str, exchange_id: str | None) -> VenueOrder | None:
        return await self._lookups.order(symbol, client_id, exchange_id)

    async def open_orders(self, symbols: Collection[str]) -> list[VenueOrder]:
        return await self._lookups.open_orders(symbols)

    async def closed_orders(self, symbols: Collection[str], since: datetime) -> list[VenueOrder]:
        return await self._lookups.closed_orders(symbols, since)

    async def trades(self, symbols: Collection[str], since: datetime) -> list[VenueTrade]:
        return await self._lookups.trades(symbols, since)

    async def balances(self) -> Mapping[str, Balance]:
        return await self._lookups.balances()

    def hints(self) -> AsyncIterator[str]:
        """Symbols whose orders the venue says have moved: look now. Missing ones are found by the clock."""
        return Hints(self.reads).symbols()

    async def transfers(self, since: datetime) -> list[VenueTransfer]:
        return await self._lookups.transfers(since)

    async def clock_offset(self) -> timedelta:
        """The venue's clock minus ours, measured now; up to a minute it is made up for in signatures."""
        began, before = self._clock(), self._steady()
        told, doubt = await self._time()
        middle = began + timedelta(seconds=(self._steady() - before) / 2)
        offset = _at_least(told - middle, doubt)
        if abs(offset) <= _WRONG:
            await self._make_up_for(offset // timedelta(milliseconds=1))
        return offset

    async def close(self) -> None:
        """Let go of every socket."""
        await self._counter.close()
        await self.reads.close()

    async def _after(self, symbol: str, client_id: str, exchange_id: str | None) -> Answer:
        """What a cancel that came too late means: only a look at the order can tell."""
        found = await self.order(symbol, client_id, exchange_id)
        if found is None:
            return Denied(Why.OTHER, f"{self.profile.name} knows no such order.")
        if found.standing is Standing.OPEN:
            return Doubtful(f"{self.profile.name} would not cancel an order that it shows as open.")
        return Accepted(found.exchange_id)

    async def _time(self) -> tuple[datetime, timedelta]:
        """The venue's time and how far off that may be: as it tells it, or from the dates on its answers."""
        try:
            exchange = await self.reads.exchange()
            if exchange.has.get("fetchTime"):
                milliseconds = await self.reads.read_once("fetch_time")
                return datetime.fromtimestamp(int(milliseconds) / 1000, UTC), timedelta(0)
            await learn_anew(self.reads)
        except (Uncertain, ExchangeSaidNo) as error:
            raise Unreachable(error.tell) from None
        except (TypeError, ValueError):
            raise Unreachable(f"{self.profile.name} sent a time that makes no sense.") from None
        dates = {name.lower(): text for name, text in (exchange.last_response_headers or {}).items()}
        try:
            return parsedate_to_datetime(dates.get("date", "")) + _HALF_A_SECOND, _HALF_A_SECOND
        except ValueError:
            raise Unreachable(f"{self.profile.name} does not tell the time.") from None

    async def _make_up_for(self, milliseconds: int) -> None:
        exchange = await self.reads.exchange()
        exchange.options["timeDifference"] = -milliseconds
        self._counter.set_ahead(milliseconds)

    def _heard(self, heard: Heard, wait: float | None) -> None:
        if verdict.says_wait(self.facts, heard):
            self.reads.breaker.hush(self._budget.hush(wait))


def _at_least(offset: timedelta, doubt: timedelta) -> timedelta:
    """How far off a clock is for certain."""
    if abs(offset) <= doubt:
        return timedelta(0)
    return offset - doubt if offset > timedelta(0) else offset + doubt
