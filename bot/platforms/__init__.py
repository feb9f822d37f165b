"""The port every chat platform implements; one platform, one file."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.dispatcher import Line
from bot.reply import Reply

Handle = Callable[[Line], AsyncIterator[Reply]]


class PlatformOff(Exception):
    """The platform cannot run (no such token, refused by its server); the sentence says why. The rest runs on."""


class Closed(ConnectionError):
    """Nothing can be shown in this chat until somebody changes that: deleted, blocked, not permitted."""


class Unfit(ConnectionError):
    """The platform will never take this message as it is; others may get through."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that stands in a chat. `note` is one sentence about what was not as it was wished."""

    ref: str = ""  # the platform's own name of it; empty where a message cannot be changed afterwards
    note: str = ""


class Platform(Protocol):
    """A chat platform. It knows how to show a Reply and how to turn what people do into a Line; nothing else.

    It never decides who may do what (the dispatcher does), and its outage touches nobody else.
    """

    name: str

    async def run(self) -> None:
        """Serve until cancelled, reconnecting by itself. Raises PlatformOff when it can never work as set up."""

    async def send(self, chat_id: str, reply: Reply, *, silent: bool = False, mention: str = "") -> Sent:
        """Show a reply in a chat without being asked: notices and scheduled pictures.

        Waits for the platform's rate limits. `silent`: without a sound. `mention`: who is called by name,
        `@here` or a user's number, where the platform can. Raises ConnectionError when it could not be
        delivered now, Closed when it never will be unless somebody acts, Unfit when this reply never will.
        """

    async def edit(self, chat_id: str, ref: str, reply: Reply) -> bool:
        """Let a message show this instead; False when it is gone. Raises ConnectionError as `send` does."""

    async def pin(self, chat_id: str, ref: str) -> None:
        """Keep a message in sight, without a sound. Raises ConnectionError; its sentence says what is missing."""
