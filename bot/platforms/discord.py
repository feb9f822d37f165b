"""Discord: slash commands made from the registry, embeds, files, and buttons that outlive a restart."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from datetime import datetime
from typing import Any, cast

import aiohttp
import discord
import structlog

from bot.dispatcher import Line
from bot.platforms import Closed, Handle, PlatformOff, Sent, Unfit
from bot.platforms.discord_answers import GONE, OUTAGE, Answer, Chat, PressAnswer, Screen, SlashAnswer
from bot.platforms.discord_client import (
    FINAL,
    REJECTED,
    Client,
    Interaction,
    point_at_api,
    point_at_gateway,
    quieten_the_library,
    resume_at,
)
from bot.platforms.discord_commands import choices_like, focused, line_of, meant, offerable, slash_commands
from bot.platforms.discord_markup import draw
from bot.registry import Command
from bot.reply import Reply
from bot.words import Words
from trading import settings
from trading.domain.errors import TradingError
from trading.domain.people import Place

log = structlog.get_logger("discord")

Suggest = Callable[[str, str, str], Awaitable[list[str]]]  # (source, typed so far, user id) -> proposals

FIRST_RETRY = 1.0  # seconds; doubled after every failure in a row
LAST_RETRY = 60.0
SUGGEST_WITHIN = 2.5  # seconds; Discord wants suggestions within 3 and cannot be asked to wait

_REFUSED = {  # error codes of the HTTP API
    10003: "Discord knows no chat {chat}; it was deleted, or the bot is not in its server.",
    10013: "Discord knows no user {chat}; use the number that Copy User ID gives.",
    50001: "The bot may not see Discord chat {chat}; give it View Channel there.",
    50007: "Discord user {chat} takes no direct messages from the bot; share a server and allow them there.",
    50013: "The bot may not write in Discord chat {chat}; it needs Send Messages, Embed Links, Attach Files.",
}
_NO_SUCH_MESSAGE = 10008
_UNEXPECTED = "Discord did not take a message for {chat}: status {status}, code {code}."


class DiscordPlatform:
    """One bot user on Discord. Who may do what is the dispatcher's business; here people are user ids."""

    name = "discord"

    def __init__(
        self,
        settings: settings.Discord,
        handle: Handle,
        commands: dict[str, Command],
        suggest: Suggest,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._handle = handle
        self._commands = commands
        self._suggest = suggest
        self._clock = clock
        self._client: Client | None = None  # only while it is logged in
        self._busy: set[asyncio.Task[Any]] = set()  # answers on their way; they outlive a lost connection
        self._runner: asyncio.Task[Any] | None = None  # the task of run()
        self._registered = False
        self._presence = ""
        quieten_the_library()

    async def run(self) -> None:
        """Serve until cancelled. Raises PlatformOff only when Discord says that trying again is of no use."""
        token = self._settings.token.get_secret_value().strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise PlatformOff(REJECTED)
        point_at_api(self._settings.api_base)
        self._runner = asyncio.current_task()
        wait = FIRST_RETRY / 2
        try:
            while True:
                began = time.monotonic()
                trouble = await self._serve(token)
                if self._cancelled:
                    raise asyncio.CancelledError
                lasted = time.monotonic() - began
                wait = FIRST_RETRY if lasted > LAST_RETRY else min(wait * 2, LAST_RETRY)
                log.warning("discord_connection_lost", reason=trouble, retry_in=wait)
                await asyncio.sleep(wait)
        finally:
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)

    @property
    def _cancelled(self) -> bool:
        """Somebody wants us to end; wait_for of Python 3.11, which the library uses, can lose that."""
        return self._runner is not None and self._runner.cancelling() > 0

    async def _serve(self, token: str) -> str:
        """One connection from login to its end; says why it ended."""
        client = Client(self)
        try:
            async with client:
                await client.login(token)
                self._client = client
                await self._register(client)
                await point_at_gateway(client, self._settings.gateway_url)
                await client.connect(reconnect=False)  # small interruptions it resumes nevertheless
            return "closed"
        except discord.LoginFailure:
            raise PlatformOff(REJECTED) from None
        except aiohttp.InvalidURL:
            raise PlatformOff(
                "discord.api_base and discord.gateway_url want http(s) and ws(s) addresses."
            ) from None
        except discord.ConnectionClosed as closed:
            if closed.code in FINAL:
                raise PlatformOff(FINAL[closed.code]) from None
            return f"closed with {closed.code}"
        except (*OUTAGE, KeyError, TypeError) as error:  # the last two: not Discord but a proxy answered
            return type(error).__name__
        finally:
            self._client = None
            # Once more, for the case that our own end interrupted the library while it was closing.
            await client.http.close()

    async def _register(self, client: Client) -> None:
        """Tell Discord our commands, once. Without them buttons and direct messages still work."""
        if self._registered or client.application_id is None:
            return
        guild = self._settings.guild_id
        offered = slash_commands(self._commands, Words("ko"), everywhere=not guild)
        try:
            if guild:
                await client.http.bulk_upsert_guild_commands(client.application_id, guild, offered)
            else:
                await client.http.bulk_upsert_global_commands(client.application_id, offered)
            self._registered = True
        except discord.HTTPException as error:
            log.error(
                "discord_commands_refused", status=error.status, code=error.code, why=error.text, guild=guild
            )

    async def send(self, chat_id: str, reply: Reply, *, silent: bool = False, mention: str = "") -> Sent:
        """Show a reply in a channel or thread, or with `dm:USER` to a person. `mention`: `@here` or a user.

        Raises ConnectionError, with what to do about it, when it could not be delivered.
        """
        message: discord.Message | None = None
        client = self._connected(chat_id)
        with self._in_words(chat_id):
            channel = await self._channel(client, chat_id)
            for card in draw(reply, Words("en")):
                called = _calling(mention) if message is None else {}
                message = await channel.send(**card.fresh(), **called, silent=silent)
        return Sent(str(message.id) if message is not None else "")

    async def edit(self, chat_id: str, ref: str, reply: Reply) -> bool:
        """Let a message show this instead; False when it is gone or the reply needs several."""
        cards = draw(reply, Words("en"))
        if not ref.isdecimal() or len(cards) > 1:
            return False
        client = self._connected(chat_id)
        with self._in_words(chat_id):
            channel = await self._channel(client, chat_id)
            try:
                await channel.get_partial_message(int(ref)).edit(**cards[0].instead())
            except discord.NotFound as gone:
                if gone.code != _NO_SUCH_MESSAGE:
                    raise
                return False
        return True

    async def pin(self, chat_id: str, ref: str) -> None:
        """Keep a message among the pinned ones of its channel; needs Pin Messages there."""
        client = self._connected(chat_id)
        with self._in_words(chat_id):
            channel = await self._channel(client, chat_id)
            await channel.get_partial_message(int(ref)).pin()

    def _connected(self, chat_id: str) -> Client:
        number = chat_id.removeprefix("dm:")
        if not number.isdecimal() or not number.isascii():
            raise Closed(f"A Discord chat is a channel's number, or dm: and a user's; found '{chat_id}'.")
        if self._client is None:
            raise ConnectionError("Discord is not connected; trying again goes on.")
        return self._client

    @staticmethod
    async def _channel(client: Client, chat_id: str) -> discord.DMChannel | discord.PartialMessageable:
        if chat_id.startswith("dm:"):
            return await client.create_dm(discord.Object(int(chat_id.removeprefix("dm:"))))
        return client.get_partial_messageable(int(chat_id))

    @contextmanager
    def _in_words(self, chat_id: str) -> Iterator[None]:
        """What Discord answers, as a sentence with what to do about it."""
        chat = chat_id.removeprefix("dm:")
        try:
            yield
        except discord.HTTPException as error:
            if error.code in _REFUSED:
                raise Closed(_REFUSED[error.code].format(chat=chat)) from error
            kind = Unfit if error.status == 400 else ConnectionError
            raise kind(_UNEXPECTED.format(chat=chat, status=error.status, code=error.code)) from error
        except GONE as error:
            raise ConnectionError(f"Discord cannot be reached: {type(error).__name__}.") from error

    async def presence(self, text: str) -> None:
        """What stands beside the bot's name. Kept over reconnects; an outage only delays it."""
        self._presence = text
        client = self._client
        if client is None or client.ws is None:
            return
        try:
            await client.change_presence(activity=discord.CustomActivity(text[:128]))
        except GONE as error:
            log.info("discord_presence_failed", error=type(error).__name__)

    # --- what happens on Discord ----------------------------------------------------------------------------

    async def on_connect(self) -> None:
        """The gateway greets us, for the first time or anew."""
        client = self._client
        if client is None:
            return
        if self._cancelled:
            await client.close()
            return
        log.info("discord_connected")
        resume_at(client, self._settings.gateway_url)
        if self._presence:
            await self.presence(self._presence)

    async def on_interaction(self, interaction: Interaction) -> None:
        """A slash command, a press or a request for suggestions; other kinds are not ours."""
        if interaction.user.bot:
            return
        data = cast(dict[str, Any], interaction.data or {})
        match interaction.type:
            case discord.InteractionType.autocomplete:
                await self._complete(interaction, data)
            case discord.InteractionType.application_command if data.get("type", 1) == 1:
                name = str(data["name"])
                text = line_of(name, data.get("options", []), self._commands.get(name))
                await self._answer(interaction, SlashAnswer, text, interaction.created_at)
            case discord.InteractionType.component if str(data["custom_id"]).startswith("/"):
                await self._answer(interaction, PressAnswer, str(data["custom_id"]), None)

    async def on_message(self, message: discord.Message) -> None:
        """Text counts in direct messages only; that of bots, webhooks and system messages never does."""
        ordinary = message.type in (discord.MessageType.default, discord.MessageType.reply)
        if not ordinary or message.author.bot or message.webhook_id is not None:
            return
        if not isinstance(message.channel, discord.DMChannel) or not message.content.strip():
            return
        place = self._place(message.author.id, message.channel.id, private=True)
        line = Line(
            text=message.content,
            place=place,
            name=message.author.display_name,
            update_id=str(message.id),
            sent_at=message.created_at,
        )
        await self._obey(line, Chat(message.channel, self._clock, Words("en")))

    async def _answer(
        self, interaction: Interaction, kind: type[Answer], text: str, sent_at: datetime | None
    ) -> None:
        say = Words("ko" if interaction.locale is discord.Locale.korean else "en")
        answer = kind(interaction, meant(text, self._commands), self.send, self._clock, say)
        await answer.acknowledge()
        user = interaction.user
        line = Line(
            text=text,
            place=self._place(user.id, interaction.channel_id, private=interaction.guild_id is None),
            name=user.display_name,
            update_id=str(interaction.id),
            sent_at=sent_at,
        )
        await self._obey(line, answer)
        await answer.close()

    def _place(self, user_id: int, channel_id: int | None, *, private: bool) -> Place:
        chat_id = str(channel_id) if channel_id is not None else f"dm:{user_id}"
        return Place(platform=self.name, user_id=str(user_id), chat_id=chat_id, private=private)

    async def _obey(self, line: Line, screen: Screen) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
        async with aclosing(self._handle(line)) as replies:  # type: ignore[type-var]
            async for reply in replies:
                await screen.show(reply)

    async def _complete(self, interaction: Interaction, data: dict[str, Any]) -> None:
        found: list[str] = []
        name, typed = focused(data.get("options", []))
        command = self._commands.get(str(data["name"]))
        parameter = next((p for p in command.parameters if p.name.lower() == name), None) if command else None
        try:
            if parameter is not None and parameter.choices:
                found = choices_like(parameter, typed)
            elif parameter is not None and parameter.source:
                async with asyncio.timeout(SUGGEST_WITHIN):
                    found = await self._suggest(parameter.source, typed, str(interaction.user.id))
        except (TradingError, TimeoutError) as error:
            log.info("discord_no_suggestions", option=name, error=type(error).__name__)
        try:
            choices = [discord.app_commands.Choice(name=word, value=word) for word in offerable(found)]
            await interaction.response.autocomplete(choices)
        except GONE as error:
            log.info("discord_suggestions_late", error=type(error).__name__)


def _calling(mention: str) -> dict[str, Any]:
    """Arguments that call somebody: everybody who is there, or one user; nobody else by accident."""
    if mention == "@here":
        return {"content": mention, "allowed_mentions": discord.AllowedMentions(everyone=True)}
    if mention.isdecimal() and mention.isascii():
        user = discord.Object(int(mention))
        return {"content": f"<@{mention}>", "allowed_mentions": discord.AllowedMentions(users=[user])}
    return {}
