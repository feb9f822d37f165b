"""A fake Binance with money on it, and venues that speak to it through the real ccxt."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import pytest

from tests.fakes.binance import FakeBinance
from trading.clock import wall_clock
from trading.domain.order import OrderKind, Side
from trading.exchange.resilience import Patience
from trading.exchange.venue import CcxtVenue
from trading.execution.venue import Request

QUICK = Patience(first=0.01, cap=0.02)
ID = "twabcdefghijklmnopqrstuvwx"


def an_order(**but: object) -> Request:
    """Buy 0.5 BTC for 100 USDT each, unless something else is said."""
    words = {
        "client_id": ID,
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "amount": Decimal("0.5"),
        "limit_price": Decimal("100.00"),
    }
    return Request(**(words | but))


@pytest.fixture
async def binance() -> AsyncIterator[FakeBinance]:
    """BTC trades at 100; the account has 1,000 USDT and 2 BTC."""
    async with FakeBinance(wall_clock) as server:
        server.account.move("BTC/USDT", "100")
        server.account.move("ETH/USDT", "10")
        server.account.truth.give("USDT", "1000")
        server.account.truth.give("BTC", "2")
        yield server


@pytest.fixture
async def open_venue(binance: FakeBinance) -> AsyncIterator[Callable[..., CcxtVenue]]:
    """Open venues on the fake; words are ccxt options, as in `open_venue(secret="wrong")`."""
    opened: list[CcxtVenue] = []

    def make(**more: object) -> CcxtVenue:
        options = binance.exchange_options(**({"apiKey": "key", "secret": "secret"} | more))
        venue = CcxtVenue("binance", options, wall_clock, patience=QUICK)
        opened.append(venue)
        return venue

    yield make
    for venue in opened:
        await venue.close()


@pytest.fixture
async def venue(open_venue: Callable[..., CcxtVenue]) -> CcxtVenue:
    """A venue that is warm."""
    warm = open_venue()
    await warm.warm_up()
    return warm
