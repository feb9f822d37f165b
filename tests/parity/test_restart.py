"""Stopped anywhere and started again, an account goes on as if nothing had happened."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrations.run import upgrade
from tests.fakes.clock import HandClock
from trading.domain.protection import PROTECTIVE
from trading.keeper import Keeper
from trading.service import Trading
from trading.settings import Settings
from trading.store.store import Store

START = datetime(2024, 8, 5, 12, 0, 30, tzinfo=UTC)
LEVELS = {"atr_trail": 2.5, "tiers": "0.001:0.5", "min_hold": 2, "reenter": True, "cool_down": 1}
SLEEVES = {
    "ema_cross": {"share": 0.4, "fast": 3, "slow": 8, "timeframe": "5m", "protect": LEVELS},
    "rsi": {"share": 0.3, "length": 7, "timeframe": "3m", "protect": {"stop": 0.002, "time_stop": 5}},
    "bollinger": {"share": 0.3, "timeframe": "5m"},
}


def settings(folder: Path) -> Settings:
    account = {"symbols": ["BTC/USDT", "ETH/USDT"], "sleeves": SLEEVES}
    risk = {"daily_loss": 0.9, "drawdown": 0.9}  # nothing but a person stops this desk
    return Settings.model_validate({"data_dir": folder, "risk": risk, "accounts": {"main": account}})


@asynccontextmanager
async def a_desk(folder: Path, clock: HandClock, *, clean_end: bool = True) -> AsyncIterator[Trading]:
    """A desk on this folder; without a clean end it stops as a killed process does: nothing more is written."""
    folder.mkdir(exist_ok=True)
    mine = settings(folder)
    await upgrade(mine.database_url)
    store = await Store.open(mine.database_url, clock)
    trading = Trading(mine, store, clock, Keeper(store), folder / "KILL_SWITCH")
    await trading.start()
    try:
        yield trading
    finally:
        if clean_end:
            await trading.close()
        await store.close()


async def live(trading: Trading, clock: HandClock, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(60)
        await trading.tick()


async def book_of(trading: Trading) -> dict[str, object]:
    status = trading.status("main")
    return {
        "cash": status.cash,
        "holdings": status.holdings,
        "halts": status.halts,
        "fills": await trading.fills("main"),
        "trades": await trading.trades("main"),
        "exposures": [s.exposures for s in status.sleeves],
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_stopped_at_random_moments_it_ends_with_the_same_book(tmp_path, seed):
    clock = HandClock(START)
    async with a_desk(tmp_path / "calm", clock) as trading:
        await live(trading, clock, 240)
        calm = await book_of(trading)

    stops, clock = random.Random(seed), HandClock(START)
    lived = 0
    while lived < 240:
        async with a_desk(tmp_path / "rough", clock, clean_end=stops.random() < 0.5) as trading:
            stretch = min(stops.randint(1, 70), 240 - lived)
            await live(trading, clock, stretch)
            lived += stretch
            rough = await book_of(trading)
        asleep = min(stops.randint(0, 45), 240 - lived)
        clock.advance(60 * asleep)
        lived += asleep
    async with a_desk(tmp_path / "rough", clock) as trading:
        rough = await book_of(trading)

    assert len(calm["fills"]) > 200
    assert {fill.reason for fill in calm["fills"]} >= PROTECTIVE
    assert rough == calm


async def test_a_kill_is_still_there_after_a_restart_and_nothing_was_bought(tmp_path):
    clock = HandClock(START)
    async with a_desk(tmp_path, clock, clean_end=False) as trading:
        await live(trading, clock, 30)
        await trading.kill("flash crash", by="mina")
        before = await book_of(trading)

    async with a_desk(tmp_path, clock) as trading:
        await live(trading, clock, 60)
        after = await book_of(trading)

    assert before["holdings"] == ()
    assert [(h.kind, h.reason, h.by) for h in after["halts"]] == [("kill", "flash crash", "mina")]
    assert after["fills"] == before["fills"]


async def test_the_file_kills_at_the_start_and_taking_it_away_does_not_revive(tmp_path):
    clock = HandClock(START)
    async with a_desk(tmp_path, clock) as trading:
        await live(trading, clock, 5)
    (tmp_path / "KILL_SWITCH").write_text("")

    async with a_desk(tmp_path, clock) as trading:
        killed_at_start = trading.status("main").killed
    (tmp_path / "KILL_SWITCH").unlink()
    async with a_desk(tmp_path, clock) as trading:
        still_killed = trading.status("main").killed
        await trading.unkill(by="mina")
        lifted = not trading.status("main").killed

    assert (killed_at_start, still_killed, lifted) == (True, True, True)


async def test_what_a_person_set_survives_a_restart(tmp_path):
    clock = HandClock(START)
    async with a_desk(tmp_path, clock) as trading:
        await trading.set_params("main", "ema_cross", {"fast": "5"}, by="mina")
        await trading.switch("main", "rsi", False, by="mina")
        await trading.pause("main", "lunch", by="mina")

    async with a_desk(tmp_path, clock) as trading:
        status = trading.status("main")

    sleeves = {s.name: s for s in status.sleeves}
    assert sleeves["ema_cross"].params["fast"] == 5
    assert not sleeves["rsi"].enabled
    assert [(h.kind, h.reason) for h in status.halts] == [("pause", "lunch")]


async def test_the_time_away_is_summed_up_once(tmp_path):
    clock = HandClock(START)
    async with a_desk(tmp_path, clock) as trading:
        await live(trading, clock, 10)

    clock.advance(timedelta(hours=2))
    mine = settings(tmp_path)
    store = await Store.open(mine.database_url, clock)
    trading = Trading(mine, store, clock, Keeper(store), tmp_path / "KILL_SWITCH")
    away = await trading.start()
    await trading.close()
    await store.close()

    assert [(a.account, a.candles) for a in away] == [("main", 120)]
    assert away[0].fills > 0
