"""What the Telegram tests share: a desk that answers from a table, some commands, a platform that runs."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from bot import registry
from bot.dispatcher import Line
from bot.people import EVERYONE, TRADERS
from bot.platforms.telegram import TelegramPlatform
from bot.registry import Command, command
from bot.reply import Image, Reply
from tests.fakes.clock import HandClock
from tests.fakes.telegram import FakeTelegram, FakeUser

HEADER = "🧪 PAPER · main"
Answer = Reply | list[Reply] | Callable[[Line], AsyncIterator[Reply]]


class Desk:
    """Stands where the dispatcher stands: notes every line, obeys each update once, answers from a table."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = {f"/{name}": answer for name, answer in answers.items()}
        self.lines: list[Line] = []
        self.known: set[str] | None = None  # user ids; None: everybody is welcome
        self._seen: set[str] = set()

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    async def handle(self, line: Line) -> AsyncIterator[Reply]:
        assert line.update_id
        if line.update_id in self._seen:
            return
        self._seen.add(line.update_id)
        self.lines.append(line)
        if self.known is not None and line.place.user_id not in self.known:
            yield Reply(title="This desk is private.", failed=True)
            return
        answer = self.answers.get(line.text) or self.answers.get(line.text.split()[0])
        if answer is None:
            yield Reply(title=f"You said: {line.text}", header=HEADER)
        elif isinstance(answer, Reply):
            yield answer
        elif isinstance(answer, list):
            for reply in answer:
                yield reply
        else:
            async for reply in answer(line):
                yield reply


class Pauses:
    """Waiting that takes no time: the seconds that were asked for, in order."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0.01)


def _commands() -> dict[str, Command]:
    before = dict(registry.COMMANDS)
    registry.COMMANDS.clear()

    @command(allow=EVERYONE)
    async def start(ask) -> Reply:
        """Say hello, and make the sender of a good code the owner."""

    @command(allow=EVERYONE)
    async def help(ask) -> Reply:
        """What there is."""

    @command(allow=EVERYONE)
    async def status(ask) -> Reply:
        """Mode, equity, open positions, and whatever waits for you."""

    @command(allow=TRADERS, acts=True)
    async def take_profit(ask) -> Reply:
        """Sell what has won."""

    @command(allow=EVERYONE, terminal_only=True)
    async def replay(ask) -> Reply:
        """Play recorded candles."""

    made = dict(registry.COMMANDS)
    registry.COMMANDS.clear()
    registry.COMMANDS.update(before)
    return made


COMMANDS = _commands()


@asynccontextmanager
async def running(
    telegram: FakeTelegram,
    desk: Desk,
    *,
    commands: dict[str, Command] | None = None,
    clock: HandClock | None = None,
    pause: Callable[[float], Any] | None = None,
    **settings: Any,
) -> AsyncIterator[TelegramPlatform]:
    """A platform that serves; when the block ends it is stopped like a process that ends."""
    platform = TelegramPlatform(
        telegram.settings(**settings),
        desk.handle,
        COMMANDS if commands is None else commands,
        clock or HandClock(),
        pause or asyncio.sleep,
    )
    asked = len(telegram.calls)
    task = asyncio.get_running_loop().create_task(platform.run())
    ready = ("getUpdates", "setWebhook")
    await telegram.wait_for(
        lambda: task.done() or any(call.method in ready for call in telegram.calls[asked:])
    )
    try:
        yield platform
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def picture(name: str = "equity.png", alt: str = "Equity rose.", wide: int = 64, high: int = 40) -> Image:
    """A real PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    shape = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x30\x60\x90" * wide for _ in range(high)))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", shape) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return Image(png, name, alt)


def person_of(line: Line) -> tuple[str, str]:
    """Who said it and where, as ids."""
    return line.place.user_id, line.place.chat_id


def ids(user: FakeUser) -> tuple[str, str]:
    """The ids of somebody in their private chat."""
    return str(user.id), str(user.chat.id)
