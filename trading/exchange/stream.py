"""The exchange's WebSocket as hints: which symbol has begun a new candle. It may lie, and it may fall silent.

Polling stays the truth, so nothing here is ever needed for candles to be right, only for them to be early.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any

import structlog

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.domain.market import Timeframe
from trading.exchange import library
from trading.exchange.connection import CLOSING, goodbye
from trading.exchange.resilience import Backoff, Seconds
from trading.exchange.translate import failure

log = structlog.get_logger("exchange")

PULSE = 5.0  # seconds between looks at the watch
_WAYS = ("watchOHLCVForSymbols", "watchOHLCV", "watchTrades")  # ccxt's names, the best first
SILENCE = 3  # candles that may stay away before the stream is called dead


class Stream:
    """Keeps a stream alive: an end, an error or silence brings a fresh ccxt object after a growing pause."""

    def __init__(
        self, name: str, connect: Callable[[], Awaitable[Any]], steady: Seconds, *, pulse: float = PULSE
    ) -> None:
        self._name, self._connect, self._steady, self._pulse = name, connect, steady, pulse
        self._closed = asyncio.Event()
        self._open: set[Ears] = set()
        self.reconnections = 0

    async def changes(self, symbols: tuple[str, ...], timeframe: Timeframe) -> AsyncIterator[str]:
        """Symbols whose newest candle changed over; after a reconnection all, for who knows what was missed.

        Where the exchange offers no stream, this waits until it is closed.
        """
        backoff = Backoff(clock=self._steady)
        greeting: tuple[str, ...] = ()
        while not self._closed.is_set():
            exchange = await self._connected()
            if exchange is not None:
                backoff.connected()
                ears = Ears(exchange, symbols, timeframe, self._steady)
                async with aclosing(self._heard(ears, greeting)) as heard:
                    async for symbol in heard:
                        yield symbol
            greeting = symbols
            if await self._closes_within(backoff.pause()):
                return
            self.reconnections += 1

    async def close(self) -> None:
        """End every iteration and let go of its sockets."""
        self._closed.set()
        for ears in tuple(self._open):
            ears.ring()
            await goodbye(ears.exchange)

    async def _connected(self) -> Any:
        try:
            return await self._connect()
        except (Uncertain, ExchangeSaidNo) as error:
            log.warning("stream_not_connected", exchange=self._name, reason=error.tell)
            return None

    async def _heard(self, ears: "Ears", greeting: tuple[str, ...]) -> AsyncGenerator[str, None]:
        """What one connection says until it ends; the connection never outlives this iteration."""
        self._open.add(ears)
        listening = asyncio.create_task(ears.listen(), name="exchange stream")
        listening.add_done_callback(lambda _: ears.ring())
        try:
            for symbol in greeting:
                yield symbol
            while not (self._closed.is_set() or listening.done() or ears.silent):
                for symbol in await ears.changes_within(self._pulse):
                    yield symbol
        finally:
            listening.cancel()
            try:
                await asyncio.wait((listening,), timeout=CLOSING)
            finally:
                self._open.discard(ears)
                await goodbye(ears.exchange)
        log.info("stream_ended", exchange=self._name, reason=self._reason(listening, ears))

    def _reason(self, listening: "asyncio.Task[None]", ears: "Ears") -> str:
        error = listening.exception() if listening.done() and not listening.cancelled() else None
        if error is None:
            return "silence" if ears.silent else "closed"
        if not isinstance(error, library.failures()):
            raise error
        return failure(error, self._name).tell

    async def _closes_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._closed.wait()
        except TimeoutError:
            return False


class Ears:
    """Hears one ccxt object. What arrives is kept by symbol, so that a flood costs no memory."""

    def __init__(
        self, exchange: Any, symbols: tuple[str, ...], timeframe: Timeframe, steady: Seconds
    ) -> None:
        self.exchange, self._symbols, self._timeframe, self._steady = exchange, symbols, timeframe, steady
        self._newest: dict[str, int] = {}  # open time of the newest candle heard of, in seconds
        self._moved = steady()  # when one of them last moved on: old candles sent again are no sign of life
        self._changed: dict[str, None] = {}
        self._rang = asyncio.Event()

    @property
    def silent(self) -> bool:
        """Whether no candle has moved on for so long that the stream must be dead, open socket or not."""
        return self._offered and self._steady() - self._moved > SILENCE * self._timeframe.seconds

    def ring(self) -> None:
        """Wake whoever waits for changes."""
        self._rang.set()

    async def changes_within(self, seconds: float) -> tuple[str, ...]:
        """The symbols that changed over, as soon as there is one; nothing when the time is up."""
        try:
            async with asyncio.timeout(seconds):
                await self._rang.wait()
        except TimeoutError:
            return ()
        self._rang.clear()
        changed, self._changed = tuple(self._changed), {}
        return changed

    async def listen(self) -> None:
        """Hear until something breaks, and then raise what broke."""
        try:
            async with asyncio.TaskGroup() as watchers:
                for watch in self._watches():
                    watchers.create_task(self._go_on(watch))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        await asyncio.Event().wait()  # nothing to watch here

    @property
    def _offered(self) -> bool:
        return any(self.exchange.has.get(name) for name in _WAYS)

    def _watches(self) -> Iterator[Callable[[], Awaitable[None]]]:
        """One for all symbols where ccxt can, else one for each; from trades where there are no candles."""
        has = self.exchange.has
        if has.get("watchOHLCVForSymbols"):
            yield self._together
        elif has.get("watchOHLCV"):
            yield from (partial(self._candles, symbol) for symbol in self._symbols)
        elif has.get("watchTrades"):
            yield from (partial(self._trades, symbol) for symbol in self._symbols)

    async def _go_on(self, watch: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await watch()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                raise ConnectionResetError("ccxt cancelled its own subscription") from None
            await asyncio.sleep(0)

    async def _together(self) -> None:
        pairs = [[symbol, str(self._timeframe)] for symbol in self._symbols]
        await self.exchange.watch_ohlcv_for_symbols(pairs)
        for (
            symbol
        ) in self._symbols:  # ccxt answers for one; what came for others meanwhile is only in its cache
            rows = self.exchange.ohlcvs.get(symbol, {}).get(str(self._timeframe))
            self._hear(symbol, rows[-1][0] if rows else 0)

    async def _candles(self, symbol: str) -> None:
        rows = await self.exchange.watch_ohlcv(symbol, str(self._timeframe))
        self._hear(symbol, max((row[0] for row in rows), default=0))

    async def _trades(self, symbol: str) -> None:
        trades = await self.exchange.watch_trades(symbol)
        self._hear(symbol, max((trade["timestamp"] or 0 for trade in trades), default=0))

    def _hear(self, symbol: str, milliseconds: int) -> None:
        opened = self._timeframe.floor_seconds(milliseconds // 1000)
        before = self._newest.get(symbol)
        if before is not None and opened <= before:
            return
        self._newest[symbol], self._moved = opened, self._steady()
        if before is not None:
            self._changed[symbol] = None
            self.ring()
