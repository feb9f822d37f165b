"""Discord's gateway on loopback: HELLO, IDENTIFY, READY, heartbeats, events, and RESUME."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

EVENT, INVALID, HELLO, ACK = 0, 9, 10, 11  # op codes


@dataclass(slots=True)
class Session:
    """What a client may come back to: the events it was sent, by number."""

    id: str
    events: list[dict[str, Any]] = field(default_factory=list)


class Gateway:
    """One bot at a time. Events that happen while it is away are kept for its RESUME."""

    def __init__(
        self, greet: Callable[[], list[tuple[str, dict[str, Any]]]], changed: Callable[[], None]
    ) -> None:
        self.open = True  # False: connections are refused with 503
        self.heartbeat_seconds = 41.25
        self.identified: list[dict[str, Any]] = []
        self.resumed: list[dict[str, Any]] = []
        self.presences: list[dict[str, Any]] = []
        self.heartbeats = 0
        self.refused = 0  # connections while not open
        self.close_next_with: int | None = None  # instead of READY
        self.token = ""
        self._greet = greet
        self._changed = changed
        self._session: Session | None = None
        self._socket: web.WebSocketResponse | None = None
        self._zlib: Any = None

    @property
    def connected(self) -> bool:
        return self._socket is not None and not self._socket.closed and self._session is not None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if not self.open:
            self.refused += 1
            self._changed()
            return web.Response(status=503, text="upstream connect error")
        self._zlib = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        await self._send(
            socket, {"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat_seconds * 1000)}}
        )
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(socket, json.loads(message.data))
        if self._socket is socket:
            self._socket = None
        return socket

    async def _hear(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        match said["op"]:
            case 1:  # heartbeat
                self.heartbeats += 1
                await self._send(socket, {"op": ACK})
            case 2:  # identify
                await self._identify(socket, said["d"])
            case 3:  # presence
                self.presences.append(said["d"])
            case 6:  # resume
                await self._resume(socket, said["d"])
        self._changed()

    async def _identify(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        self.identified.append(said)
        if said["token"] != self.token or self.close_next_with:
            code, self.close_next_with = self.close_next_with or 4004, None
            await socket.close(code=code)
            return
        self._socket, self._session = socket, Session(f"session-{len(self.identified)}")
        for name, data in self._greet():
            if name == "READY":
                data = data | {"session_id": self._session.id}
            await self.tell(name, data)

    async def _resume(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        self.resumed.append(said)
        if self._session is None or self._session.id != said["session_id"]:
            await self._send(socket, {"op": INVALID, "d": False})
            return
        self._socket = socket
        for event in [e for e in self._session.events if e["s"] > said["seq"]]:
            await self._send(socket, event)
        await self.tell("RESUMED", {})

    async def tell(self, name: str, data: dict[str, Any]) -> None:
        """An event happens; a bot that is away hears of it when it resumes, one without a session never."""
        if self._session is None:
            return
        event = {"op": EVENT, "t": name, "s": len(self._session.events) + 1, "d": data}
        self._session.events.append(event)
        if self._socket is not None and not self._socket.closed:
            await self._send(self._socket, event)

    async def drop(self, code: int = 4000) -> None:
        """The connection breaks; with code 4000 the session may be resumed."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(code=code)

    def forget_session(self) -> None:
        """A later RESUME is answered with "invalid session"."""
        self._session = None

    async def _send(self, socket: web.WebSocketResponse, payload: dict[str, Any]) -> None:
        text = json.dumps(payload)
        if self._zlib is None:
            await socket.send_str(text)
            return
        await socket.send_bytes(self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH))
