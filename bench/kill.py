"""A kill of a live account under 1,000 market messages a second: real ccxt, the exchange in a process of its own."""

import asyncio
import logging
import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import structlog

from tests.story.canary import store_key, under_the_floor
from tests.story.flood import OPEN, RESTING, SYMBOLS, Exchange, flooding, section, want_everything
from tests.story.house import a_house, asked, settings_for, until
from tests.story.livevictim import Wants
from trading.domain.events import KillReported

A_SECOND, ROUNDS = 1000, 5
PROMISED = {"entries shut": 0.2, "last cancel out": 2.0, "file seen": 1.0}


class Desk:
    """The desk in its process. It tells when it did what, by the clock that all processes of a machine share."""

    def __init__(self, folder: Path, sections: dict[str, Any]) -> None:
        self._ours, theirs = multiprocessing.get_context("spawn").Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_live, args=(folder, sections, theirs)
        )
        self._process.start()
        theirs.close()
        self.data_dir = settings_for(folder, **sections).data_dir

    async def says(self, word: str) -> float:
        """Wait for this word; when it was said."""
        while True:
            await until(self._ours.poll, within=90)
            said, at = self._ours.recv()
            if said == word:
                return float(at)

    def tell(self, word: str) -> None:
        self._ours.send(word)

    def end(self) -> None:
        self.tell("end")
        self._process.join(30)


def _live(folder: Path, sections: dict[str, Any], mouth: Connection) -> None:
    asyncio.run(_run(folder, sections, mouth))


async def _run(folder: Path, sections: dict[str, Any], mouth: Connection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        built = under_the_floor(patch)
        async with a_house(folder, **sections) as house:
            trading, shut = built(), False
            room = trading.room("main")
            room.desk.answers, room.desk.limits = Wants(), OPEN

            def hear(_: str, event: Any) -> None:
                nonlocal shut
                if room.desk.halts.killed is not shut:
                    shut = room.desk.halts.killed
                    mouth.send(("shut" if shut else "open", monotonic()))
                if isinstance(event, KillReported):
                    mouth.send(("receipt", monotonic()))

            trading.listen(hear)
            mouth.send(("up", monotonic()))
            while (word := await _heard(mouth)) != "end":
                if word == "buy":
                    want_everything(trading)
                else:
                    await house.asked("unkill", "!")


async def _heard(mouth: Connection) -> str:
    while not mouth.poll():
        await asyncio.sleep(0.01)
    return str(mouth.recv())


async def _typed(desk: Desk) -> None:
    await asked(desk.data_dir, "kill", "measured", "!")


async def _by_file(desk: Desk) -> None:
    (desk.data_dir / "KILL_SWITCH").touch()


async def _round(exchange: Exchange, desk: Desk, kill: Callable[[Desk], Awaitable[None]]) -> dict[str, float]:
    """Buy, let what rests rest, kill, and lift the kill again; seconds from the kill to each step."""
    known = len(exchange.account.truth.orders)
    desk.tell("buy")
    await until(lambda: len(exchange.account.truth.orders) >= known + len(SYMBOLS), within=60)
    await asyncio.sleep(2)
    began = monotonic()
    killing = asyncio.create_task(kill(desk))
    shut = await desk.says("shut") - began
    receipt = await desk.says("receipt") - began
    await killing
    times = {
        "entries shut": shut,
        "first cancel out": exchange.first("canceled", began),
        "last cancel out": exchange.last("canceled", began),
        "sale out": exchange.first("sent", began),
        "receipt": receipt,
    }
    if kill is _by_file:
        times["file seen"] = times.pop("entries shut")
    desk.tell("unkill")
    await desk.says("open")
    return times


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(
        f"load {os.getloadavg()[0]:.1f}; {len(RESTING)} orders rest, one position is held; ms, {ROUNDS} rounds"
    )
    with tempfile.TemporaryDirectory() as folder:
        async with Exchange() as exchange:
            exchange.open_market()
            sections = {"accounts": {"main": section(exchange)}}
            await store_key(Path(folder), **sections)
            desk = Desk(Path(folder), sections)
            try:
                await desk.says("up")
                await exchange.subscribed("btcusdt@kline_1m")
                await asked(desk.data_dir, "status")  # a terminal that is open already
                async with flooding(exchange, A_SECOND) as flood:
                    for name, kill in (("typed", _typed), ("the file KILL_SWITCH", _by_file)):
                        rounds = [await _round(exchange, desk, kill) for _ in range(ROUNDS)]
                        _print(name, rounds, flood.rate)
            finally:
                await asyncio.to_thread(desk.end)


def _print(name: str, rounds: list[dict[str, float]], rate: float) -> None:
    print(f"{f'{name}, {rate:.0f} messages a second':44}{'median':>8}{'worst':>8}{'promised':>10}")
    for step in rounds[0]:
        seconds = [one[step] * 1000 for one in rounds]
        promised = f"{PROMISED[step] * 1000:.0f}" if step in PROMISED else ""
        print(f"  {step:42}{statistics.median(seconds):>8.0f}{max(seconds):>8.0f}{promised:>10}")
