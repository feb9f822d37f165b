"""Somebody who talks with the desk: on Telegram, on Discord, or in a browser. All of them in the same words."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol, Self

import aiohttp

from tests.bot.web.visitor import Page
from tests.fakes.discord import FakeDiscord, Interaction
from tests.fakes.discord import Message as DiscordMessage
from tests.fakes.telegram import FakeMessage, FakeTelegram, FakeUser
from tests.story.house import PATIENCE, House, until

PNG = b"\x89PNG\r\n\x1a\n"
QUIET = 0.1  # seconds without another message after which an answer is whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the desk showed: everything that is read in it, its buttons, its pictures."""

    text: str
    labels: tuple[str, ...]
    pictures: tuple[bytes, ...]
    shown: Any  # the platform's own message, the one with the buttons


class Chat(Protocol):
    """One person's chat with the desk. It outlives the house: messages and buttons stay where they are."""

    sections: dict[str, Any]  # what settings.toml needs so that the house can be talked to

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def connect(self, house: House) -> None:
        """Wait until the house is there on this platform; after a restart, come back to it."""

    async def as_a_stranger(self, line: str) -> str:
        """What somebody sees whom the desk does not know; empty when the answer is silence."""

    async def pair(self, house: House, code: str = "") -> Answer:
        """Become the owner, with this code or with what the terminal printed."""

    async def say(self, line: str, quiet: float = QUIET) -> Answer:
        """Type a line. The answer is whole when nothing more came for so many seconds."""

    async def press(self, answer: Answer, label: str) -> Answer:
        """Press a button under an answer."""


class OnTelegram:
    def __init__(self) -> None:
        self.telegram = FakeTelegram()
        self.ann, self.mallory = self.telegram.person("Ann"), self.telegram.person("Mallory")

    async def __aenter__(self) -> Self:
        await self.telegram.__aenter__()
        known = self.telegram.settings()
        urls = {"base_url": known.base_url, "base_file_url": known.base_file_url}
        self.sections = {"telegram": {"token": self.telegram.token, **urls}}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.telegram.__aexit__()

    async def connect(self, house: House) -> None:
        """Nothing to wait for: Telegram keeps what is said until the bot asks for it."""

    async def as_a_stranger(self, line: str) -> str:
        self.telegram.say(self.mallory, line)
        await self.telegram.settled(QUIET)
        return "\n".join(message.text for message in self.telegram.shown(self.mallory))

    async def pair(self, house: House, code: str = "") -> Answer:
        return await self.say(f"/start {code or house.code}")

    async def say(self, line: str, quiet: float = QUIET) -> Answer:
        return await self._answer(self.ann, lambda: self.telegram.say(self.ann, line), quiet)

    async def press(self, answer: Answer, label: str) -> Answer:
        message: FakeMessage = answer.shown
        button = next(b for b in message.buttons if b.label == label)
        stands = self.telegram.message_json(message)
        return await self._answer(
            self.ann,
            lambda: self.telegram.press(self.ann, label, message=stands, data=button.command),
        )

    async def _answer(self, who: FakeUser, act: Any, quiet: float = QUIET) -> Answer:
        before = len(self.telegram.changes)
        act()
        await until(lambda: self._changed(who, before))
        await self.telegram.settled(quiet)
        shown = list({id(m): m for m in self._changed(who, before) if not m.deleted}.values())
        return Answer(
            text="\n".join(m.text for m in shown),
            labels=tuple(label for m in shown for label in m.labels),
            pictures=tuple(m.content for m in shown if m.kind == "photo"),
            shown=next((m for m in reversed(shown) if m.buttons), shown[-1]),
        )

    def _changed(self, who: FakeUser, since: int) -> list[FakeMessage]:
        return [m for m in self.telegram.changes[since:] if m.chat.id == who.id]


class OnDiscord:
    def __init__(self) -> None:
        self.discord = FakeDiscord()
        self.ann, self.mallory = self.discord.user("Ann"), self.discord.user("Mallory")
        self._houses = 0

    async def __aenter__(self) -> Self:
        await self.discord.__aenter__()
        known = self.discord.settings()
        urls = {"api_base": known.api_base, "gateway_url": known.gateway_url}
        self.sections = {"discord": {"token": self.discord.token, **urls}}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.discord.__aexit__()

    async def connect(self, house: House) -> None:
        self._houses += 1
        await until(lambda: len(self.discord.gateway.identified) >= self._houses)
        await self.discord.ready()

    async def as_a_stranger(self, line: str) -> str:
        interaction = await self.discord.slash(self.mallory, line.lstrip("/"))
        return (await interaction.answer()).text

    async def pair(self, house: House, code: str = "") -> Answer:
        code = code or house.code
        return await self._shown(await self.discord.slash(self.ann, "start", guild=False, code=code))

    async def say(self, line: str, quiet: float = QUIET) -> Answer:
        """By slash command; what is none is written to the bot in private."""
        name, *words = line.lstrip("/").split()
        offered = next((c for c in self.discord.commands if c["name"] == name), None)
        if offered is not None:
            filled = _filled(offered.get("options", []), words)
            return await self._shown(await self.discord.slash(self.ann, name, **filled), quiet)
        before = len(self.discord.seen_by(self.ann))
        await self.discord.dm(self.ann, line)
        await until(lambda: self.discord.seen_by(self.ann)[before:])
        await asyncio.sleep(quiet)
        return _whole(self.discord.seen_by(self.ann)[before:])

    async def press(self, answer: Answer, label: str) -> Answer:
        return await self._shown(await self.discord.press(self.ann, answer.shown, label))

    async def _shown(self, interaction: Interaction, quiet: float = QUIET) -> Answer:
        await interaction.answer(PATIENCE)
        seen = -1
        while seen != len(self.discord.requests) or interaction.shown[-1].loading:
            seen = len(self.discord.requests)
            await asyncio.sleep(quiet)
        return _whole([m for m in dict.fromkeys(interaction.shown) if not m.deleted])


