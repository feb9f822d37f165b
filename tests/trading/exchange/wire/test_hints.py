"""The stream of our own orders: quick when it works, missed when it does not, trusted never."""

import asyncio
import contextlib
from decimal import Decimal

import pytest

from tests.fakes.binance_streams import eventually
from tests.trading.exchange.wire.conftest import an_order
from trading.exchange.hints import Hints
from trading.exchange.resilience import Backoff


class Listener:
    """Collects hints on a task of its own."""

    def __init__(self, venue, quiet=60.0) -> None:
        self.heard: list[str] = []
        hints = Hints(venue.reads, quiet=quiet, backoff=Backoff(first=0.01, cap=0.05))
        self._task = asyncio.create_task(self._listen(hints))

    async def _listen(self, hints) -> None:
        async for symbol in hints.symbols():
            self.heard.append(symbol)

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def listen(venue):
    listeners: list[Listener] = []

    def start(**how):
        listeners.append(Listener(venue, **how))
        return listeners[-1]

    yield start
    for listener in listeners:
        await listener.stop()


async def test_orders_and_fills_are_hinted_at(venue, binance, listen):
    listener = listen()
    await eventually(lambda: binance.user.subscribed == 1)

    await venue.send(an_order(limit_price=Decimal(90)))
    await eventually(lambda: listener.heard == ["BTC/USDT"])
    binance.account.by_hand("ETH/USDT", "buy", "1")

    await eventually(lambda: "ETH/USDT" in listener.heard)


@pytest.mark.parametrize("trouble", ["drop", "terminate"])
async def test_after_a_break_it_listens_again(venue, binance, listen, trouble):
    listener = listen(quiet=0.5)
    await eventually(lambda: binance.user.subscribed == 1)

    await getattr(binance.user, trouble)()
    await eventually(lambda: binance.user.subscribed >= 2)
    await venue.send(an_order())

    await eventually(lambda: listener.heard != [])


async def test_a_refused_subscription_is_tried_again_and_hurts_nothing(venue, binance, listen):
    binance.account.key.revoked = True
    listener = listen(quiet=0.3)
    await asyncio.sleep(0.5)
    binance.account.key.revoked = False

    await eventually(lambda: binance.user.subscribed >= 1)
    await venue.send(an_order())

    await eventually(lambda: listener.heard != [])
