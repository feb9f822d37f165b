"""The server's half of the fake Discord: its HTTP routes, what they keep, and what they refuse."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_limits import Rejected, check_commands, check_message
from tests.fakes.discord_world import Channel, Interaction, Message, Upload, User, snowflake

TOKEN = "MTk4NjIy.G9fKe0.not-a-real-token-of-the-bot"
PAYLOAD = web.RequestKey("payload", dict)
UPLOADS = web.RequestKey("uploads", dict)
_UNAUTHORISED = {"message": "401: Unauthorized", "code": 0}


@dataclass(slots=True)
class Fault:
    """The next `times` requests whose "METHOD /path" contains `part` are answered like this."""

    part: str
    status: int
    body: Any
    times: int


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    payload: Any
    authorization: str | None


class Server:
    """One guild with one text channel and one bot. Everything that happens is kept."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.bot = User("tradewind", bot=True)
        self.application_id = snowflake()
        self.guild_id = snowflake()
        self.general = Channel("general")
        self.channels: dict[int, Channel] = {self.general.id: self.general}
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.messages: list[Message] = []
        self.interactions: dict[str, Interaction] = {}
        self.requests: list[Request] = []
        self.rejected: list[str] = []  # why requests broke a limit; a good bot leaves it empty
        self.broken: list[str] = []  # where this fake itself fell over
        self.commands: list[dict[str, Any]] = []
        self.guild_commands: list[dict[str, Any]] = []
        self.acknowledge_within = 3.0
        self.resume_url = ""  # empty: the gateway's own
        self.gateway = Gateway(self._greeting, self._happened)
        self._faults: list[Fault] = []
        self._news = asyncio.Event()
        self._port = 0

    def _happened(self) -> None:
        self._news.set()

    def dm_channel(self, user: User) -> Channel:
        """The direct messages between the bot and somebody."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(f"dm-{user.name}", recipient=user)
        self.channels[channel.id] = channel
        return channel

    def _routes(self) -> list[tuple[str, str, Any]]:
        me, app = "/users/@me", "/applications/{app}"
        webhook = "/webhooks/{app}/{token}"
        return [
            ("GET", me, self._me),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/gateway/bot", self._gateway_address),
            ("PUT", f"{app}/commands", self._register),
            ("PUT", f"{app}/guilds/{{guild}}/commands", self._register),
            ("POST", "/interactions/{id}/{token}/callback", self._callback),
            ("POST", webhook, self._followup),
            ("PATCH", webhook + "/messages/{message}", self._edit_shown),
            ("DELETE", webhook + "/messages/{message}", self._delete_shown),
            ("POST", f"{me}/channels", self._open_dm),
            ("POST", "/channels/{channel}/messages", self._post),
            ("PATCH", "/channels/{channel}/messages/{message}", self._edit_posted),
            ("PUT", "/channels/{channel}/messages/pins/{message}", self._pin),
        ]

    @web.middleware
    async def _front_door(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path == "/gateway":
            return await handler(request)
        path = request.path.removeprefix("/api")
        payload, uploads = await _body(request)
        request[PAYLOAD], request[UPLOADS] = payload, uploads
        authorization = request.headers.get("Authorization")
        self.requests.append(Request(request.method, path, payload, authorization))
        self._happened()
        try:
            fault = next(
                (f for f in self._faults if f.times > 0 and f.part in f"{request.method} {path}"), None
            )
            if fault is not None:
                fault.times -= 1
                if isinstance(fault.body, str):
                    return web.Response(text=fault.body, content_type="text/html", status=fault.status)
                return _answer(fault.body, fault.status)
            by_token = path.startswith(("/interactions/", "/webhooks/"))
            if not by_token and authorization != f"Bot {self.token}":
                return _answer(_UNAUTHORISED, 401)
            return await handler(request)
        except Rejected as rejected:
            if rejected.body["code"] in (50035, 50006, 40005, 30032):
                self.rejected.append(f"{request.method} {path}: {rejected}")
            return _answer(rejected.body, rejected.status)
        except Exception as error:
            self.broken.append(f"{request.method} {path}: {error!r}")
            raise
        finally:
            self._happened()

    def _greeting(self) -> list[tuple[str, dict[str, Any]]]:
        guild = {
            "id": str(self.guild_id),
            "name": "desk",
            "owner_id": "1",
            "member_count": 2,
            "unavailable": False,
        }
        lists = ("roles", "emojis", "features", "members", "threads", "presences", "voice_states", "stickers")
        channels = [c.json(self.guild_id) for c in self.channels.values() if not c.is_dm]
        ready = {
            "v": 10,
            "user": self.bot.json(),
            "guilds": [{"id": str(self.guild_id), "unavailable": True}],
            "session_id": "",
            "resume_gateway_url": self.resume_url or self.gateway_url,
            "application": {"id": str(self.application_id), "flags": 0},
        }
        return [
            ("READY", ready),
            ("GUILD_CREATE", guild | {"channels": channels} | {name: [] for name in lists}),
        ]

    async def _me(self, request: web.Request) -> web.Response:
        return _answer(self.bot.json())

    async def _application(self, request: web.Request) -> web.Response:
        app = {
            "id": str(self.application_id),
            "name": "tradewind",
            "description": "",
            "icon": None,
            "verify_key": "",
        }
        return _answer(app | {"bot_public": False, "bot_require_code_grant": False, "owner": self.bot.json()})

    async def _gateway_address(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return _answer({"url": self.gateway_url, "shards": 1, "session_start_limit": limit})

    async def _register(self, request: web.Request) -> web.Response:
        guild = request.match_info.get("guild")
        if guild not in (None, str(self.guild_id)):
            raise Rejected("Missing Access", code=50001, status=403)
        check_commands(request[PAYLOAD], in_guild=guild is not None)
        if guild is None:
            self.commands = request[PAYLOAD]
        else:
            self.guild_commands = request[PAYLOAD]
        return _answer(request[PAYLOAD])

    async def _callback(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        now = time.monotonic()
        earlier = [i for i in self.interactions.values() if i.id == interaction.id and i.response is not None]
        if earlier:
            raise Rejected("Interaction has already been acknowledged.", code=40060)
        if now - interaction.happened > self.acknowledge_within:
            raise Rejected("Unknown interaction", code=10062, status=404)
        payload = request[PAYLOAD]
        data = payload.get("data") or {}
        kind = interaction.response = payload["type"]
        interaction.acknowledged_after = now - interaction.happened
        if kind in (4, 5):
            only_for = interaction.user if data.get("flags", 0) & 64 else None
            interaction.original = Message(
                interaction.channel, self.bot, only_for=only_for, loading=kind == 5
            )
            self.messages.append(interaction.original)
        if kind in (4, 7):
            assert interaction.original is not None
            self._write(interaction.original, data, request[UPLOADS])
        if kind == 4:
            assert interaction.original is not None
            interaction.shown.append(interaction.original)
        if kind == 8:
            interaction.choices = [choice["value"] for choice in data["choices"]]
        about: dict[str, Any] = {"id": str(interaction.id), "type": 2}
        if interaction.original is not None:
            about["response_message_id"] = str(interaction.original.id)
        return _answer({"interaction": about})

    def _interaction(self, request: web.Request) -> Interaction:
        found = self.interactions.get(request.match_info["token"])
        if found is None or found.expired:
            raise Rejected("Invalid Webhook Token", code=50027, status=401)
        return found

    async def _followup(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        original = interaction.original
        if original is not None and original.loading and not original.deleted:
            message = (
                original  # the first follow-up takes the place of "thinking …", and is as private as that
            )
        else:
            only_for = interaction.user if request[PAYLOAD].get("flags", 0) & 64 else None
            message = Message(interaction.channel, self.bot, only_for=only_for)
        self._write(message, request[PAYLOAD], request[UPLOADS])
        if message is not original:
            self.messages.append(message)
        interaction.shown.append(message)
        return _answer(message.json(self.guild_id))

    def _shown(self, request: web.Request) -> tuple[Interaction, Message]:
        interaction = self._interaction(request)
        number = request.match_info["message"]
        candidates = [interaction.original] if number == "@original" else interaction.shown
        for message in candidates:
            if message is not None and not message.deleted and number in ("@original", str(message.id)):
                return interaction, message
        raise Rejected("Unknown Message", code=10008, status=404)

    async def _edit_shown(self, request: web.Request) -> web.Response:
        interaction, message = self._shown(request)
        self._write(message, request[PAYLOAD], request[UPLOADS])
        interaction.shown.append(message)
        return _answer(message.json(self.guild_id))

    async def _delete_shown(self, request: web.Request) -> web.Response:
        _, message = self._shown(request)
        message.deleted = True
        return web.Response(status=204)

    async def _open_dm(self, request: web.Request) -> web.Response:
        user = self.users.get(int(request[PAYLOAD]["recipient_id"]))
        if user is None:
            raise Rejected("Unknown User", code=10013, status=404)
        return _answer(self.dm_channel(user).json(self.guild_id))

    def _channel(self, request: web.Request) -> Channel:
        channel = self.channels.get(int(request.match_info["channel"]))
        if channel is None:
            raise Rejected("Unknown Channel", code=10003, status=404)
        if channel.recipient is not None and not channel.recipient.takes_dms:
            raise Rejected("Cannot send messages to this user", code=50007, status=403)
        if not channel.writable:
            raise Rejected("Missing Permissions", code=50013, status=403)
        return channel

    async def _post(self, request: web.Request) -> web.Response:
        message = Message(self._channel(request), self.bot)
        self._write(message, request[PAYLOAD], request[UPLOADS])
        self.messages.append(message)
        return _answer(message.json(self.guild_id))

    async def _edit_posted(self, request: web.Request) -> web.Response:
        channel, number = self._channel(request), int(request.match_info["message"])
        message = next((m for m in self.messages if m.id == number and m.channel is channel), None)
        if message is None or message.author is not self.bot:
            raise Rejected("Unknown Message", code=10008, status=404)
        self._write(message, request[PAYLOAD], request[UPLOADS])
        return _answer(message.json(self.guild_id))

    async def _pin(self, request: web.Request) -> web.Response:
        channel, number = self._channel(request), int(request.match_info["message"])
        message = next((m for m in self.messages if m.id == number and m.channel is channel), None)
        if message is None:
            raise Rejected("Unknown Message", code=10008, status=404)
        message.pinned = True
        return web.Response(status=204)

    def _write(
        self, message: Message, payload: dict[str, Any], uploads: dict[int, tuple[str, bytes]]
    ) -> None:
        """Put into a message what a request says, or refuse it; what it does not mention stays."""
        kept = message.uploads
        if "attachments" in payload:
            ids = {str(a["id"]): a.get("description") or "" for a in payload["attachments"]}
            kept = [u for u in message.uploads if str(u.id) in ids]
            kept += [Upload(snowflake(), name, data, ids[str(i)]) for i, (name, data) in uploads.items()]
        after = {
            "content": payload.get("content", message.content) or "",
            "embeds": payload.get("embeds", message.embeds) or [],
            "components": payload.get("components", message.components) or [],
            "attachments": payload.get("attachments"),
        }
        check_message(after, {u.name: u.content for u in kept})
        if not message.loading and message.text:
            message.before.append(message.text)
        message.content, message.embeds, message.components = (
            after["content"],
            after["embeds"],
            after["components"],
        )
        message.uploads, message.loading = kept, False
        message.silent = bool(payload.get("flags", 0) & 4096) or message.silent
        message.allowed_mentions = payload.get("allowed_mentions", message.allowed_mentions)


async def _body(request: web.Request) -> tuple[Any, dict[int, tuple[str, bytes]]]:
    """The JSON of a request, and its files by number."""
    if not request.content_type.startswith("multipart/"):
        text = await request.text()
        return (json.loads(text) if text else {}), {}
    payload, uploads = {}, {}
    async for part in await request.multipart():
        if part.name == "payload_json":
            payload = json.loads(await part.text())
        else:
            number = int(part.name.removeprefix("files[").removesuffix("]"))
            uploads[number] = (part.filename, bytes(await part.read()))
    return payload, uploads


def _answer(body: Any, status: int = 200) -> web.Response:
    """JSON with exactly the content type that discord.py looks for; `Via` marks a 429 as Discord's own."""
    headers = {"Content-Type": "application/json", "Via": "1.1 fake"}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)
