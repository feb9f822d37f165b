"""Many people with an account each chat and trade on paper for a while: are answers quick, and is memory flat?"""

import argparse
import asyncio
import gc
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from bot.app import House, build
from bot.dispatcher import Line
from migrations.run import upgrade
from trading import boot
from trading.domain.people import OWN_ACCOUNT, Place, Role
from trading.settings import Settings

P95_MS, MEMORY_MB, GROWTH = 100.0, 512.0, 1.10  # what is promised
TICK_SECONDS = 5.0  # three times as often as the timetable of the desk
SAYS = (
    *("/status",) * 6, "/balance", "/positions", "/orders", "/trades", "/profit", "/daily", "/performance",
    "/strategies", "/accounts", "/whoami", "/help", "/pause", "/resume", "/set rsi length=12", "/set rsi length=14",
    "/kill", "nonsense",
)  # fmt: skip
QUICK_STRATEGIES = {"ema_cross": {"share": 0.3, "fast": 3, "slow": 8}, "rsi": {"share": 0.3}}


@dataclass
class Record:
    """What was measured: milliseconds of every answer, and megabytes now and then."""

    answers: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    silent: int = 0

    def p95(self, last: int = 0) -> float:
        found = sorted(self.answers[-last:] if last else self.answers)
        return found[int(len(found) * 0.95)] if found else 0.0


async def main(words: Sequence[str]) -> int:
    """Run it; 1 when a promise was broken."""
    asked = _parser().parse_args(words)
    boot.PAST = timedelta(hours=1)  # a hundred accounts need no month to look back on
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {
                "data_dir": Path(folder),
                "accounts": {"main": {"timeframe": "1m", "sleeves": QUICK_STRATEGIES}},
            }
        )
        await upgrade(settings.database_url)
        house = await build(settings, lambda: datetime.now(UTC))
        await house.trading.start()
        places = await _let_in(house, asked.people)
        record = await _live(house, places, asked.minutes * 60, asked.pause)
        fills = sum(room.desk.book.fills for room in house.trading.rooms.values())
        await house.trading.close()
        house.studio.close()
        await house.store.close()
    return _verdict(record, fills)


async def _let_in(house: House, people: int) -> list[Place]:
    """Invite everybody to an account of their own."""
    began, places = perf_counter(), []
    for number in range(people):
        code = await house.people.new_code(None, {Role.OWNER}, timedelta(days=1), accounts=[OWN_ACCOUNT])
        place = Place(
            platform="telegram", user_id=str(1000 + number), chat_id=str(1000 + number), private=True
        )
        line = Line(text=f"/start {code}", place=place, name=f"soak {number}", update_id=None, sent_at=None)
        shown = [reply async for reply in house.dispatcher.handle(line)]
        if not shown or shown[-1].failed:
            raise SystemExit(f"Person {number} was not let in: {shown[-1].title if shown else 'no answer'}")
        places.append(place)
    print(
        f"{people} people, {len(house.trading.rooms)} accounts, up after {perf_counter() - began:.1f} s",
        flush=True,
    )
    return places


async def _live(house: House, places: list[Place], seconds: float, pause: float) -> Record:
    record, until = Record(), perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(_pulse(house, until))
        group.create_task(_watch(record, until))
        for number, place in enumerate(places):
            group.create_task(_chat(house, place, number, record, until, pause))
    return record


async def _pulse(house: House, until: float) -> None:
    while perf_counter() < until:
        await house.trading.tick()
        await asyncio.sleep(TICK_SECONDS)


async def _watch(record: Record, until: float) -> None:
    seen = 0
    while perf_counter() < until:
        await asyncio.sleep(min(30.0, max(until - perf_counter(), 0.1)))
        gc.collect()
        record.memory.append(_megabytes())
        fresh, seen = len(record.answers) - seen, len(record.answers)
        print(
            f"{len(record.answers):>7} answers  p95 {record.p95(fresh):6.1f} ms  {record.memory[-1]:6.1f} MB",
            flush=True,
        )


async def _chat(house: House, place: Place, number: int, record: Record, until: float, pause: float) -> None:
    """One person: says something, reads the answer, thinks."""
    dice, said = random.Random(number), 0
    while perf_counter() < until:
        await asyncio.sleep(dice.uniform(0.2, 1.8) * pause)
        said += 1
        line = Line(
            text=dice.choice(SAYS),
            place=place,
            name="soak",
            update_id=f"{place.user_id}-{said}",
            sent_at=house.clock(),
        )
        began, answered = perf_counter(), False
        async for _ in house.dispatcher.handle(line):
            answered = True
        record.answers.append((perf_counter() - began) * 1e3)
        record.silent += not answered


def _verdict(record: Record, fills: int) -> int:
    p95, most = record.p95(), max(record.memory, default=0.0)
    settled = record.memory[len(record.memory) // 3 :] or [0.0]
    growth = settled[-1] / settled[0] if settled[0] else 1.0
    print(f"{len(record.answers)} answers, {fills} fills, {record.silent} without an answer")
    lines = (
        (f"p95 {p95:.1f} ms, promised {P95_MS:.0f}", p95 < P95_MS),
        (f"memory {most:.0f} MB, promised {MEMORY_MB:.0f}", most < MEMORY_MB),
        (
            f"memory grew by {growth - 1:+.1%} after it had settled, promised {GROWTH - 1:.0%}",
            growth < GROWTH,
        ),
        ("everybody was answered", record.silent == 0),
    )
    for text, kept in lines:
        print(f"{'ok  ' if kept else 'NOT '} {text}")
    return 0 if all(kept for _, kept in lines) else 1


def _megabytes() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench._soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--pause", type=float, default=5.0, help="seconds a person thinks between two lines")
    return parser


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
