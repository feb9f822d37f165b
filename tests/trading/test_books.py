"""Order books: whose are asked for, when, and what follows where they are thin or do not come."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from migrations.run import upgrade
from tests.builders import START, a_candle
from tests.fakes.clock import HandClock
from tests.trading.core.desks import Script, Story, close_of
from trading import books
from trading.domain.depth import Depth
from trading.domain.errors import Uncertain
from trading.domain.events import CandlesClosed, KillAsked
from trading.domain.market import Timeframe
from trading.domain.order import Side
from trading.floor import Floor
from trading.keeper import Keeper
from trading.market.feed import ShowsBooks
from trading.market.history import RecordedMarket
from trading.market.simulated import SimulatedMarket
from trading.service import Trading
from trading.settings import Settings
from trading.store.store import Store

BTC, ETH = "BTC/USDT", "ETH/USDT"
MINUTE = Timeframe(60)
NOON = datetime(2024, 8, 5, 12, 0, 30, tzinfo=UTC)
FAST = {"ema_cross": {"share": 0.5, "fast": 3, "slow": 8, "timeframe": "5m"}}


# --- whose books are needed ---------------------------------------------------------------------------------


def minute(until: datetime, symbol: str = BTC) -> list[CandlesClosed]:
    candle = a_candle(symbol=symbol, timeframe=MINUTE, opened_at=until - MINUTE.length)
    return [CandlesClosed(until, (candle,))]


def a_desk_of_hours(**words: dict[int, float]) -> Story:
    """Two symbols, three hours of one of them seen."""
    return Story(Script(**words), symbols=(BTC, ETH)).candles(100, 100, 100)


def test_a_book_is_needed_when_the_strategys_own_candle_is_over_and_not_before():
    desk = a_desk_of_hours().desk

    assert books.needed(desk, minute(close_of(3) - MINUTE.length)) == set()
    assert books.needed(desk, minute(close_of(3))) == {BTC}


def test_an_hour_whose_last_minute_is_missing_is_over_with_the_next_candle():
    desk = a_desk_of_hours().desk

    assert books.needed(desk, minute(close_of(3) + 2 * MINUTE.length)) == {BTC}


def test_a_symbol_that_was_never_seen_needs_its_book_at_once():
    desk = a_desk_of_hours().desk

    assert books.needed(desk, minute(close_of(2) + MINUTE.length, ETH)) == {ETH}


def test_a_purchase_under_way_needs_its_book_with_every_candle():
    story = a_desk_of_hours(BTC_USDT={2: 1.0})

    assert [o.intent.side for o in story.desk.orders.live] == [Side.BUY]
    assert books.needed(story.desk, minute(close_of(2) + MINUTE.length)) == {BTC}


def test_who_cannot_buy_needs_no_book():
    off, killed, idle = a_desk_of_hours().desk, a_desk_of_hours(), a_desk_of_hours().desk
    off.sleeves["ema_cross"] = replace(off.sleeves["ema_cross"], enabled=False)
    killed.session.step(KillAsked(close_of(2), "test", "owner"))

    assert books.needed(off, minute(close_of(3))) == set()
    assert books.needed(killed.desk, minute(close_of(3))) == set()
    assert books.needed(idle, []) == set()


# --- a house whose market shows what a test wants -----------------------------------------------------------


class Window(SimulatedMarket):
    """The simulated market with a counter at its window: what was asked, and an answer put in by hand."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(7, clock)
        self.asked: list[tuple[datetime, str]] = []
        self.offered: Decimal | None = None  # of each offer
        self.error: Exception | None = None
        self.hangs = False

    async def depth(self, symbol: str) -> Depth:
        self.asked.append((self.now(), symbol))
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        depth = await super().depth(symbol)
        if self.offered is None:
            return depth
        sides = [tuple((price, self.offered) for price, _ in side) for side in (depth.bids, depth.asks)]
        return Depth(bids=sides[0], asks=sides[1], at=depth.at)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
async def house(tmp_path: Path, clock: HandClock) -> AsyncIterator[Any]:
    """Opens a desk on its window; words are accounts."""
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    await upgrade(url)
    store = await Store.open(url, clock)
    opened: list[Trading] = []

    async def make(**accounts: Any) -> tuple[Trading, Window]:
        risk = {"daily_loss": 0.9, "drawdown": 0.9, "slippage": 1.0}
        settings = Settings.model_validate({"data_dir": tmp_path, "risk": risk, "accounts": accounts})
        trading = Trading(settings, store, clock, Keeper(store), tmp_path / "KILL_SWITCH")
        opened.append(trading)
        await trading.start()
        window = Window(clock)
        floor_of(trading).market = window
        return trading, window

    yield make
    for trading in opened:
        await trading.close()
    await store.close()


