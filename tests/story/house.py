"""A whole house in this process: the product's own settings, one folder, everything started as main.py does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import main
from bot import app
from bot.platforms import terminal
from bot.reply import Reply
from trading.clock import Clock, wall_clock
from trading.settings import Settings, load
from trading.store import lease

ROOT = Path(main.__file__).parent
PATIENCE = 60.0  # seconds a story waits for what must come


class RunningClock:
    """Goes on like the wall's clock, from another moment; `leap` moves it forward."""

    def __init__(self, start: datetime) -> None:
        self._ahead = start - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def leap(self, **length: float) -> None:
        self._ahead += timedelta(**length)


async def until(holds: Callable[[], Any], within: float | None = None) -> Any:
    """What `holds` answers once that is true; TimeoutError when it never is."""
    async with asyncio.timeout(PATIENCE if within is None else within):
        while not (found := holds()):
            await asyncio.sleep(0.01)
    return found


def environment(folder: Path, **sections: Any) -> dict[str, str]:
    """Settings as a person gives them by environment: tables as JSON, on top of the product's settings.toml."""
    wanted = {"data_dir": folder / "data", "web": {}, **sections}
    wanted["web"] = {"port": 0} | wanted["web"]
    return {
        f"TRADEWIND__{name.upper()}": json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in wanted.items()
    }


def settings_for(folder: Path, **sections: Any) -> Settings:
    return load(ROOT / "settings.toml", environment(folder, **sections))


async def asked(data_dir: Path, *words: str) -> Reply:
    """What the desk that runs on this folder answers to `python main.py WORDS`."""
    return [reply async for reply in replies(data_dir, *words)][-1]


def replies(data_dir: Path, *words: str) -> AsyncIterator[Reply]:
    """The same, with everything that is said on the way."""
    holder = lease.holder(data_dir)
    assert holder is not None, f"nobody holds {data_dir}"
    return terminal.ask_running_desk(holder, data_dir, terminal.line(list(words)))


class House:
    """A desk that runs in this process, and what it has said to the person at its terminal."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.said: list[str] = []
        self._stop = asyncio.Event()
        self._life = asyncio.create_task(app.serve(settings, self.said.append, self._stop, clock))

    async def opened(self) -> None:
        """Wait until it trades; what stopped it before that is raised here."""
        await until(lambda: self._life.done() or self.heard("The desk is trading.") or self.heard("KILLED: "))
        if self._life.done():
            self._life.result()

    async def close(self) -> None:
        """Stop it as a signal does."""
        self._stop.set()
        async with asyncio.timeout(PATIENCE):
            await self._life

    def heard(self, words: str) -> str:
        """The first line said with these words in it; empty while there is none."""
        return next((line for line in self.said if words in line), "")

    async def until_it_said(self, words: str) -> str:
        return await until(lambda: self.heard(words))

    @property
    def link(self) -> str:
        return self.heard("web chat:").split()[-1]

    @property
    def address(self) -> str:
        return self.link.partition("/enter/")[0]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def code(self) -> str:
        """The pairing code, which is good for one chat."""
        return self.heard("pairing code:").split()[-1]

    async def asked(self, *words: str) -> Reply:
        """What it answers to `python main.py WORDS` on this machine."""
        return await asked(self.settings.data_dir, *words)

    async def facts(self, *words: str) -> Any:
        """The same, as `--json` has it."""
        return (await self.asked(*words)).data

    async def until_it_says(self, holds: Callable[[Any], bool], *words: str) -> Any:
        """Ask again and again until the facts are so."""
        async with asyncio.timeout(PATIENCE):
            while not holds(facts := await self.facts(*words)):
                await asyncio.sleep(0.05)
        return facts


@asynccontextmanager
async def a_house(folder: Path, clock: Clock = wall_clock, **sections: Any) -> AsyncIterator[House]:
    """A house that trades until the end of the block."""
    house = House(settings_for(folder, **sections), clock)
    try:
        await house.opened()
        yield house
    finally:
        await house.close()


def at_a_quicker_beat(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Let jobs of the house's own timetable run this often, by their ids with _ for -."""
    real = app.timetable

    def timetable(**jobs: Any) -> Any:
        scheduler = real(**jobs)
        for name, every in seconds.items():
            scheduler.reschedule_job(name.replace("_", "-"), trigger="interval", seconds=every)
        return scheduler

    monkeypatch.setattr(app, "timetable", timetable)


def an_account(**changes: Any) -> dict[str, Mapping[str, Any]]:
    """The section `accounts` with nothing but this one account, main."""
    sleeves = {"ema_cross": None, "rsi": None, "bollinger": None} | changes.pop("sleeves", {})
    return {"main": {**changes, "sleeves": sleeves}}
