"""100 chats asking at once: each command's own time, and the whole road through the dispatcher with its audit row."""

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bot.app import House, build
from bot.dispatcher import Ask, Line
from bot.web.session import TERMINAL
from bot.words import Words
from migrations.run import upgrade
from trading.settings import Settings

CHATS, ROUNDS = 100, 5
COMMANDS = ("status", "balance", "positions", "orders", "trades", "profit", "daily", "performance", "help")


@asynccontextmanager
async def a_house() -> AsyncIterator[House]:
    """A house with one account that has lived through its past."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})
        await upgrade(settings.database_url)
        house = await build(settings, lambda: datetime.now(UTC))
        await house.trading.start()
        yield house
        await house.trading.close()
        house.studio.close()
        await house.store.close()


async def own_time(house: House, name: str) -> list[float]:
    """Milliseconds from calling the command to its reply, 100 of them at once."""
    person = await house.people.find(TERMINAL)
    assert person is not None
    seconds: list[float] = []

    async def once() -> None:
        ask = Ask(
            trading=house.trading,
            person=person,
            place=TERMINAL,
            say=Words("en"),
            now=house.clock(),
            commands=house.dispatcher.commands,
            studio=house.studio,
            people=house.people,
            steps=house.dispatcher.steps,
            go_on=lambda waiting: house.dispatcher.go_on(waiting, person),
            line=f"/{name}",
        )
        began = perf_counter()
        await house.dispatcher.commands[name].run(ask)
        seconds.append((perf_counter() - began) * 1e3)

    for _ in range(ROUNDS):
        await asyncio.gather(*(once() for _ in range(CHATS)))
    return seconds


async def whole_road(house: House, name: str) -> list[float]:
    """Milliseconds from the line's arrival to its reply and audit row, 100 at once, each waiting for its turn."""
    seconds: list[float] = []

    async def once(number: int) -> None:
        line = Line(text=f"/{name}", place=TERMINAL, name="x", update_id=f"{name}-{number}", sent_at=None)
        began = perf_counter()
        async for _ in house.dispatcher.handle(line):
            pass
        seconds.append((perf_counter() - began) * 1e3)

    for turn in range(ROUNDS):
        await asyncio.gather(*(once(turn * CHATS + n) for n in range(CHATS)))
    return seconds


def row(name: str, own: list[float], road: list[float]) -> None:
    def p95(values: list[float]) -> float:
        return sorted(values)[int(len(values) * 0.95)]

    print(
        f"/{name:14}{statistics.median(own):>10.2f}{p95(own):>10.2f}"
        f"{statistics.median(road):>14.1f}{p95(road):>10.1f}"
    )


async def main() -> None:
    print(f"{CHATS} chats at once, ms{'own median':>7}{'p95':>10}{'road median':>14}{'p95':>10}")
    async with a_house() as house:
        for name in COMMANDS:
            row(name, await own_time(house, name), await whole_road(house, name))
