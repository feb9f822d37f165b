"""The web chat as a platform: every person has one chat there, and every open page of theirs shows it."""

from bot.platforms import PlatformOff, Sent
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

    async def send(self, chat_id: str, reply: Reply, *, silent: bool = False, mention: str = "") -> Sent:
        """Show a reply in a person's chat; their id is the chat's. It can always be delivered."""
        return Sent(self._server.chats.chat(chat_id).show(reply))

    async def edit(self, chat_id: str, ref: str, reply: Reply) -> bool:
        """Write it over a message, of an earlier run as well; one that is older than the last 200 is gone."""
        chat = self._server.chats.chat(chat_id)
        if not chat.is_words_only(ref):
            return chat.find_again(reply, ref)
        chat.show(reply, on=ref)
        return True

    async def pin(self, chat_id: str, ref: str) -> None:
        """Let it not be pushed out by the newer ones."""
        self._server.chats.chat(chat_id).pin(ref)
