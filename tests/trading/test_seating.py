"""An account of real money takes its seat: the way there, the first balances, and what it refuses."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from migrations.run import upgrade
from tests.builders import a_candle
from tests.fakes.venue import FakeVenue, Fault, World, a_profile
from trading import running
from trading.clock import wall_clock
from trading.domain.errors import Broken, Refused
from trading.domain.events import CandlesClosed
from trading.domain.market import Timeframe
from trading.domain.risk import Limits
from trading.execution.live import Live
from trading.keeper import Keeper
from trading.market.simulated import SimulatedMarket
from trading.seating import OpenWay, Way
from trading.service import Trading
from trading.settings import Settings
from trading.store.store import Store

SLEEVES = {"ema_cross": {"share": 0.5, "fast": 3, "slow": 8, "timeframe": "1m"}}
OPEN = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)


class Wants:
    """A strategy that wants what the test says."""

    history_seconds = 3600

    def __init__(self) -> None:
        self.wanted = 0.0

    def exposure(self, question: Any, at: int) -> float:
        return self.wanted

    def history(self, symbol: str, at: int) -> None:
        return None


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    await upgrade(url)
    opened = await Store.open(url, wall_clock)
    yield opened
    await opened.close()


@pytest.fixture
def world(monkeypatch) -> World:
    """An exchange with 2,500 USDT and 3 BTC of a person's own; its prices are the simulated market's."""
    monkeypatch.setattr(
        running,
        "market_for",
        lambda account, settings, clock: SimulatedMarket(settings.simulated.seed, clock),
    )
    profile = a_profile(visibility_lag=timedelta(0))
    totals = {"USDT": Decimal(2500), "BTC": Decimal(3)}
    return World(time.monotonic, wall_clock, profile=profile, totals=totals)


async def trading_of(store: Store, folder: Path, world: World, **account: Any) -> Trading:
    mine = {"mode": "live", "exchange": "binance", "symbols": ["BTC/USDT"], "sleeves": SLEEVES} | account
    trading = house_of(store, folder, {"main": mine})
    trading.seats.open_way = ways({"main": (world, "binance 1")})
    await trading.start()
    return trading


def house_of(store: Store, folder: Path, accounts: dict[str, Any]) -> Trading:
    settings = Settings.model_validate({"data_dir": folder, "accounts": accounts})
    return Trading(settings, store, wall_clock, Keeper(store), folder / "KILL_SWITCH")


def ways(there: dict[str, tuple[World, str]]) -> OpenWay:
    """Where each account's key leads, and whose exchange account that is."""

    async def closed() -> None:
        return None

    async def way(name: str) -> Way:
        world, identity = there[name]
        return Way(venue=FakeVenue(world), killer=FakeVenue(world), identity=identity, close=closed)

    return way


async def until(holds) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


async def test_a_live_account_begins_with_the_exchanges_money_and_leaves_a_persons_coins_alone(
    store, tmp_path, world
):
    trading = await trading_of(store, tmp_path, world)

    status = trading.status("main")
    flows = await trading.flows("main")

    assert trading.trouble == {}
    assert (status.equity, status.cash) == (Decimal(2500), Decimal(2500))
    assert status.holdings == ()
    assert [(f.amount, f.note) for f in flows] == [(Decimal(2500), "what was at the exchange")]
    assert trading.header("main") == "🔴 LIVE · main"
    await trading.close()


async def test_it_buys_survives_a_restart_and_sells_at_a_kill(store, tmp_path, world):
    trading = await trading_of(store, tmp_path, world)
    task = asyncio.create_task(trading.seats.run())
    room, wants = trading.room("main"), Wants()
    wants.wanted = 1.0
    room.desk.answers, room.desk.limits = wants, OPEN
    price = float(next(iter(room.desk.book.prices.values()), Decimal(60000)))
    world.prices["BTC/USDT"] = Decimal(str(price))
    now = wall_clock()
    candle = a_candle(timeframe=Timeframe(60), opened_at=now - timedelta(minutes=1), close=price)
    room.step(CandlesClosed(now, (candle,)))
    await until(lambda: trading.status("main").holdings)
    await trading.seats.calm()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await trading.close()

    again = await trading_of(store, tmp_path, world)
    task = asyncio.create_task(again.seats.run())
    held = again.status("main").holdings
    await again.kill("enough", by="ann")
    await until(lambda: not again.status("main").holdings)
    await again.unkill("ann")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await again.close()

    assert len(held) == 1
    assert len(world.sent) == 2
    assert world.totals["BTC"] == 3


async def test_a_kill_is_not_lifted_while_the_books_disagree(store, tmp_path, world):
    trading = await trading_of(store, tmp_path, world)
    await trading.kill("enough", by="ann")
    world.offset = timedelta(hours=1)

    with pytest.raises(Refused, match="must agree first: this machine's clock is 3600"):
        await trading.unkill("ann")

    assert trading.room("main").desk.halts.killed
    await trading.close()


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ({"mode": "paper", "exchange": "binance"}, {}, "was begun on paper and cannot go on with real money"),
        ({}, {"mode": "paper"}, "was begun with real money and cannot go on as a simulated one"),
    ],
)
async def test_paper_books_never_go_on_with_real_money_nor_real_ones_on_paper(
    store, tmp_path, world, first, second, says
):
    trading = await trading_of(store, tmp_path, world, **first)
    assert trading.trouble == {}
    await trading.close()

    again = await trading_of(store, tmp_path, world, **second)

    assert says in again.trouble["main"]
    assert again.rooms == {}
    assert world.sent == []
    await again.close()