def _whole(messages: Sequence[DiscordMessage]) -> Answer:
    return Answer(
        text="\n".join(m.text for m in messages),
        labels=tuple(b.label for m in messages for b in m.buttons),
        pictures=tuple(picture.content for m in messages for picture in m.images),
        shown=next((m for m in reversed(messages) if m.buttons), messages[-1]),
    )


def _filled(options: Sequence[dict[str, Any]], words: Sequence[str]) -> dict[str, Any]:
    """The words of a line put into the options of a slash command, as a person fills them in."""
    given: dict[str, str] = {}
    plain, queue = [], list(words)
    while queue:
        word = queue.pop(0)
        if word.startswith("--"):
            given[word[2:]] = queue.pop(0)
        elif "=" in word:
            given["params"] = f"{given.get('params', '')} {word}".strip()
        else:
            plain.append(word)
    for option in (o for o in options if o["name"] not in given and plain):
        taken = len(plain) if option["name"] in ("reason", "symbols") else 1
        given[option["name"]] = " ".join(plain[:taken])
        plain = plain[taken:]
    assert not plain, f"no option takes {plain}"
    kinds = {option["name"]: option["type"] for option in options}
    return {f"{name.replace('-', '_')}_": _typed(kinds[name], value) for name, value in given.items()}


def _typed(kind: int, word: str) -> Any:
    match kind:
        case 4:
            return int(word)
        case 5:
            return word in ("on", "yes")
        case 10:
            return float(word)
    return word


class InTheBrowser:
    """The web chat's page without a screen: a cookie jar and a WebSocket."""

    sections: dict[str, Any] = {}

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._ids = itertools.count(1)
        self._page: Page | None = None
        self._home = ""

    async def __aenter__(self) -> Self:
        jar = aiohttp.CookieJar(unsafe=True)  # the desk's name is a number
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()
        await self._stack.aclose()

    async def connect(self, house: House) -> None:
        self._home = house.address
        self.sections = {"web": {"port": house.port}}  # a page comes back to where it was
        await self._leave()
        if any(True for _ in self._http.cookie_jar):
            await self._open_page()

    async def as_a_stranger(self, line: str) -> str:
        async with self._http.get(self._home) as page:
            return await page.text()

    async def pair(self, house: House, code: str = "") -> Answer:
        code = code or house.link.rpartition("/")[2]
        headers = {"Origin": self._home}
        async with self._http.post(f"{self._home}/enter", json={"code": code}, headers=headers) as entered:
            assert entered.status == 200, await entered.text()
        await self._open_page()
        return await self.say("/start")

    async def say(self, line: str, quiet: float = QUIET) -> Answer:
        return await self._asked(line)

    async def press(self, answer: Answer, label: str) -> Answer:
        buttons = [b for row in answer.shown["buttons"] for b in row]
        command = next(b["command"] for b in buttons if b["label"] == label)
        return await self._asked(command, pressed=True, on=answer.shown["id"])

    async def told(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message, or new state of one, that is like this."""
        assert self._page is not None
        while True:
            event = await self._page.next()
            if event["event"] == "message" and wanted(event["message"]):
                return dict(event["message"])

    async def standing(self) -> list[str]:
        """What the desk's messages say on a page that is opened now."""
        await self._leave()
        await self._open_page()
        assert self._page is not None
        return [_read(m) for m in self._page.hello["messages"] if m["who"] == "desk"]

    async def _asked(self, line: str, **more: Any) -> Answer:
        assert self._page is not None
        name = f"line-{next(self._ids)}"
        await self._page.say(line, name, **more)
        messages: dict[str, dict[str, Any]] = {}
        while (event := await self._page.next())["event"] != "over" or event["id"] != name:
            if event["event"] == "wait" and event["id"] == name:  # too many at once: later, as the page does
                await asyncio.sleep(event["seconds"])
                await self._page.say(line, name, **more)
            if event["event"] == "message" and event["message"].get("reply_to") == name:
                messages[event["id"]] = event["message"]
        shown = list(messages.values())
        return Answer(
            text="\n".join(_read(m) for m in shown),
            labels=tuple(b["label"] for m in shown for row in m["buttons"] for b in row),
            pictures=tuple([await self._fetched(i["url"]) for m in shown for i in m["images"]]),
            shown=shown[-1],
        )

    async def _fetched(self, url: str) -> bytes:
        async with self._http.get(self._home + url) as answer:
            assert answer.status == 200, url
            return await answer.read()

    async def _open_page(self) -> None:
        connecting = self._http.ws_connect(f"{self._home}/ws", headers={"Origin": self._home})
        self._page = Page(await connecting)
        self._page.hello = await self._page.until("hello")

    async def _leave(self) -> None:
        page, self._page = self._page, None
        if page is not None:
            await page.socket.close()


def _read(message: dict[str, Any]) -> str:
    rows = [" ".join(row.values()) for row in message["rows"]]
    return "\n".join([message["header"], message["title"], message["text"], *rows, message["footer"]])


EVERYWHERE = {"telegram": OnTelegram, "discord": OnDiscord, "web": InTheBrowser}
