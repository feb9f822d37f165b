"""A desk for tests of the web chat: a real server on a free port, and a hand-written dispatcher behind it."""

import asyncio
import contextlib
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from bot.dispatcher import Line
from bot.people import EVERYONE, OWNERS
from bot.platforms import Platform
from bot.platforms.web import WebPlatform
from bot.registry import Command, Parameter
from bot.reply import Button, File, Image, Reply, Row, Tone
from bot.web.server import WebServer
from tests.fakes.clock import HandClock
from trading.domain.people import Person, Role, Session
from trading.settings import Web

HEADER = "🧪 PAPER · main"
TERMINAL_TOKEN = "terminal-token-of-this-test"


def a_person(id: int = 1, *, role: Role = Role.OWNER, language: str = "en") -> Person:
    return Person(
        id=id, name=f"mina{id}", roles=frozenset({role}), language=language, zone="UTC", account="main"
    )


def a_picture(width: int = 72, height: int = 40) -> bytes:
    """A small real PNG: a slope on white."""
    rows = b"".join(
        b"\0" + bytes(30 if x * height < (height - y) * width else 250 for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def a_parameter(name: str, **changes: Any) -> Parameter:
    plain = {
        "argument": name,
        "type": str,
        "help": f"the {name}",
        "required": False,
        "default": None,
        "choices": (),
        "source": None,
        "option": False,
        "rest": False,
    }
    return Parameter(name=name, **(plain | changes))


def a_command(name: str, help: str, *parameters: Parameter, **changes: Any) -> Command:
    async def run(ask: Any) -> Reply:
        raise AssertionError("the desk of these tests answers by itself")

    plain = {
        "group": "tests",
        "allow": EVERYONE,
        "takes_params": False,
        "confirm": None,
        "acts": False,
        "always": False,
        "terminal_only": False,
        "needs_account": True,
    }
    return Command(name=name, help=help, run=run, parameters=parameters, **(plain | changes))


COMMANDS = {
    command.name: command
    for command in (
        a_command("start", "Where things stand."),
        a_command("status", "Mode, equity, open positions."),
        a_command("balance", "Cash and holdings."),
        a_command("trades", "Closed trades."),
        a_command("equity", "Equity as a picture.", a_parameter("window", choices=("7d", "30d"))),
        a_command("help", "Every command."),
        a_command("kill", "Stop everything.", allow=OWNERS, confirm="Sell everything and stop"),
        a_command("chart", "Candles.", a_parameter("symbol", source="symbols", required=True)),
        a_command(
            "backtest",
            "Try a strategy.",
            a_parameter("strategy", source="strategies", required=True),
            a_parameter("from", option=True),
            takes_params=True,
        ),
        a_command("migrate", "Renew the database.", terminal_only=True),
    )
}


class Sessions:
    """A SessionBook in memory. `forget` ends a session behind the browser's back."""

    def __init__(self) -> None:
        self.known: dict[int, Person] = {}
        self.people: dict[str, Person] = {}
        self.origins: list[str] = []
        self.lasts: list[timedelta] = []

    async def session(self, token: str, *, used: bool = True) -> Session | None:
        person = self.people.get(token)
        return Session(person=person) if person else None

    async def new_session(self, person_id: int, valid_for: timedelta, origin: str = "terminal") -> str:
        token = f"session-{len(self.lasts)}-of-{person_id}"
        self.lasts.append(valid_for)
        self.origins.append(origin)
        self.people[token] = self.known[person_id]
        return token

    async def end_session(self, token: str) -> None:
        self.people.pop(token, None)

    def forget(self) -> None:
        self.people.clear()


class Desk:
    """Answers a few lines as the dispatcher would, and remembers all it was asked."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.lines: list[Line] = []
        self.codes: dict[str, Person] = {}
        self.visits: dict[str, Person] = {}  # what Telegram says of somebody, and who that is
        self.entered: list[tuple[str, str]] = []
        self.sessions = Sessions()
        self.checks: dict[str, Any] = {"database": {"ok": True, "detail": "12 MB"}, "feed": True}
        self.gate = asyncio.Event()  # what /slow waits for
        self.seen: set[str] = set()
        self.server: WebServer
        self.platform: Platform
        self.task: asyncio.Task[None]

    async def stop(self) -> None:
        """End the server as the house does; a failure of it is the test's."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    def code(self, code: str, person: Person | None = None) -> str:
        """A code that works once."""
        self.codes[code] = person or a_person()
        return code

    async def enter(self, code: str, name: str) -> Session | None:
        self.entered.append((code, name))
        person = self.codes.pop(code, None)
        if person is None:
            return None
        self.sessions.known[person.id] = person
        return Session(person=person)

    async def visit(self, told: str) -> Session | None:
        person = self.visits.pop(told, None)
        if person is None:
            return None
        self.sessions.known[person.id] = person
        return Session(person=person, origin="telegram")

    async def suggest(self, source: str, typed: str, user_id: str) -> list[str]:
        known = {"symbols": ["BTC/USDT", "ETH/USDT"], "strategies": ["ema_cross", "rsi"]}
        return known.get(source, [])

    def build(self, port: int = 0, host: str = "127.0.0.1", public_url: str = "") -> WebServer:
        return WebServer(
            settings=Web(host=host, port=port, public_url=public_url),
            handle=self.handle,
            sessions=self.sessions,
            enter=self.enter,
            visit=self.visit,
            commands=COMMANDS,
            suggest=self.suggest,
            checks=lambda: self.checks,
            header=lambda account: f"🧪 PAPER · {account}",
            clock=self.clock,
            terminal_token=TERMINAL_TOKEN,
        )

    async def handle(self, line: Line) -> AsyncIterator[Reply]:
        self.lines.append(line)
        if line.update_id in self.seen:
            return
        if line.update_id:
            self.seen.add(line.update_id)
        async for reply in self._answer(line.text.split()):
            yield reply

    async def _answer(self, words: list[str]) -> AsyncIterator[Reply]:
        match words:
            case ["/start" | "start"]:
                yield said("Your desk is running.", text="/help lists every command.", buttons=QUICK)
            case ["/status"]:
                yield said(
                    "Equity 10,482.31 USDT (+1.24% today)",
                    rows=(Row("BTC/USDT", "-18.42 USDT", "0.5 at 63,120.5"),),
                    buttons=QUICK,
                    data={"equity": "10482.31"},
                )
            case ["/equity", *_]:
                image = Image(a_picture(), "equity.png", "Equity rose from 10,000 to 10,482 USDT.")
                yield said("+4.82% in 30 days", images=(image,))
            case ["/kill", "!now"]:
                yield said("Stopped. Nothing is open.", tone=Tone.DANGER)
            case ["/kill"]:
                yield said("Sure? Stop everything.", tone=Tone.WARNING, buttons=SURE)
            case ["/backtest", *_]:
                for share in (0.1, 0.6):
                    yield said("Backtest runs", progress=share)
                yield said("12.4% with 84 trades", files=(File("trades.csv", b"a,b\n1,2\n"),), tone=Tone.GOOD)
            case ["/slow"]:
                yield said("Working", progress=0.5)
                await self.gate.wait()
                yield said("Done at last")
            case ["/broken"]:
                raise OSError("disk full")
            case _:
                yield said(f"There is no command {words[0]} for you.", failed=True, tone=Tone.WARNING)


def said(title: str, **changes: Any) -> Reply:
    return Reply(title=title, header=HEADER, **changes)


QUICK = ((Button("Equity chart", "/equity 30d"), Button("Status", "/status")),)
SURE = ((Button("Sell everything and stop", "/kill !now", danger=True), Button("Leave it", "/status")),)


@contextlib.asynccontextmanager
async def an_open_desk(clock: HandClock | None = None) -> AsyncIterator[Desk]:
    """A desk whose server runs until the end of the block."""
    desk = Desk(clock or HandClock())
    async with running(desk, desk.build()):
        yield desk


@contextlib.asynccontextmanager
async def running(desk: Desk, server: WebServer) -> AsyncIterator[WebServer]:
    server.bind()
    desk.server, desk.platform = server, WebPlatform(server)
    desk.task = asyncio.create_task(desk.platform.run())
    try:
        yield server
    finally:
        desk.gate.set()
        await desk.stop()
