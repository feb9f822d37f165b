"""Real money against two fake exchanges: the real program, the real ccxt, real sockets, kill -9 at the worst moment."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from migrations.run import upgrade
from tests.fakes.binance import FakeBinance
from tests.fakes.binance_account import Key
from tests.fakes.binance_books import Books
from tests.fakes.matching import Matching, State
from tests.fakes.upbit import FakeUpbit
from tests.story.house import settings_for
from tests.story.process import Machine, Program, a_machine
from trading.clock import wall_clock
from trading.domain.keys import Purpose
from trading.safe import Safe
from trading.store.store import Store

MINUTE = timedelta(minutes=1)
A_CANDLE = 90.0  # seconds within which a desk has decided on the next candle
SOON = 60.0
KEY, SECRET = "a-key-of-sixteen", "a-secret-that-is-long-enough-to-sign-with"


@pytest.fixture
async def binance() -> AsyncIterator[FakeBinance]:
    """BTC has fallen for six days; the account has 10,000 USDT."""
    async with FakeBinance(wall_clock) as server:
        fall(server.books, "BTCUSDT", 20_000.0)
        server.account.key = Key(name=KEY, secret=SECRET)
        server.account.truth.give("USDT", "10000")
        yield server


@pytest.fixture
async def upbit() -> AsyncIterator[FakeUpbit]:
    """The same in won, of which it has ten million."""
    async with FakeUpbit(wall_clock, key=KEY, secret=SECRET) as server:
        fall(server.books, "KRW-BTC", 20_000_000.0)
        server.truth.give("KRW", "10000000")
        yield server


def fall(books: Books, market: str, price: float) -> None:
    for minutes in range(-8640, 60):
        write(books, market, minutes, price * (1 - minutes / 20_000))


def rise(books: Books, market: str, price: float) -> None:
    """From this minute on the market rises, and a trend follower buys at its end."""
    for minutes in range(60):
        write(books, market, minutes, price * (1.05 + minutes / 200))


def write(books: Books, market: str, minutes: int, price: float) -> None:
    """The candle so many minutes from this one, at a price that fits every step."""
    opened, level = (
        wall_clock().replace(second=0, microsecond=0) + minutes * MINUTE,
        float(round(price, -4 if price > 1e6 else 0)),
    )
    books.write(market, opened, (level, level, level, level, 10.0))


def sections(binance: FakeBinance, upbit: FakeUpbit) -> dict[str, Any]:
    sleeve = {"strategy": "ema_cross", "share": 0.25, "fast": 3, "slow": 8, "timeframe": "1m"}
    common = {
        "mode": "live",
        "timeframe": "1m",
        "sleeves": {"ema_cross": sleeve, "rsi": None, "bollinger": None},
    }
    dollars = {"exchange": "binance", "exchange_options": binance.exchange_options(), "symbols": ["BTC/USDT"]}
    won = {"exchange": "upbit", "exchange_options": upbit.exchange_options(), "symbols": ["BTC/KRW"]}
    won |= {"cash": 10_000_000, "sleeves": {"ema_cross": sleeve}}
    return {"accounts": {"main": common | dollars, "won": common | won}}


async def store_keys(folder: Path, **settings: Any) -> None:
    """What `python main.py keys add ACCOUNT` does, for both accounts."""
    mine = settings_for(folder, **settings)
    mine.data_dir.mkdir(parents=True, exist_ok=True)
    await upgrade(mine.database_url)
    store = await Store.open(mine.database_url, wall_clock)
    try:
        safe = Safe(store, lambda account: mine.accounts[account].exchange)
        await safe.open(mine.master_key_path, mine.data_dir, lambda values: None)
        for account in mine.accounts:
            await safe.add_key(account, Purpose.TRADE, KEY, SECRET, "", "a test")
    finally:
        await store.close()


def a_desk(machine: Machine) -> Program:
    """The desk, trading; it has two exchanges to look at first."""
    desk = machine.begin()
    desk.heard("The desk is trading.", within=A_CANDLE)
    return desk


async def facts(machine: Machine, *words: str) -> Any:
    """What the desk answers to `python main.py WORDS --json`."""
    program = await asyncio.to_thread(machine.run, *words, "--json")
    return json.loads(program.out.whole())


async def settled(machine: Machine, account: str) -> list[dict[str, Any]]:
    """An account's orders, once it knows of each what became of it."""
    await facts(machine, "use", account)
    async with asyncio.timeout(SOON):
        while True:
            told = await facts(machine, "orders")
            if told and not {row["status"] for row in told} & {"sending", "uncertain"}:
                return told
            await asyncio.sleep(0.2)


async def until(holds: Callable[[], Any], within: float) -> None:
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.02)


def the_only_order(truth: Matching, sent: list[str], told: list[dict[str, Any]]) -> None:
    """One order at the exchange, sent once, filled, and in the desk's books with the same numbers."""
    (order,) = truth.orders.values()
    (row,) = told
    assert order.state is State.FILLED
    assert Counter(sent) == {order.client_id: 1}
    assert (row["status"], Decimal(str(row["filled"]))) == ("filled", order.filled)


async def test_killed_between_orders_and_answers_it_adopts_them_and_buys_once(tmp_path, binance, upbit):
    settings = sections(binance, upbit)
    await store_keys(tmp_path, **settings)
    binance.fail("POST order", after=True, hang=True)
    upbit.fail("POST orders", after=True, hang=True)
    with a_machine(tmp_path, **settings) as machine:
        first = await asyncio.to_thread(a_desk, machine)
        rise(binance.books, "BTCUSDT", 20_000.0)
        rise(upbit.books, "KRW-BTC", 20_000_000.0)
        await until(lambda: binance.account.truth.orders and upbit.truth.orders, A_CANDLE)
        killed, _ = await asyncio.to_thread(first.stop, signal.SIGKILL)

        second = await asyncio.to_thread(a_desk, machine)
        dollars = await settled(machine, "main")
        won = await settled(machine, "won")
        ended, _ = await asyncio.to_thread(second.stop, signal.SIGTERM)

    assert (killed, ended) == (-signal.SIGKILL, 0)
    sent = [words["newClientOrderId"] for words in binance.account.posts()]
    the_only_order(binance.account.truth, sent, dollars)
    the_only_order(upbit.truth, [words["identifier"] for words in upbit.posts()], won)
    assert SECRET not in first.everything() + second.everything()
