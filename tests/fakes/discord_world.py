"""What exists on the fake Discord: people, channels, messages as people see them, interactions."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BLURPLE_EPOCH = 1420070400000  # Discord counts milliseconds from 2015 on
_count = 0


def snowflake() -> int:
    """A new id; its upper bits are the time, as Discord's are."""
    global _count
    _count += 1
    return (int(time.time() * 1000) - BLURPLE_EPOCH) << 22 | (_count & 0x3FFFFF)


def visible(markdown: str) -> str:
    """Markdown as people see it: marks gone, escaped characters as themselves."""
    text = re.sub(r"^-# ", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"(?<!\\)\*\*", "", text)
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


@dataclass(eq=False, slots=True)
class User:
    name: str
    id: int = field(default_factory=snowflake)
    bot: bool = False
    takes_dms: bool = True

    def json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": self.name,
            "discriminator": "0",
            "avatar": None,
            "bot": self.bot,
        }


@dataclass(eq=False, slots=True)
class Channel:
    name: str
    id: int = field(default_factory=snowflake)
    recipient: User | None = None  # of a direct message channel
    writable: bool = True

    @property
    def is_dm(self) -> bool:
        return self.recipient is not None

    def json(self, guild_id: int) -> dict[str, Any]:
        if self.recipient is not None:
            return {
                "id": str(self.id),
                "type": 1,
                "recipients": [self.recipient.json()],
                "last_message_id": None,
            }
        common = {"id": str(self.id), "type": 0, "name": self.name, "guild_id": str(guild_id)}
        return common | {"position": 0, "permission_overwrites": [], "parent_id": None, "nsfw": False}


@dataclass(frozen=True, slots=True)
class Upload:
    id: int
    name: str
    content: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class ShownButton:
    label: str
    custom_id: str
    style: int

    @property
    def danger(self) -> bool:
        return self.style == 4


@dataclass(eq=False, slots=True)
class Message:
    """A message and what became of it. `text` is all that people read in it, without markup."""

    channel: Channel
    author: User
    id: int = field(default_factory=snowflake)
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    allowed_mentions: dict[str, Any] | None = None
    only_for: User | None = None  # ephemeral
    loading: bool = False  # "thinking …"
    deleted: bool = False
    silent: bool = False  # nobody's device makes a sound
    pinned: bool = False
    before: list[str] = field(default_factory=list)  # its text before each edit

    @property
    def ephemeral(self) -> bool:
        return self.only_for is not None

    @property
    def header(self) -> str:
        return next((e["author"]["name"] for e in self.embeds if e.get("author")), "")

    @property
    def title(self) -> str:
        return next((visible(e["title"]) for e in self.embeds if e.get("title")), "")

    @property
    def description(self) -> str:
        """As it was sent, with markup."""
        return "\n".join(e["description"] for e in self.embeds if e.get("description"))

    @property
    def footer(self) -> str:
        return next((e["footer"]["text"] for e in self.embeds if e.get("footer")), "")

    @property
    def text(self) -> str:
        parts = (visible(self.content), self.header, self.title, visible(self.description), self.footer)
        return "\n".join(filter(None, parts))

    @property
    def images(self) -> list[Upload]:
        """Pictures an embed shows."""
        urls = [(e.get("image") or {}).get("url") for e in self.embeds]
        return [u for u in self.uploads if f"attachment://{u.name}" in urls]

    @property
    def files(self) -> list[Upload]:
        return [u for u in self.uploads if u not in self.images]

    @property
    def buttons(self) -> list[ShownButton]:
        return [
            ShownButton(b["label"], b["custom_id"], b["style"])
            for row in self.components
            for b in row["components"]
        ]

    def button(self, label: str) -> ShownButton:
        found = [b for b in self.buttons if b.label == label]
        assert found, f"no button {label!r} among {[b.label for b in self.buttons]}"
        return found[0]

    def json(self, guild_id: int) -> dict[str, Any]:
        attachments = [
            {
                "id": str(u.id),
                "filename": u.name,
                "size": len(u.content),
                "url": f"cdn/{u.name}",
                "proxy_url": "",
            }
            for u in self.uploads
        ]
        flags = (64 if self.ephemeral else 0) | (128 if self.loading else 0)
        return {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.json(),
            "content": self.content,
            "embeds": self.embeds,
            "components": self.components,
            "attachments": attachments,
            "flags": flags,
            "type": 0,
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "pinned": False,
        } | ({} if self.channel.is_dm else {"guild_id": str(guild_id)})


@dataclass(eq=False, slots=True)
class Interaction:
    """A slash command, a press or a request for suggestions, and what the bot did about it."""

    user: User
    channel: Channel
    token: str
    wait_for: Callable[..., Any]
    id: int = field(default_factory=snowflake)
    happened: float = field(default_factory=time.monotonic)
    pressed: Message | None = None
    response: int | None = None  # Discord's number for the kind of callback
    acknowledged_after: float | None = None  # seconds
    original: Message | None = None
    shown: list[Message] = field(default_factory=list)  # by this interaction, the newest last
    choices: list[str] | None = None
    expired: bool = False

    async def answer(self, timeout: float = 5.0) -> Message:
        """Wait until something is shown, and take the newest of it."""
        await self.wait_for(lambda: self.shown, timeout)
        return self.shown[-1]

    async def closed(self, timeout: float = 5.0) -> None:
        """Wait until "thinking …" was taken away without an answer."""
        await self.wait_for(lambda: self.original is not None and self.original.deleted, timeout)
