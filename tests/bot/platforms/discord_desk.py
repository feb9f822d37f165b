"""What the Discord tests share: some commands, a desk that answers from a table, a running platform."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from bot import registry
from bot.dispatcher import Line
from bot.people import EVERYONE, TRADERS
from bot.platforms.discord import DiscordPlatform
from bot.registry import Command, Rest, StrategyName, Sure, Symbol, command
from bot.reply import Reply
from tests.fakes.discord import FakeDiscord


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


WHY = (
    "why; it is shown with the stop until somebody lifts it, and afterwards in the report of the week as well"
)
Clock = Callable[[], datetime]
Many = Literal[tuple(f"choice{n}" for n in range(40))]  # type: ignore[valid-type]


async def are_you_sure(ask, reason: str = "") -> Sure:
    return Sure(title="Sell everything?", text="0.4 BTC", yes="Sell everything and stop")


def _define() -> None:
    @command(allow=EVERYONE)
    async def status(ask) -> Reply:
        """Mode, equity, open positions, and whatever waits for you."""

    @command(allow=EVERYONE)
    async def start(ask, code: Annotated[str, "the code from the terminal"] = "") -> Reply:
        """Say hello."""

    @command(allow=EVERYONE)
    async def chart(ask, symbol: Symbol, period: str = "30d", *, from_: datetime | None = None) -> Reply:
        """Candles with trades."""

    @command(allow=TRADERS, acts=True)
    async def pause(ask, strategy: StrategyName = "", reason: Annotated[str, Rest()] = "") -> Reply:
        """Stop opening positions."""

    @command(allow=TRADERS, confirm=are_you_sure, always=True)
    async def kill(ask, reason: Annotated[str, Rest(), WHY] = "asked by hand") -> Reply:
        """Cancel every order, sell what was bought, and stay stopped."""

    @command(allow=EVERYONE)
    async def backtest(
        ask,
        strategy: StrategyName,
        *,
        symbols: str = "",
        cash: Decimal = Decimal(10000),
        fee: float = 0.001,
        bars: int = 500,
        fast_gear: bool = False,
        speed: Speed = Speed.SLOW,
        output: Literal["csv", "json"] = "json",
        flavour: Many = "choice0",
        data: Path | None = None,
        **params: str,
    ) -> Reply:
        """Try a strategy on the past."""

    @command(allow=EVERYONE, terminal_only=True)
    async def replay(ask, strategy: str, *, data: Path) -> Reply:
        """Play recorded candles."""

    @command(allow=EVERYONE)
    async def load(ask, data: Path) -> Reply:
        """Read a file of this machine."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


def striding_clock(stride: timedelta) -> Clock:
    """A clock that is `stride` later whenever somebody looks."""
    looks = itertools.count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + next(looks) * stride


def some_commands(define: Callable[[], None] = _define) -> dict[str, Command]:
    """Commands made by the real decorator, without a trace in the real registry."""
    before = dict(registry.COMMANDS)
    registry.COMMANDS.clear()
    try:
        define()
        return dict(registry.COMMANDS)
    finally:
        registry.COMMANDS.clear()
        registry.COMMANDS.update(before)


@dataclass
class Desk:
    """Stands in for the dispatcher: remembers every line, answers the first word of it from a table."""

    answers: dict[str, list[Reply]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    owner: int | None = None  # when set, everybody else is refused
    hold: asyncio.Event | None = None  # answers wait for it

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    async def handle(self, line: Line) -> AsyncIterator[Reply]:
        seen = any(line.update_id == earlier.update_id for earlier in self.lines)
        self.lines.append(line)
        if seen:
            return
        if self.hold is not None:
            await self.hold.wait()
        if self.owner is not None and line.place.user_id != str(self.owner):
            yield Reply(title="This desk is private.", failed=True)
            return
        word = line.text.split()[0].lstrip("/")
        for reply in self.answers.get(word, [Reply(title=f"You said {line.text}", header="🧪 PAPER · main")]):
            yield reply

    async def suggest(self, source: str, typed: str, user_id: str) -> list[str]:
        return [f"{source}:{typed}:{user_id}"]


@asynccontextmanager
async def serving(
    discord: FakeDiscord, desk: Desk, clock: Clock = wall_clock, **settings: Any
) -> AsyncIterator[DiscordPlatform]:
    """A platform that is connected; stopped as the bot stops it."""
    platform = a_platform(discord, desk, clock, **settings)
    running = asyncio.create_task(platform.run())
    try:
        ready = asyncio.create_task(discord.ready())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            running.result()
        yield platform
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def a_platform(
    discord: FakeDiscord, desk: Desk, clock: Clock = wall_clock, **settings: Any
) -> DiscordPlatform:
    return DiscordPlatform(discord.settings(**settings), desk.handle, some_commands(), desk.suggest, clock)
