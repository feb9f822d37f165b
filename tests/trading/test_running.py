"""Accounts side by side: what goes wrong with one is its own affair."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from migrations.run import upgrade
from tests.fakes.clock import HandClock
from trading.domain.events import HaltAsked
from trading.domain.risk import HaltKind
from trading.keeper import Keeper
from trading.service import Trading
from trading.settings import Settings
from trading.store.store import Store

START = datetime(2024, 8, 5, 12, 0, 30, tzinfo=UTC)
FAST = {"ema_cross": {"share": 0.5, "fast": 3, "slow": 8, "timeframe": "5m"}}


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    await upgrade(url)
    opened = await Store.open(url, clock)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock(START)


async def trading_of(store: Store, clock: HandClock, folder: Path, accounts: dict[str, Any]) -> Trading:
    risk = {"daily_loss": 0.9, "drawdown": 0.9}
    settings = Settings.model_validate({"data_dir": folder, "risk": risk, "accounts": accounts})
    trading = Trading(settings, store, clock, Keeper(store), folder / "KILL_SWITCH")
    await trading.start()
    return trading


async def live(trading: Trading, clock: HandClock, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(60)
        await trading.tick()


class Exploding:
    """Nothing a strategy may do: an error nobody planned for."""

    def exposure(self, question: Any, at: int) -> float:
        raise KeyError("lost")


async def test_an_account_whose_desk_breaks_is_halted_and_the_others_trade_on(store, clock, tmp_path):
    account = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"bad": account, "good": account})
    before = len(await trading.fills("good"))

    trading.room("bad").desk.answers = Exploding()
    await live(trading, clock, 120)

    assert HaltKind.BROKEN in trading.room("bad").desk.halts
    assert len(await trading.fills("good")) > before
    assert trading.status("good").halts == ()
    await trading.close()


async def test_an_account_never_goes_on_with_another_exchanges_book(store, clock, tmp_path):
    account = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"main": account})
    await trading.close()

    moved = await trading_of(store, clock, tmp_path, {"main": {**account, "exchange": "binance"}})

    assert "begun on simulated and cannot go on as one on binance" in moved.trouble["main"]
    assert moved.rooms == {}
    await moved.close()


async def test_a_symbol_that_left_the_settings_is_sold_after_the_restart(store, clock, tmp_path):
    both = {"symbols": ["BTC/USDT", "ETH/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"main": both})
    while not any(h.symbol == "ETH/USDT" for h in trading.status("main").holdings):
        await live(trading, clock, 5)
    await trading.close()

    less = await trading_of(store, clock, tmp_path, {"main": {**both, "symbols": ["BTC/USDT"]}})
    await live(less, clock, 3)

    assert [h.symbol for h in less.status("main").holdings if h.symbol == "ETH/USDT"] == []
    await less.close()


async def test_a_lost_feed_is_found_out_anew_after_a_restart(store, clock, tmp_path):
    account = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"main": account})
    await trading.do(trading.named("main"), lambda now: HaltAsked(now, HaltKind.FEED, "no candles", "feed"))
    await trading.close()

    again = await trading_of(store, clock, tmp_path, {"main": account})

    assert again.status("main").halts == ()
    await again.close()


class FailsLater:
    """Says to sell for one sleeve, then breaks before its order could leave."""

    history_seconds = 3600

    def __init__(self) -> None:
        self.broken = True

    def exposure(self, question: Any, at: int) -> float | None:
        if question.params.fast == 4 and self.broken:
            raise KeyError("lost")
        return 0.0

    def history(self, symbol: str, at: int) -> None:
        return None


async def test_a_kill_sells_what_a_broken_step_left_behind(store, clock, tmp_path):
    sleeves = {"first": {**FAST["ema_cross"], "strategy": "ema_cross"},
               "second": {**FAST["ema_cross"], "strategy": "ema_cross", "fast": 4}}  # fmt: skip
    account = {"symbols": ["BTC/USDT"], "sleeves": sleeves}
    trading = await trading_of(store, clock, tmp_path, {"main": account})
    while not any(h.sleeve == "first" for h in trading.status("main").holdings):
        await live(trading, clock, 5)
    trading.room("main").desk.answers = FailsLater()
    await live(trading, clock, 1)
    broken = HaltKind.BROKEN in trading.room("main").desk.halts

    await trading.kill("enough", by="mina")
    await live(trading, clock, 2)

    assert broken
    assert trading.status("main").holdings == ()
    await trading.close()


async def test_a_kill_is_latched_and_on_disk_before_it_waits_for_anything(store, clock, tmp_path):
    account = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"main": account})
    hanging = asyncio.Event()

    async def never(steps: Any) -> bool:
        await hanging.wait()
        return True

    trading.keeper.keep = never
    killing = asyncio.ensure_future(trading.kill("enough", by="mina"))
    await asyncio.sleep(0)

    assert trading.status("main").killed
    assert (tmp_path / "KILL_SWITCH").exists()
    hanging.set()
    await killing


async def test_lifting_a_kill_leaves_a_persons_own_pause(store, clock, tmp_path):
    account = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"calm": account, "paused": account})
    await trading.pause("paused", "news tonight", by="joon")
    await trading.close_entries(by="mina")
    await trading.kill("enough", by="mina")

    await trading.unkill(by="mina")

    assert trading.status("calm").halts == ()
    assert [(h.kind, h.reason) for h in trading.status("paused").halts] == [("pause", "news tonight")]
    await trading.close()


async def test_one_account_that_cannot_come_up_leaves_the_others_on_its_market_alone(store, clock, tmp_path):
    good = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    bad = {"symbols": ["NOPE/USDT"], "sleeves": FAST}

    trading = await trading_of(store, clock, tmp_path, {"bad": bad, "good": good})

    assert list(trading.rooms) == ["good"]
    assert "NOPE/USDT" in trading.trouble["bad"]
    await trading.close()


async def test_setting_one_parameter_leaves_the_others_to_the_settings(store, clock, tmp_path):
    account = {"symbols": ["BTC/USDT"], "sleeves": FAST}
    trading = await trading_of(store, clock, tmp_path, {"main": account})
    await trading.set_params("main", "ema_cross", {"fast": "4"}, by="mina")
    await trading.close()

    changed = {"ema_cross": {**FAST["ema_cross"], "slow": 30, "enabled": False}}
    again = await trading_of(store, clock, tmp_path, {"main": {**account, "sleeves": changed}})

    sleeve = again.status("main").sleeves[0]
    assert (sleeve.params["fast"], sleeve.params["slow"], sleeve.enabled) == (4, 30, False)
    await again.close()
