"""A fake Binance, and markets that talk to it through the real ccxt and leave nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fakes.binance import FakeBinance, eventually
from tests.fakes.clock import HandClock
from trading.exchange.client import CcxtMarket
from trading.exchange.resilience import Patience

QUICK = Patience(first=0.01, cap=0.02)  # three tries, hardly any pause


@pytest.fixture
async def binance(clock: HandClock) -> AsyncIterator[FakeBinance]:
    """Binance with three markets whose minutes of the last hour are on the books."""
    async with FakeBinance(clock) as server:
        server.history(clock.now.replace(hour=11), 61)
        yield server


Open = Callable[..., CcxtMarket]


@pytest.fixture
async def open_market(binance: FakeBinance, clock: HandClock) -> AsyncIterator[Open]:
    """Open markets on the fake; words it does not know are ccxt options, as in `open_market(timeout=200)`."""
    opened: list[CcxtMarket] = []

    def steady() -> float:
        return binance.clock().timestamp()

    def make(
        *, clock: Callable[[], Any] = clock, patience: Patience = QUICK, pulse: float = 0.05, **more: Any
    ) -> CcxtMarket:
        own = {"steady": steady} | {name: more.pop(name) for name in ("tell", "steady") if name in more}
        options = binance.exchange_options(**more)
        market = CcxtMarket("binance", options, clock, patience=patience, pulse=pulse, **own)
        opened.append(market)
        return market

    before = asyncio.all_tasks()
    yield make
    for market in opened:
        await market.close()
    await _settle(before)


async def _settle(before: set[Any]) -> None:
    """Nothing that a market started may outlive it."""

    def strangers() -> list[Any]:
        files = {t: t.get_coro().cr_code.co_filename for t in asyncio.all_tasks() - before}
        return [task for task, file in files.items() if "ccxt" in file or "exchange/stream" in file]

    await eventually(lambda: not strangers())
