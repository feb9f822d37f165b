"""What the tests of notices share: a chat platform of plain lists, ink of plain lists, and an outbox that runs."""

import asyncio
import atexit
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from bot.notify.lane import Pace
from bot.notify.outbox import Outbox
from bot.notify.parcels import Parcel
from bot.platforms import Closed, Sent, Unfit
from bot.reply import Reply
from migrations.run import upgrade_now
from tests.fakes.clock import HandClock
from trading.domain.errors import Broken
from trading.domain.notice import Kept, Severity


@dataclass
class Message:
    chat: str
    reply: Reply
    silent: bool
    mention: str
    at: float = field(default_factory=time.monotonic)
    pinned: bool = False
    edits: int = 0


@dataclass
class FakePlatform:
    """Keeps every message; can be away, closed in some chats, or picky about texts."""

    name: str = "fake"
    messages: list[Message] = field(default_factory=list)
    away: bool = False
    closed: set[str] = field(default_factory=set)
    longest: int = 10**6
    unpinnable: bool = False
    tries: int = 0
    silent_after: bool = False  # shows the message, and never says so
    note: str = ""  # what was not as it was wished, of everything that is sent

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, chat_id: str, reply: Reply, *, silent: bool = False, mention: str = "") -> Sent:
        self.tries += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError("nobody answers")
        if chat_id in self.closed:
            raise Closed(f"{chat_id} was deleted")
        if len(reply.title) + len(reply.text) > self.longest:
            raise Unfit("message is too long")
        self.messages.append(Message(chat_id, reply, silent, mention))
        if self.silent_after:
            await asyncio.Event().wait()
        return Sent(str(len(self.messages) - 1), self.note)

    async def edit(self, chat_id: str, ref: str, reply: Reply) -> bool:
        if self.away:
            raise ConnectionError("nobody answers")
        if chat_id in self.closed:
            raise Closed(f"{chat_id} was deleted")
        if not ref.isdecimal() or int(ref) >= len(self.messages):
            return False
        message = self.messages[int(ref)]
        message.reply, message.edits = reply, message.edits + 1
        return True

    async def pin(self, chat_id: str, ref: str) -> None:
        if self.unpinnable:
            raise ConnectionError("not enough rights to pin")
        self.messages[int(ref)].pinned = True

    def titles(self, chat: str = "1") -> list[str]:
        return [m.reply.title for m in self.messages if m.chat == chat]


@dataclass
class FakeInk:
    """The table of undelivered messages, as a dict; `broken` makes it refuse."""

    rows: dict[str, Kept] = field(default_factory=dict)
    broken: bool = False

    async def change_outbox(self, added, gone) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise Broken("The disk is full.")
        self.rows.update({kept.id: kept for kept in added})
        for name in gone:
            self.rows.pop(name, None)

    async def mark_outbox(self, names, *, tried) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise Broken("The disk is full.")
        for name in self.rows.keys() & set(names):
            kept = self.rows[name]
            self.rows[name] = replace(kept, parcel=kept.parcel | {"tried": tried})

    async def outbox(self) -> list[Kept]:
        return list(self.rows.values())


@dataclass
class FakeEars:
    arrived: list[str] = field(default_factory=list)
    lost: list[tuple[str, str, bool]] = field(default_factory=list)

    async def delivered(self, parcels, sent) -> None:
        self.arrived += [parcel.id for parcel in parcels]

    async def undelivered(self, parcels, reason, *, closed) -> None:
        self.lost += [(parcel.reply.title, reason, closed) for parcel in parcels]


@dataclass
class Post:
    """An outbox and everything around it."""

    platform: FakePlatform = field(default_factory=FakePlatform)
    ink: FakeInk = field(default_factory=FakeInk)
    ears: FakeEars = field(default_factory=FakeEars)
    clock: HandClock = field(default_factory=HandClock)
    pace: Pace = field(default_factory=Pace)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Outbox]:
        """An outbox that delivers until the block ends; then it is cut off like a process that dies."""
        platforms = {"fake": self.platform}
        outbox = Outbox(platforms, self.ink, self.ears, self.clock, self.pace)
        await outbox.recover()
        running = asyncio.create_task(outbox.run())
        try:
            yield outbox
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def parcel(self, title: str, severity: Severity = Severity.WARNING, chat: str = "1", **more) -> Parcel:
        reply = Reply(title=title, header="PAPER · main")
        return Parcel(address=f"fake:{chat}", reply=reply, severity=severity, at=self.clock(), **more)


@cache
def _migrated() -> Path:
    folder = tempfile.mkdtemp(prefix="notices-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "empty.db"
    upgrade_now(f"sqlite:///{path}")
    return path


def a_database(folder: Path) -> str:
    """The address of an empty, migrated database in this folder."""
    return f"sqlite:///{shutil.copy(_migrated(), folder / 'tradewind.db')}"


async def until(holds, within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.005)


def told_in(reply: Reply) -> int:
    """How many messages a message stands for: its title, its lines, and those it only counts."""
    more = re.search(r"(\d+) more are not listed", reply.text)
    return 1 + len(reply.rows) + (int(more[1]) if more else 0)
