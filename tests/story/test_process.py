"""The program as a person runs it: one process, asked from a second terminal, stopped, killed, started again."""

import asyncio
import json
import multiprocessing
import random
import re
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.fakes.clock import HandClock
from tests.story.chats import OnTelegram
from tests.story.house import PATIENCE, RunningClock, a_house, replies, settings_for, until
from tests.story.process import a_machine, only_sentence
from tests.story.victim import SECTIONS, FastClock, Victim
from trading.boot import PAST
from trading.domain.order import Side
from trading.store.store import Store

NOON = datetime(2025, 3, 10, 12, 0, 20, tzinfo=UTC)
KILLS, SPEED = 10, 3600.0  # an hour a second


def test_it_answers_a_second_terminal_and_keeps_a_kill_when_it_is_stopped(tmp_path):
    with a_machine(tmp_path) as machine:
        desk = machine.a_desk()
        status, second = machine.begin("status", "--json"), machine.begin()
        told, answer = only_sentence(second), json.loads(status.out.whole())
        killed = machine.run("kill", "!", "--json")
        code, seconds = desk.stop(signal.SIGTERM)
        alone = json.loads(machine.run("status", "--json").out.whole())

    assert re.search(r"http://127\.0\.0\.1:\d+/enter/[0-9A-Z-]{17}$", desk.heard("web chat:"))
    assert re.search(r"^pairing code: [0-9A-Z-]{17}$", desk.heard("pairing code:"))
    assert (answer["account"], answer["mode"], answer["exchange"]) == ("main", "paper", "simulated")
    assert f"in use by process {desk.pid} " in told
    assert json.loads(killed.out.whole())["flat"]
    assert (code, desk.err.whole()) == (0, "")
    assert seconds < 10
    assert (alone["holdings"], [halt["kind"] for halt in alone["halts"]]) == ([], ["kill"])


def test_told_to_stop_while_it_is_starting_it_stops_at_once(tmp_path):
    with a_machine(tmp_path) as machine:
        desk = machine.begin()
        desk.heard("pairing code:")
        code, seconds = desk.stop(signal.SIGINT)

    assert (code, desk.err.whole()) == (0, "")
    assert seconds < 10


async def test_told_to_stop_while_a_backtest_runs_it_stops_at_once(tmp_path):
    async with a_house(tmp_path, RunningClock(NOON)) as house:
        line = ["backtest", "ema_cross,rsi,bollinger", "--timeframe", "1m", "--risk", "on"]
        heard = replies(house.settings.data_dir, *line)
        await anext(heard)
        async with asyncio.timeout(PATIENCE):
            while not (at_work := len(multiprocessing.active_children())):
                await asyncio.sleep(0.02)
        begun = time.monotonic()
        await house.close()
        seconds = time.monotonic() - begun
        last = [reply async for reply in heard][-1]

    assert at_work == 1
    assert seconds < 10
    assert (last.failed, last.title) == (True, "Tradewind was stopped before this was done.")
    assert await until(lambda: not multiprocessing.active_children())


async def test_killed_ten_times_it_has_the_book_of_a_desk_that_never_was(tmp_path):
    dice, clock, ends = random.Random(7), FastClock(NOON, SPEED), []
    for _ in range(KILLS):
        victim = Victim(tmp_path, clock)
        victim.heard("pairing code:")
        await asyncio.sleep(dice.uniform(0, 0.8))  # in the replay, while it catches up, or later
        ends.append(victim.end(signal.SIGKILL))
    survivor = Victim(tmp_path, clock)
    survivor.heard("The desk is trading.")
    ends.append(survivor.end(signal.SIGTERM))
    rough = await _book(tmp_path)
    calm = await _a_calm_life(tmp_path / "calm", rough)

    assert ends == [-signal.SIGKILL] * KILLS + [0]
    assert [fill for fill, n in Counter(f.id for f in rough["fills"]).items() if n > 1] == []
    assert rough["cash"] == _cash_by(rough)
    assert len([f for f in rough["fills"] if f.at > NOON]) > 20
    assert rough == calm


async def test_who_comes_back_after_an_absence_is_told_once_what_happened(tmp_path):
    async with OnTelegram() as chat:
        clock = RunningClock(NOON)
        async with a_house(tmp_path, clock, **chat.sections) as house:
            await chat.pair(house)
        clock.leap(hours=3)
        for _ in range(2):
            async with a_house(tmp_path, clock, **chat.sections):
                await chat.say("/version")
                await chat.telegram.settled()
        told = [m.text for m in chat.telegram.shown(chat.ann) if "I was away" in m.text]

    assert len(told) == 1
    assert "PAPER · main" in told[0]
    assert re.search(r"I was away for 18\d min and am back\.", told[0])
    assert re.search(r"Candles missed and caught up\s+18\d", told[0])


async def _book(folder: Path) -> dict[str, Any]:
    """What is on disk: fills, positions, money, and the closes up to which candles were seen.

    Candles of two markets that close together come in any order, and so do their fills.
    """
    store = await Store.open(settings_for(folder, **SECTIONS).database_url, lambda: datetime.now(UTC))
    try:
        kept = await store.snapshot("main")
        assert kept is not None
        return {
            "fills": sorted(await store.fills("main"), key=lambda fill: (fill.at, fill.id)),
            "positions": await store.positions("main"),
            "flows": await store.flows("main"),
            "cash": Decimal(kept[1]["cash"]),
            "seen": kept[1]["seen"],
        }
    finally:
        await store.close()


async def _a_calm_life(folder: Path, rough: dict[str, Any]) -> dict[str, Any]:
    """The same account on the same market, begun at the same moment and never disturbed until the same candle."""
    clock = HandClock(rough["flows"][0].at + PAST)
    async with a_house(folder, clock, **SECTIONS):
        clock.now = max(datetime.fromisoformat(at) for at in rough["seen"].values())
    async with a_house(folder, clock, **SECTIONS):
        return await _book(folder)


def _cash_by(book: dict[str, Any]) -> Decimal:
    """What the cash must be: what was paid in, less what was bought, plus what was sold."""
    signs = {Side.BUY: -1, Side.SELL: 1}
    paid_in = sum(flow.amount for flow in book["flows"])
    return paid_in + sum(signs[f.side] * f.amount * f.price - f.fee for f in book["fills"])
