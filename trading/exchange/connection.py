"""One ccxt object and the careful way to ask it: time-outs, three tries, a breaker, errors in our words."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from trading.domain.errors import Uncertain
from trading.exchange import library
from trading.exchange.resilience import Breaker, BreakerState, Patience, Seconds, Tell, persist
from trading.exchange.translate import failure

log = structlog.get_logger("exchange")

AT_ONCE = 8  # reads inside ccxt at a time; more would only queue up in its throttler
QUEUE = 30.0  # seconds a read may spend in that queue
CLOSING = 5.0  # seconds that saying goodbye may take


class Connection:
    """Reads from one exchange. `read` answers, or raises ExchangeSaidNo or Uncertain within a bounded time.

    The ccxt object is made when first needed and replaced when it hangs, which its throttler does after the
    machine's clock was set back. `equip` is shown each one before its first use.
    """

    def __init__(
        self,
        exchange_id: str,
        options: Mapping[str, Any],
        *,
        patience: Patience | None = None,
        tell: Tell | None = None,
        clock: Seconds = time.monotonic,
        equip: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self._id, self._options, self._clock, self._equip = exchange_id, options, clock, equip
        self._patience = patience or Patience()
        self.breaker = Breaker(exchange_id, tell or self._log_change, clock=clock)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._opening = asyncio.Lock()
        self._exchange: Any = None
        self._closed = False

    async def exchange(self) -> Any:
        """The ccxt object, for what it knows without asking: features, precision mode, markets."""
        async with self._opening:
            if self._closed:
                raise Uncertain(f"The connection to {self._id} was closed.")
            if self._exchange is None:
                await library.load()
                self._exchange = self._open()
            return self._exchange

    async def read(self, method: str, *words: Any) -> Any:
        """What ccxt's `method` answers; asked again while nobody knows."""
        return await persist(lambda: self._ask(method, *words), self._patience, clock=self._clock)

    async def read_once(self, method: str) -> Any:
        """As `read`, but for what can be done without: one try."""
        return await self._ask(method)

    async def twin(self) -> Any:
        """Another object for the same exchange that knows the markets already; whoever takes it closes it."""
        known = await self.exchange()
        twin = self._open()
        if known.markets:
            twin.set_markets_from_exchange(known)
        return twin

    async def close(self) -> None:
        """Let go of sockets and sessions; reads after this raise Uncertain."""
        async with self._opening:
            self._closed = True
            exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await goodbye(exchange)

    async def _ask(self, method: str, *words: Any) -> Any:
        async with self._room:
            with self.breaker.guard():
                exchange = await self.exchange()
                limit = asyncio.timeout(exchange.timeout / 1000 + QUEUE)
                try:
                    async with limit:
                        return await getattr(exchange, method)(*words)
                except library.failures() as error:
                    if isinstance(error, library.TRIPPED):
                        log.warning(
                            "ccxt_tripped", exchange=self._id, method=method, kind=type(error).__name__
                        )
                    wait = _retry_after(exchange)
                    if limit.expired():
                        await self._replace(exchange)
                    raise failure(error, self._id, wait) from None

    async def _replace(self, stuck: Any) -> None:
        """Put a fresh object in the place of one that hangs. Its markets are kept."""
        async with self._opening:
            if self._exchange is stuck and not self._closed:
                self._exchange = self._open()
                if stuck.markets:
                    self._exchange.set_markets_from_exchange(stuck)
        await goodbye(stuck)

    def _open(self) -> Any:
        exchange = library.open_exchange(self._id, self._options)
        self._equip(exchange)
        return exchange

    def _log_change(self, state: BreakerState, reason: str) -> None:
        log.warning("breaker", exchange=self._id, state=str(state), reason=reason)


async def goodbye(exchange: Any) -> None:
    """Close a ccxt object's sockets and session, whatever state they are in."""
    try:
        async with asyncio.timeout(CLOSING):
            await exchange.close()
    except library.failures() as error:
        log.warning("close_failed", exchange=exchange.id, kind=type(error).__name__)


def _retry_after(exchange: Any) -> float | None:
    """Seconds that the last answer asked us to wait, where it said so."""
    headers = exchange.last_response_headers or {}
    value = next((text for key, text in headers.items() if key.lower() == "retry-after"), "")
    try:
        return float(value)
    except ValueError:
        return None
