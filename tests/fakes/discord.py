"""A Discord on loopback: HTTP API and gateway, its limits and its faults, for the real discord.py to talk to.

async with FakeDiscord() as discord:
    owner = discord.user("owner")
    platform = DiscordPlatform(discord.settings(), ...)
    ... run it, then ...
    await discord.ready()
    status = await (await discord.slash(owner, "status")).answer()
    assert "PAPER" in status.header
    after = await (await discord.press(owner, status, "Pause")).answer()
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from tests.fakes.discord_server import TOKEN, Fault, Request, Server
from tests.fakes.discord_world import Channel, Interaction, Message, User, snowflake
from trading.settings import Discord

__all__ = ["TOKEN", "Channel", "FakeDiscord", "Interaction", "Message", "User"]


class FakeDiscord(Server):
    """Start it, point the bot at it with `settings()`, do what people do, look at what they see."""

    def __init__(self) -> None:
        super().__init__()
        self._runner: web.AppRunner | None = None

    # --- life -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "FakeDiscord":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        assert not self.broken, self.broken

    async def start(self) -> None:
        """Listen; after a stop on the same port, with everything still there."""
        self.gateway.token = self.token
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self._front_door])
        app.router.add_get("/gateway", self.gateway.serve)
        for method, path, serve in self._routes():
            app.router.add_route(method, f"/api{path}", serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Nobody answers any more."""
        await self.gateway.drop(code=1001)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self._port}/api"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway"

    def settings(self, **changes: Any) -> Discord:
        """What settings.toml would say to use this Discord."""
        return Discord(
            **({"token": self.token, "api_base": self.api_base, "gateway_url": self.gateway_url} | changes)
        )

    async def ready(self, timeout: float = 10.0) -> None:
        """Wait until the bot is connected."""
        await self.wait_for(lambda: self.gateway.connected, timeout)

    async def wait_for(self, predicate: Callable[[], Any], timeout: float = 5.0) -> Any:
        """Wait until the predicate is truthy, and hand back what it said."""
        async with asyncio.timeout(timeout):
            while not (found := predicate()):
                self._news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.05)
        return found

    # --- what people do ---------------------------------------------------------------------------------

    def user(self, name: str, **attributes: Any) -> User:
        """Somebody new."""
        user = User(name, **attributes)
        self.users[user.id] = user
        return user

    def channel(self, name: str, **attributes: Any) -> Channel:
        """A new text channel of the server."""
        channel = Channel(name, **attributes)
        self.channels[channel.id] = channel
        return channel

    async def slash(
        self,
        user: User,
        name: str,
        *,
        guild: bool = True,
        channel: Channel | None = None,
        locale: str = "en-US",
        id: int | None = None,  # the same id twice is one interaction delivered twice
        **options: Any,
    ) -> Interaction:
        """Somebody sends a slash command; options by name, with _ for - (`from_` is `from`)."""
        place = channel or (self.general if guild else self.dm_channel(user))
        data = {"id": "1", "name": name, "type": 1, "options": self._filled(name, options)}
        return await self._interact(2, user, place, data, locale=locale, id=id)

    async def press(self, user: User, message: Message, label: str, *, locale: str = "en-US") -> Interaction:
        """Somebody presses a button that they see."""
        assert not message.deleted, "nobody can press a button of a deleted message"
        assert message.only_for in (None, user), "nobody else sees an ephemeral message"
        data = {"custom_id": message.button(label).custom_id, "component_type": 2}
        return await self._interact(3, user, message.channel, data, locale=locale, pressed=message)

    async def autocomplete(self, user: User, name: str, option: str, typed: str, **options: Any) -> list[str]:
        """Somebody types in an option; the suggestions they see."""
        filled = [*self._filled(name, options), {"name": option, "type": 3, "value": typed, "focused": True}]
        data = {"id": "1", "name": name, "type": 1, "options": filled}
        interaction = await self._interact(4, user, self.general, data)
        await self.wait_for(lambda: interaction.choices is not None)
        assert interaction.choices is not None
        return interaction.choices

    async def dm(self, user: User, text: str) -> Message:
        """Somebody writes to the bot in private."""
        return await self.write(user, self.dm_channel(user), text)

    async def write(self, user: User, channel: Channel, text: str, **extra: Any) -> Message:
        """Somebody writes in a channel; without the message content intent the bot gets no text there."""
        message = Message(channel, user, content=text)
        self.messages.append(message)
        data = message.json(self.guild_id) | extra
        await self.gateway.tell("MESSAGE_CREATE", data | ({} if channel.is_dm else {"content": ""}))
        return message

    async def edit(self, message: Message, text: str) -> None:
        """Somebody edits what they wrote."""
        message.content = text
        data = message.json(self.guild_id) | {"edited_timestamp": "2026-01-01T00:01:00+00:00"}
        await self.gateway.tell("MESSAGE_UPDATE", data)

    def seen_by(self, user: User) -> list[Message]:
        """What the bot wrote that this person can read."""
        mine = [m for m in self.messages if m.author is self.bot and not m.deleted and not m.loading]
        return [m for m in mine if m.only_for in (None, user) and m.channel.recipient in (None, user)]

    # --- faults -----------------------------------------------------------------------------------------

    def fail(
        self, part: str, status: int, *, code: int = 0, retry_after: float = 0.0, times: int = 1
    ) -> None:
        """Answer the next requests whose "METHOD /path" contains `part` with this status."""
        body: dict[str, Any] = {"message": f"scripted {status}", "code": code}
        if status == 429:
            body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
        self._faults.append(Fault(part, status, body, times))

    def fail_with_page(self, part: str, *, times: int = 1) -> None:
        """Answer with the HTML page of some proxy."""
        self._faults.append(Fault(part, 200, "<html>log in to the hotel</html>", times))

    def requested(self, method: str, part: str) -> list[Request]:
        """The requests of this kind so far, refused ones too."""
        return [r for r in self.requests if r.method == method and part in r.path]

    def _filled(self, command: str, options: dict[str, Any]) -> list[dict[str, Any]]:
        """Options as Discord sends them, typed as the bot registered them."""
        known = next((c for c in self.commands + self.guild_commands if c["name"] == command), None)
        assert known is not None, f"/{command} is not registered"
        types = {o["name"]: o["type"] for o in known.get("options", [])}
        given = {name.rstrip("_").replace("_", "-"): value for name, value in options.items()}
        assert not set(given) - set(types), f"/{command} has no options {set(given) - set(types)}"
        return [{"name": name, "type": types[name], "value": value} for name, value in given.items()]

    async def _interact(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: dict[str, Any],
        *,
        locale: str = "en-US",
        pressed: Message | None = None,
        id: int | None = None,
    ) -> Interaction:
        token = f"interaction-token-{snowflake()}"
        interaction = Interaction(user, channel, token, self.wait_for, pressed=pressed, original=pressed)
        interaction.id = id or interaction.id
        self.interactions[token] = interaction
        event: dict[str, Any] = {
            "id": str(interaction.id),
            "application_id": str(self.application_id),
            "type": kind,
            "token": token,
            "version": 1,
            "channel_id": str(channel.id),
            "channel": channel.json(self.guild_id),
            "data": data,
            "locale": locale,
            "app_permissions": "0",
            "attachment_size_limit": 10 * 1024 * 1024,
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 1 if channel.is_dm else 0,
        }
        if pressed is not None:
            event["message"] = pressed.json(self.guild_id)
        if channel.is_dm:
            event["user"] = user.json()
        else:
            member = {"user": user.json(), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0}
            event["member"] = member | {"deaf": False, "mute": False, "permissions": "0"}
            event |= {"guild_id": str(self.guild_id), "guild": {"id": str(self.guild_id), "features": []}}
        await self.gateway.tell("INTERACTION_CREATE", event)
        return interaction
