"""A live account at an exchange that talks without end: one order filled, others resting, so many messages a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from aiohttp import web

from tests.builders import a_candle
from tests.fakes.binance import FakeBinance
from tests.story.canary import MINUTE
from trading.clock import wall_clock
from trading.domain.events import CandlesClosed
from trading.domain.risk import Limits
from trading.service import Trading

FILLED, RESTING = "BTC/USDT", ("ETH/USDT", "SOL/USDT")
SYMBOLS = (FILLED, *RESTING)
OPEN = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
BEAT = 0.01  # seconds between two bursts
SLEEVES = {"rsi": None, "bollinger": None, "ema_cross": {"share": 0.6, "fast": 3, "slow": 8}}


class Flood:
    """Sends so many candles a second to whoever listens, until the end of the block; `sent` counts them."""

    def __init__(self, binance: FakeBinance, a_second: int) -> None:
        self._binance, self._a_second = binance, a_second
        self.sent, self.began = 0, monotonic()

    @property
    def rate(self) -> float:
        return self.sent / (monotonic() - self.began)

    async def run(self) -> None:
        while True:
            opened = MINUTE.floor(wall_clock())
            due = int((monotonic() - self.began) * self._a_second) - self.sent
            for _ in range(due):
                await self._binance.push(SYMBOLS[self.sent % len(SYMBOLS)], opened)
                self.sent += 1
            await asyncio.sleep(BEAT)


@asynccontextmanager
async def flooding(binance: FakeBinance, a_second: int) -> AsyncIterator[Flood]:
    """The flood runs beside the block."""
    flood = Flood(binance, a_second)
    task = asyncio.create_task(flood.run())
    try:
        yield flood
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Exchange(FakeBinance):
    """Buys of some markets rest instead of being filled; it writes down when which request came in."""

    def __init__(self) -> None:
        super().__init__(wall_clock)
        self.at: list[tuple[float, str, str]] = []  # seconds, method, symbol
        self.account.key.name, self.account.key.secret = "a-key-of-the-test", "a-secret-of-it"
        self.account.truth.give("USDT", "10000")
        place = self.account._signed(self._lie_down, trades=True)
        cancel = self.account._signed(self.account._cancel, trades=True)
        self.route("POST", "order", self._timed("sent", place))
        self.route("DELETE", "order", self._timed("canceled", cancel))

    def open_market(self) -> None:
        """Hours of candles and a price for every market."""
        now = MINUTE.floor(wall_clock())
        for symbol in SYMBOLS:
            for minutes in range(-240, 60):
                self.write(symbol, now + minutes * timedelta(minutes=1), 100.0)
            self.account.move(symbol, Decimal(100))

    def first(self, what: str, since: float) -> float:
        """Seconds from a moment to the first such request after it; raises StopIteration when none came."""
        return next(at for at, found, _ in self.at if found == what and at >= since) - since

    def last(self, what: str, since: float) -> float:
        return max(at for at, found, _ in self.at if found == what and at >= since) - since

    def _timed(self, what: str, handle: Any) -> Any:
        async def timed(request: web.Request) -> web.Response:
            self.at.append((monotonic(), what, request.query.get("symbol", "")))
            answer: web.Response = await handle(request)
            return answer

        return timed

    def _lie_down(self, words: dict[str, str]) -> Any:
        if words["side"] == "BUY" and words["symbol"] in {s.replace("/", "") for s in RESTING}:
            words = words | {"type": "LIMIT", "price": "50", "timeInForce": "GTC"}
        return self.account._place(words)


def section(exchange: Exchange) -> dict[str, Any]:
    """The account there, as settings have it."""
    return {
        "mode": "live",
        "exchange": "binance",
        "exchange_options": exchange.exchange_options(),
        "symbols": list(SYMBOLS),
        "timeframe": "1m",
        "sleeves": SLEEVES,
    }


def want_everything(trading: Trading) -> None:
    """A candle of each market closes, and the strategy wants all of them."""
    room = trading.room("main")
    now = datetime.now(UTC)
    opened = now - MINUTE.length
    room.step(
        CandlesClosed(now, tuple(a_candle(symbol=s, timeframe=MINUTE, opened_at=opened, close=100.0) for s in SYMBOLS))
    )  # fmt: skip
