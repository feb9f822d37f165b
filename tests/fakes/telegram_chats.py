"""People, chats and messages as the fake Telegram keeps them, and the faults it can be told to make."""

import itertools
from dataclasses import dataclass, field
from typing import Any, Self

from tests.fakes.telegram_html import Entity


@dataclass(frozen=True)
class FakeChat:
    id: int
    type: str  # private, group, supergroup, channel
    title: str = ""

    @property
    def json(self) -> dict[str, Any]:
        name = {"first_name": self.title} if self.type == "private" else {"title": self.title}
        return {"id": self.id, "type": self.type, **name}


@dataclass(frozen=True)
class FakeUser:
    """Somebody with a Telegram account. `chat` is their private chat with the bot."""

    id: int
    name: str
    username: str = ""
    language: str = "en"
    is_bot: bool = False

    @property
    def chat(self) -> FakeChat:
        return FakeChat(self.id, "private", self.name)

    @property
    def json(self) -> dict[str, Any]:
        named = {"username": self.username} if self.username else {}
        return {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.name,
            "language_code": self.language,
            **named,
        }


@dataclass(frozen=True)
class FakeButton:
    label: str
    command: str
    style: str | None = None


@dataclass
class FakeMessage:
    """One message of the bot, as it stands in the chat now."""

    id: int
    chat: FakeChat
    kind: str  # text, photo, document
    html: str  # as it was sent
    text: str  # as people see it; the caption of a photo or document
    entities: list[Entity] = field(default_factory=list)
    rows: list[list[FakeButton]] = field(default_factory=list)
    content: bytes = b""  # of the photo or document
    filename: str = ""
    album: str | None = None
    thread: int | None = None
    silent: bool = False
    pinned: bool = False
    edits: int = 0
    deleted: bool = False
    date: int = 0

    @property
    def buttons(self) -> list[FakeButton]:
        return list(itertools.chain.from_iterable(self.rows))

    @property
    def labels(self) -> list[str]:
        return [button.label for button in self.buttons]


@dataclass(frozen=True)
class Call:
    """One request of the bot: the method, its fields, and the files that came with it."""

    method: str
    fields: dict[str, Any]
    files: dict[str, tuple[str, bytes]]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong instead of (or, for a lost answer, after) what was asked."""

    code: int = 0
    description: str = ""
    retry_after: int = 0
    page: str = ""  # a web page instead of JSON, as a proxy would answer
    drops: bool = False
    performs: bool = False

    @classmethod
    def flood(cls, seconds: int) -> Self:
        return cls(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    @classmethod
    def server_error(cls, code: int = 500) -> Self:
        return cls(code, "Internal Server Error")

    @classmethod
    def bad_markup(cls) -> Self:
        return cls(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0')

    @classmethod
    def forbidden(cls) -> Self:
        return cls(403, "Forbidden: bot was blocked by the user")

    @classmethod
    def proxy_page(cls, code: int = 404) -> Self:
        return cls(code, page="<html><h1>Not here</h1></html>")

    @classmethod
    def dropped(cls) -> Self:
        """The connection breaks before anything is done."""
        return cls(drops=True)

    @classmethod
    def answer_lost(cls) -> Self:
        """It is done, and the connection breaks before the answer."""
        return cls(drops=True, performs=True)


class Refusal(Exception):
    """What Telegram answers instead of a result."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters
