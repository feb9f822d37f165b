"""A venue's own word that something happened to our orders: a hint to look at once, never a fact."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.exchange import library
from trading.exchange.connection import Connection, goodbye
from trading.exchange.outgoing import NotWhatWasMeant
from trading.exchange.resilience import Backoff
from trading.exchange.translate import failure
from trading.exchange.wire import Errand, trip

log = structlog.get_logger("exchange")

_QUIET = (
    900.0  # seconds without a word after which a stream is set up anew: it may have died without saying so
)


class Hints:
    """Symbols whose orders moved, for as long as somebody listens.

    Every silence, break and refusal costs the hint and nothing else: whoever listens also looks by the clock.
    """

    def __init__(self, reads: Connection, *, quiet: float = _QUIET, backoff: Backoff | None = None) -> None:
        self._reads, self._quiet = reads, quiet
        self._backoff = backoff or Backoff()

    async def symbols(self) -> AsyncIterator[str]:
        """Ends by itself only where a venue tells nothing of orders."""
        while True:
            try:
                exchange = await self._reads.twin()
            except (Uncertain, ExchangeSaidNo) as error:
                await self._rest(error.tell)
                continue
            if not exchange.has.get("watchOrders"):
                await goodbye(exchange)
                return
            try:
                self._backoff.connected()
                async for symbol in self._listen(exchange):
                    yield symbol
            finally:
                await goodbye(exchange)

    async def _listen(self, exchange: Any) -> AsyncIterator[str]:
        """Until the stream breaks or says nothing for long."""
        while True:
            try:
                with trip(Errand.READ):
                    async with asyncio.timeout(self._quiet):
                        moved = await exchange.watch_orders()
            except NotWhatWasMeant as stopped:
                await self._rest(str(stopped))
                return
            except library.failures() as error:
                await self._rest(failure(error, exchange.id).tell)
                return
            for symbol in {str(order["symbol"]) for order in moved if order.get("symbol")}:
                yield symbol

    async def _rest(self, reason: str) -> None:
        pause = self._backoff.pause()
        log.info("order_stream_rests", reason=reason, seconds=round(pause, 1))
        await asyncio.sleep(pause)
