"""A canary account on a fake Binance over real sockets: a whole house, its strategy in the test's hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot import app
from migrations.run import upgrade
from tests.builders import a_candle
from tests.fakes.binance import FakeBinance
from tests.story.house import House, a_house, settings_for, until
from trading.clock import wall_clock
from trading.core.sleeve import Answers
from trading.domain.approval import Approval
from trading.domain.events import CandlesClosed
from trading.domain.keys import Purpose
from trading.domain.market import Timeframe
from trading.exchange import venue
from trading.exchange.atlas import facts_of
from trading.safe import Safe
from trading.service import Trading
from trading.store.store import Store

MINUTE = Timeframe(60)
DAYS = 3  # of candles behind us, for the rules that measure how wild a market is
BTC = "BTC/USDT"
SLEEVES = {"rsi": None, "bollinger": None, "ema_cross": {"share": 0.5, "fast": 3, "slow": 8}}


class Wanted:
    """The strategy says what the test has put here; what the rules read of the market is the real thing."""

    def __init__(self, real: Answers) -> None:
        self.history, self.history_seconds = real.history, real.history_seconds
        self.share: float | None = None

    def exposure(self, question: Any, at: int) -> float | None:
        return self.share


@dataclass
class CanaryHouse:
    """What the test holds in its hands: the house, what is under its floor, and the exchange."""

    house: House
    trading: Trading
    binance: FakeBinance
    wanted: Wanted = field(init=False)
    price: float = 100.0
    name: str = "main"  # of the account

    def __post_init__(self) -> None:
        desk = self.trading.room(self.name).desk
        self.wanted = desk.answers = Wanted(desk.answers)

    def wants(self, share: float) -> None:
        """A candle closes, and the strategy wants so much."""
        self.wanted.share = share
        now = datetime.now(UTC)
        candle = a_candle(timeframe=MINUTE, opened_at=now - MINUTE.length, close=self.price)
        self.trading.room(self.name).step(CandlesClosed(now, (candle,)))

    def moves(self, price: float) -> None:
        """The market trades at another price."""
        self.price = price
        quote(self.binance, price)

    @property
    def waiting(self) -> tuple[Approval, ...]:
        return self.trading.real.pending(self.name)

    async def card(self, beside: str = "") -> Approval:
        """The card that waits, another than this one."""
        return await until(lambda: next((c for c in self.waiting if c.id != beside), None))

    @property
    def held(self) -> Decimal:
        """What the books say; less than the exchange takes is nothing."""
        desk = self.trading.room(self.name).desk
        return desk.instruments[BTC].amount(desk.book.held("ema_cross", BTC))

    def books_agree(self) -> bool:
        """To the last digit: money and coins."""
        truth, book = self.binance.account.truth, self.trading.room(self.name).desk.book
        return (book.cash, book.held("ema_cross", BTC)) == (truth.total("USDT"), truth.total("BTC"))


def quote(binance: FakeBinance, price: float, symbol: str = BTC) -> None:
    now = MINUTE.floor(wall_clock())
    for ahead in range(3):  # a story may go on over the end of a minute
        binance.write(symbol, now + ahead * timedelta(minutes=1), price, price, price, price, 100.0)
    binance.account.move(symbol, Decimal(str(price)))


@asynccontextmanager
async def a_binance() -> AsyncIterator[FakeBinance]:
    """BTC around 100 for days, 10,000 USDT in the account."""
    async with FakeBinance(wall_clock) as binance:
        binance.account.key.name, binance.account.key.secret = "a-key-of-the-test", "a-secret-of-it"
        binance.account.truth.give("USDT", "10000")
        now = MINUTE.floor(wall_clock())
        for n in range(1, DAYS * 1440):
            close = 100 + n % 7 / 100
            binance.write(BTC, now - n * timedelta(minutes=1), close, close + 0.1, close - 0.1, close, 100.0)
        quote(binance, 100.0)
        yield binance


def account(binance: FakeBinance, **changes: Any) -> dict[str, Any]:
    """The section of a canary account there; as in settings.toml, and the way to this fake."""
    return {
        "mode": "canary",
        "exchange": "binance",
        "exchange_options": binance.exchange_options(),
        "symbols": [BTC],
        "timeframe": "1m",
        "sleeves": SLEEVES,
        **changes,
    }


async def store_key(folder: Path, key: str = "a-key-of-the-test", **sections: Any) -> None:
    """What `python main.py keys add main` does."""
    mine = settings_for(folder, **sections)
    mine.data_dir.mkdir(parents=True, exist_ok=True)
    await upgrade(mine.database_url)
    store = await Store.open(mine.database_url, wall_clock)
    try:
        safe = Safe(store, lambda name: mine.accounts[name].exchange)
        await safe.open(mine.master_key_path, mine.data_dir, lambda values: None)
        await safe.add_key("main", Purpose.TRADE, key, "a-secret-of-it", "", "a test")
    finally:
        await store.close()


def under_the_floor(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Trading]:
    """Whatever the house that is built next trades with; its exchange shows an order at once."""
    built: list[app.House] = []
    build = app.build

    async def remembered(*parts: Any) -> app.House:
        built.append(await build(*parts))
        return built[-1]

    def prompt(exchange_id: str) -> Any:
        facts = facts_of(exchange_id)
        return replace(facts, profile=replace(facts.profile, visibility_lag=timedelta(seconds=1)))

    monkeypatch.setattr(app, "build", remembered)
    monkeypatch.setattr(venue, "facts_of", prompt)
    return lambda: built[-1].trading


@asynccontextmanager
async def a_canary_house(
    folder: Path, binance: FakeBinance, trading: Callable[[], Trading], **sections: Any
) -> AsyncIterator[CanaryHouse]:
    mine = {"accounts": {"main": account(binance)}, **sections}
    await store_key(folder, **mine)
    async with a_house(folder, **mine) as house:
        assert "main" in trading().rooms, trading().trouble
        yield CanaryHouse(house, trading(), binance)
