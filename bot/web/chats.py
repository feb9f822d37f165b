"""The web chats of this house: what was said lately, its pictures, and the tabs that look at it."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.reply import File, Image, Reply
from bot.web.shape import picture_size, reply_shape

KEPT_MESSAGES = 200  # per person; a reload shows these
KEPT_BYTES = 32 * 1024 * 1024  # of pictures and files, of all persons together
KNOWN_LINES = 1000  # per person; a line sent again after a reconnect is recognised among these


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepsake:
    """A picture or a file that a reply carried."""

    chat_id: str
    name: str
    content: bytes
    media_type: str


class Keepsakes:
    """Pictures and files under names nobody can guess; the oldest go when there are too many bytes."""

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Keepsake] = OrderedDict()
        self._bytes = 0

    def keep(self, keepsake: Keepsake) -> str:
        """Its name from now on."""
        key = secrets.token_urlsafe(18)
        self._kept[key] = keepsake
        self._bytes += len(keepsake.content)
        while self._bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.content)
        return key

    def find(self, key: str, chat_id: str) -> Keepsake | None:
        """The keepsake of this chat; another chat's does not exist."""
        keepsake = self._kept.get(key)
        return keepsake if keepsake is not None and keepsake.chat_id == chat_id else None


class Tab:
    """One open page. What it has not read is kept once per message, so a slow page never falls far behind."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.closing: int | None = None
        self._waiting: dict[tuple[str, str], dict[str, Any]] = {}
        self._wake = asyncio.Event()

    def tell(self, event: dict[str, Any]) -> None:
        """Hand an event to the page soon; a newer state of the same message replaces the older one."""
        self._waiting[event["event"], event["id"]] = event
        self._wake.set()

    def close(self, code: int) -> None:
        self.closing = code
        self._wake.set()

    async def next(self, patience: float) -> list[dict[str, Any]]:
        """Everything that waits; empty when nothing came in time or the tab is to be closed."""
        try:
            async with asyncio.timeout(patience):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        events = list(self._waiting.values())
        self._waiting.clear()
        return events


@dataclass(slots=True)
class Chat:
    """The chat of one person: the last messages, the lines that are known, and the tabs that are open."""

    id: str
    clock: Callable[[], datetime]
    keepsakes: Keepsakes
    epoch: str
    tabs: set[Tab] = field(default_factory=set)
    _messages: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)
    _lines: OrderedDict[str, int | None] = field(default_factory=OrderedDict)  # how many replies, when over
    _count: int = 0
    _pinned: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self._messages.values())

    def knows(self, line_id: str) -> bool:
        """Whether this very line was taken before: a page that lost its connection sends it again."""
        return line_id in self._lines

    def replies_to(self, line_id: str) -> int | None:
        """How many replies a known line got in the end; None while it is still at work."""
        return self._lines[line_id]

    def take(self, line_id: str, text: str, *, pressed: bool) -> None:
        """A line has arrived: every tab sees it. A press is shown by its answer instead."""
        self._lines[line_id] = None
        while len(self._lines) > KNOWN_LINES:
            self._lines.popitem(last=False)
        if not pressed:
            self._put({"id": f"you-{line_id}", "who": "you", "line": text, "at": self.clock()})
        self.tell({"event": "taken", "id": line_id})

    def over(self, line_id: str, replies: int) -> None:
        """A line has had its last reply."""
        self._lines[line_id] = replies
        self.tell({"event": "over", "id": line_id, "replies": replies})

    def show(self, reply: Reply, *, on: str = "", asked: str = "", reply_to: str = "") -> str:
        """Show a reply in every tab, in place of message `on` when that still exists; its message id."""
        message_id = on if on in self._messages else f"{self.epoch}-{self._count + 1}"
        shape = reply_shape(reply, picture=self._picture, attachment=self._attachment)
        known = self._known(message_id, reply) | {"asked": asked, "reply_to": reply_to}
        if reply.once:
            self.tell(
                {"event": "message", "id": message_id, "message": shape | known | {"order": self._count}}
            )
            return ""
        self._put(shape | known)
        return message_id

    def find_again(self, reply: Reply, message_id: str) -> bool:
        """Show a message of an earlier run under its old name; False for one this run has let go.

        An open page changes it in place, a fresh one shows it once more: either way it is the same message.
        """
        if message_id in self._messages or message_id.startswith(f"{self.epoch}-"):
            return False
        shape = reply_shape(reply, picture=self._picture, attachment=self._attachment)
        self._put(shape | self._known(message_id, reply) | {"asked": "", "reply_to": ""})
        return True

    def pin(self, message_id: str) -> None:
        """Keep it however much is said after it; its place is taken by what is pinned next."""
        self._pinned = message_id

    def is_words_only(self, message_id: str) -> bool:
        """Whether a message may be edited in place: the desk said it, and it shows no picture or file."""
        message = self._messages.get(message_id)
        if message is None or message["who"] != "desk":
            return False
        return not message["images"] and not message["files"]

    def tell(self, event: dict[str, Any]) -> None:
        for tab in self.tabs:
            tab.tell(event)

    def _put(self, message: dict[str, Any]) -> None:
        before = self._messages.get(message["id"])
        if before is None:
            self._count += 1
        message["order"] = before["order"] if before else self._count
        self._messages[message["id"]] = message
        while len(self._messages) > KEPT_MESSAGES:
            del self._messages[next(key for key in self._messages if not self._is_kept(key))]
        self.tell({"event": "message", "id": message["id"], "message": message})

    def _known(self, message_id: str, reply: Reply) -> dict[str, Any]:
        return {"id": message_id, "who": "desk", "at": self.clock(), "pinned": reply.stays}

    def _is_kept(self, message_id: str) -> bool:
        return message_id == self._pinned or bool(self._messages[message_id].get("pinned"))

    def _picture(self, image: Image) -> dict[str, Any]:
        keepsake = Keepsake(chat_id=self.id, name=image.name, content=image.png, media_type="image/png")
        key = self.keepsakes.keep(keepsake)
        width, height = picture_size(image.png) or (None, None)
        return {"url": f"/kept/{key}", "name": image.name, "alt": image.alt, "width": width, "height": height}

    def _attachment(self, file: File) -> dict[str, Any]:
        keepsake = Keepsake(
            chat_id=self.id, name=file.name, content=file.content, media_type="application/octet-stream"
        )
        return {"url": f"/kept/{self.keepsakes.keep(keepsake)}", "name": file.name, "size": len(file.content)}


class Chats:
    """All web chats. `epoch` names this run of the program, so that a page notices a restart."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.keepsakes = Keepsakes()
        self.epoch = secrets.token_hex(4)
        self._clock = clock
        self._chats: dict[str, Chat] = {}

    def chat(self, chat_id: str) -> Chat:
        if chat_id not in self._chats:
            self._chats[chat_id] = Chat(chat_id, self._clock, self.keepsakes, self.epoch)
        return self._chats[chat_id]

    def close_session(self, session: str) -> None:
        """Close every tab that speaks for a session which has ended."""
        for chat in self._chats.values():
            for tab in chat.tabs:
                if tab.session == session:
                    tab.close(SESSION_OVER)


SESSION_OVER = 4401  # the WebSocket close code that sends a page back to the entrance
