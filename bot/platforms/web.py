"""The web chat as a platform: every person has one chat there, and every open page of theirs shows it."""

from bot.platforms import PlatformOff
from bot.reply import Reply
from bot.web.server import WebServer
from trading.domain.errors import SettingsError


class WebPlatform:
    """Needs no token. What is sent while nobody looks waits for the next visit (the last 200 messages)."""

    name = "web"

    def __init__(self, server: WebServer) -> None:
        self._server = server

    async def run(self) -> None:
        """Serve until cancelled. Raises PlatformOff when the port or the address cannot be had."""
        try:
            await self._server.run()
        except SettingsError as error:
            raise PlatformOff(error.tell) from error

    async def send(self, chat_id: str, reply: Reply) -> None:
        """Show a reply in a person's chat; their id is the chat's. It can always be delivered."""
        self._server.chats.chat(chat_id).show(reply)