async def test_canary_and_live_share_their_books(store, tmp_path, world):
    trading = await trading_of(store, tmp_path, world, mode="canary")
    assert trading.real.accounts == ("main",)
    await trading.close()

    again = await trading_of(store, tmp_path, world)

    assert again.trouble == {}
    assert again.real.of("main").seat.lease.epoch == 2
    await again.close()


async def test_without_money_or_an_answer_nothing_is_started_and_it_is_tried_again(store, tmp_path, world):
    world.totals = {"BTC": Decimal(3)}
    poor = await trading_of(store, tmp_path, world)
    assert poor.trouble["main"] == "There is no USDT in this exchange account, so main cannot trade."

    world.totals["USDT"] = Decimal(2500)
    await poor.retry()

    assert poor.trouble == {}
    assert poor.status("main").cash == Decimal(2500)
    await poor.close()


async def test_a_key_that_is_stored_before_the_account_has_its_seat_is_the_one_it_takes(
    store, tmp_path, world
):
    right, world.totals = dict(world.totals), {"BTC": Decimal(3)}
    trading = await trading_of(store, tmp_path, world)
    other = World(time.monotonic, wall_clock, profile=world.profile, totals=right)
    trading.seats.open_way = ways({"main": (other, "binance 2")})

    await trading.retry()

    assert trading.trouble == {}
    assert trading.real.of("main").seat.lease.identity == "binance 2"
    await trading.close()


async def test_two_accounts_with_one_key_never_both_trade(store, tmp_path, world):
    first = {"mode": "live", "exchange": "binance", "symbols": ["BTC/USDT"], "sleeves": SLEEVES}
    second = first | {"symbols": ["ETH/USDT"]}
    trading = house_of(store, tmp_path, {"first": first, "second": second})
    trading.seats.open_way = ways({"first": (world, "binance 1"), "second": (world, "binance 1")})

    await trading.start()
    await trading.retry()

    assert trading.real.accounts == ("first",)
    assert trading.trouble == {
        "second": "second has the exchange key of first; each account needs an exchange account of its own."
    }
    assert trading.real.of("first").seat.lease.epoch == 1
    await trading.close()


async def test_an_account_that_cannot_recover_leaves_its_neighbours_alone(
    store, tmp_path, world, monkeypatch
):
    first = {"mode": "live", "exchange": "binance", "symbols": ["BTC/USDT"], "sleeves": SLEEVES}
    second = first | {"symbols": ["ETH/USDT"]}
    trading = house_of(store, tmp_path, {"first": first, "second": second})
    another = World(time.monotonic, wall_clock, profile=world.profile, totals=dict(world.totals))
    trading.seats.open_way = ways({"first": (world, "binance 1"), "second": (another, "binance 2")})
    recover = Live.recover

    async def stumble(live):
        if live.seat.account == "first":
            raise Broken("the disk is full")
        return await recover(live)

    monkeypatch.setattr(Live, "recover", stumble)
    await trading.start()
    told = dict(trading.trouble)
    monkeypatch.setattr(Live, "recover", recover)
    await trading.retry()

    assert told == {"first": "the disk is full"}
    assert trading.trouble == {}
    assert set(trading.real.accounts) == {"first", "second"}
    await trading.close()


async def test_another_desk_on_the_same_exchange_account_is_waited_for(store, tmp_path, world):
    trading = await trading_of(store, tmp_path, world)
    (tmp_path / "elsewhere").mkdir()
    other = await trading_of(store, tmp_path / "elsewhere", world)

    assert "is traded by another desk" in other.trouble["main"]

    await trading.close()  # gives the lease back
    await other.retry()
    assert other.trouble == {}
    await other.close()


async def test_an_order_in_doubt_of_a_symbol_that_left_the_settings_is_adopted_and_sold(
    store, tmp_path, world
):
    trading = await trading_of(store, tmp_path, world, symbols=["BTC/USDT", "ETH/USDT"])
    task = asyncio.create_task(trading.seats.run())
    room, wants = trading.room("main"), Wants()
    wants.wanted = 1.0
    room.desk.answers, room.desk.limits = wants, OPEN
    venue = trading.real.of("main").seat.venue
    assert isinstance(venue, FakeVenue)
    venue.faults.append(Fault.LOST_ANSWER)
    venue.failing = 10**6
    world.prices["ETH/USDT"] = Decimal(3000)
    now = wall_clock()
    opened = now - timedelta(minutes=1)
    candle = a_candle(symbol="ETH/USDT", timeframe=Timeframe(60), opened_at=opened, close=3000.0)
    room.step(CandlesClosed(now, (candle,)))
    await until(lambda: trading.real.of("main").standing.uncertain)
    await trading.keep_all()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await trading.close()

    again = await trading_of(store, tmp_path, world)
    task = asyncio.create_task(again.seats.run())
    await until(lambda: again.status("main").holdings)
    await again.kill("enough", by="ann")
    await until(lambda: not again.status("main").holdings)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await again.close()

    assert [(request.symbol, request.side.value) for request in world.sent] == [
        ("ETH/USDT", "buy"),
        ("ETH/USDT", "sell"),
    ]