def floor_of(trading: Trading) -> Floor:
    return next(iter(trading.floors.values()))


def an_account(*symbols: str, **risk: float) -> dict[str, Any]:
    return {"symbols": list(symbols), "sleeves": FAST, "risk": risk}


async def live(trading: Trading, clock: HandClock, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(60)
        await trading.tick()


async def bought(trading: Trading, clock: HandClock, account: str, within: int = 600) -> bool:
    """Whether the account comes to hold something."""
    for _ in range(within):
        if trading.status(account).holdings:
            return True
        await live(trading, clock, 1)
    return False


def begin_anew(trading: Trading) -> None:
    """Forget what was bought before anybody stood at the window."""
    for room in trading.rooms.values():
        room.desk.book.positions.clear()
        room.desk.lines.clear()


def refused(trading: Trading, account: str) -> set[str]:
    asked = trading.room(account).desk.risk.asked.values()
    return {answer.rule.split()[0] for _, answer in asked if hasattr(answer, "rule")}


async def test_books_are_asked_for_at_the_strategys_closes_for_accounts_with_a_limit_only(house, clock):
    trading, window = await house(careful=an_account(BTC, slippage=0.01), free=an_account(BTC, ETH))

    await live(trading, clock, 10)

    at = {(when.hour, when.minute) for when, _ in window.asked}
    assert {symbol for _, symbol in window.asked} == {BTC}
    assert at >= {(12, 5), (12, 10)}
    assert len(at) < 10
    assert trading.room("careful").desk.depths[BTC].at == window.asked[-1][0]
    assert trading.room("free").desk.depths == {}


async def test_what_the_book_can_bear_is_bought(house, clock):
    trading, window = await house(main=an_account(BTC, slippage=0.01))
    begin_anew(trading)

    assert await bought(trading, clock, "main")
    assert window.asked


@pytest.mark.parametrize("trouble", ["thin", "silent", "hangs"])
async def test_nothing_is_bought_on_a_thin_book_or_on_none(house, clock, monkeypatch, trouble):
    monkeypatch.setattr(books, "PATIENCE", 0.01)
    trading, window = await house(careful=an_account(BTC, slippage=0.01), free=an_account(BTC))
    begin_anew(trading)
    window.offered = Decimal("0.001") if trouble == "thin" else None
    window.error = Uncertain("No answer.") if trouble == "silent" else None
    window.hangs = trouble == "hangs"

    assert await bought(trading, clock, "free")

    assert trading.status("careful").holdings == ()
    assert refused(trading, "careful") == {"R25"}


async def test_a_market_that_falls_silent_still_lets_out_what_is_held(house, clock):
    trading, window = await house(main=an_account(BTC, slippage=0.01))
    assert await bought(trading, clock, "main")
    window.error = Uncertain("No answer.")

    sold = [f for f in await trading.fills("main") if f.side is Side.SELL]
    while len([f for f in await trading.fills("main") if f.side is Side.SELL]) == len(sold):
        assert clock.now < NOON + timedelta(days=1), "it never got out"
        await live(trading, clock, 5)

    assert trading.status("main").holdings == ()


async def test_a_rebalance_looks_at_the_books_first(house, clock):
    trading, window = await house(main=an_account(BTC, slippage=0.01))

    await trading.portfolio.rebalance("main", "owner")

    assert window.asked == [(clock.now, BTC)]


async def test_a_market_without_books_is_not_asked_and_stops_nothing():
    market = RecordedMarket.__new__(RecordedMarket)

    assert not isinstance(market, ShowsBooks)
    assert isinstance(SimulatedMarket(7, HandClock()), ShowsBooks)


async def test_many_symbols_are_asked_at_once_and_each_answer_is_its_own():
    window = Window(HandClock(NOON))

    seen = await books.look(window, [ETH, BTC, ETH])

    assert [event.symbol for event in seen] == [BTC, ETH]
    assert all(event.depth.bids and event.depth.asks for event in seen)


# --- the simulated book -------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", [BTC, "DOGE/USDT", "BTC/KRW"])
async def test_the_simulated_book_is_the_same_for_the_same_moment_and_lies_around_the_price(symbol):
    market = SimulatedMarket(7, HandClock(START))
    price = Decimal(repr((await market.quotes([symbol]))[symbol]))

    depth = await market.depth(symbol)

    bids, asks = [p for p, _ in depth.bids], [p for p, _ in depth.asks]
    assert depth == await SimulatedMarket(7, HandClock(START)).depth(symbol)
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert 0 < bids[-1] < bids[0] < price < asks[0] < asks[-1] < price * Decimal("1.01")
    assert depth.slippage(Side.BUY, depth.asks[0][1]) < Decimal("0.001")
