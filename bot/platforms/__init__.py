"""The port every chat platform implements; one platform, one file."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from bot.dispatcher import Line
from bot.reply import Reply

Handle = Callable[[Line], AsyncIterator[Reply]]


class PlatformOff(Exception):
    """The platform cannot run (no such token, refused by its server); the sentence says why. The rest runs on."""


class Platform(Protocol):
    """A chat platform. It knows how to show a Reply and how to turn what people do into a Line; nothing else.

    It never decides who may do what (the dispatcher does), and its outage touches nobody else.
    """

    name: str

    async def run(self) -> None:
        """Serve until cancelled, reconnecting by itself. Raises PlatformOff when it can never work as set up."""

    async def send(self, chat_id: str, reply: Reply) -> None:
        """Show a reply in a chat without being asked: notices and scheduled pictures.

        Waits for the platform's rate limits. Raises ConnectionError when it could not be delivered.
        """
