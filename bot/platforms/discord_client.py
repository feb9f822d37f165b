"""The library's client as we use it: little memory, few intents, quiet logs, addresses from the settings."""

import logging
from typing import Any, Protocol

import discord
import discord.gateway
import discord.http
import structlog
import yarl

log = structlog.get_logger("discord")

REJECTED = "Discord rejected the token in discord.token; put in the one from the developer portal, page Bot."
SHARDS = "Discord wants this bot split into shards, which Tradewind does not do."
FINAL = {  # what the gateway says when trying again is of no use
    4004: REJECTED,
    4010: SHARDS,
    4011: SHARDS,
    4012: "Discord no longer speaks this version of its protocol; update Tradewind.",
    4013: "Discord does not know the intents Tradewind asks for; update Tradewind.",
    4014: "Discord does not allow this bot the intents Guilds and Direct Messages.",
}

Interaction = discord.Interaction[discord.Client]


class Listener(Protocol):
    """Who is told what happens on Discord."""

    async def on_connect(self) -> None: ...

    async def on_interaction(self, interaction: Interaction) -> None: ...

    async def on_message(self, message: discord.Message) -> None: ...


class Client(discord.Client):
    """One login. When it ends a new one is made; the library resumes small interruptions by itself."""

    def __init__(self, listener: Listener) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.dm_messages = True
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._listener = listener

    async def on_connect(self) -> None:
        await self._listener.on_connect()

    async def on_interaction(self, interaction: Interaction) -> None:
        await self._listener.on_interaction(interaction)

    async def on_message(self, message: discord.Message) -> None:
        await self._listener.on_message(message)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("discord_event_failed", during=event_method)


def point_at_api(api_base: str) -> None:
    """From now on the library talks to this API; it knows only one per process."""
    discord.http.Route.BASE = api_base.rstrip("/")


async def point_at_gateway(client: Client, gateway_url: str) -> None:
    """The next connection goes to this gateway, or to the one that the API names."""
    if not gateway_url:
        _, gateway_url, _ = await client.http.get_bot_gateway()
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def resume_at(client: Client, gateway_url: str) -> None:
    """Resume at the gateway from the settings instead of the one that READY named."""
    if gateway_url:
        client.ws.gateway = yarl.URL(gateway_url)


def quieten_the_library() -> None:
    """At debug level discord.py logs whole events with the keys to interactions; voice is not wanted."""
    discord.VoiceClient.warn_nacl = False
    discord.VoiceClient.warn_dave = False
    logging.getLogger("discord").setLevel(logging.WARNING)
