"""The fake Binance's WebSockets: who subscribed to what, and every way in which a socket can fail."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.binance_books import MINUTE, Bar


async def eventually(holds: Callable[[], bool], within: float = 10.0) -> None:
    """Wait until something holds that happens on another task; TimeoutError when it never does."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.01)


@dataclass(eq=False)
class Socket:
    """One WebSocket and what it subscribed to. On /stream the events come wrapped, on /ws they come bare."""

    ws: web.WebSocketResponse
    wrapped: bool
    streams: set[str]

    async def send(self, stream: str, event: dict[str, Any]) -> None:
        if stream in self.streams and not self.ws.closed:
            await self.ws.send_json({"stream": stream, "data": event} if self.wrapped else event)


class Streams:
    """Sockets on /ws and on /stream, by path or by SUBSCRIBE."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.connections = 0  # sockets ever opened
        self.silent = False  # sockets stay open and say nothing
        self.deaf = False  # sockets are refused

    async def send(self, stream: str, event: dict[str, Any]) -> None:
        """Send any event on a stream, unless the server has been told to be silent."""
        for socket in [] if self.silent else list(self.sockets):
            await socket.send(stream, event)

    async def send_raw(self, text: str) -> None:
        """Send any text at all to every socket."""
        for socket in list(self.sockets):
            await socket.ws.send_str(text)

    async def drop(self) -> None:
        """Cut every socket."""
        for socket in list(self.sockets):
            await socket.ws.close(code=WSCloseCode.GOING_AWAY, message=b"dropped")

    async def subscribed(self, stream: str, *, sockets: int = 1) -> None:
        """Wait until so many sockets listen to a stream."""
        await eventually(lambda: sum(stream in socket.streams for socket in self.sockets) >= sockets)

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        if self.deaf:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        named = request.query.get("streams", "").split("/") + request.match_info["tail"].split("/")
        wrapped = request.match_info["kind"] == "stream"
        socket = Socket(ws, wrapped, {name for name in named if "@" in name})
        self.sockets.append(socket)
        self.connections += 1
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    await self._heard(socket, json.loads(message.data))
        finally:
            self.sockets.remove(socket)
        return ws

    async def _heard(self, socket: Socket, asked: dict[str, Any]) -> None:
        names, result = set(asked.get("params", [])), None
        match asked["method"]:
            case "SUBSCRIBE":
                socket.streams |= names
            case "UNSUBSCRIBE":
                socket.streams -= names
            case "LIST_SUBSCRIPTIONS":
                result = sorted(socket.streams)
        await socket.ws.send_json({"result": result, "id": asked["id"]})


def kline_event(market: str, opened: int, bar: Bar, closed: bool, now: int) -> dict[str, Any]:
    names = dict(zip(("o", "h", "l", "c", "v"), (f"{value:.8f}" for value in bar), strict=True))
    kline = {"t": opened, "T": opened + MINUTE - 1, "s": market, "i": "1m", "x": closed, "n": 40, **names}
    return {"e": "kline", "E": now, "s": market, "k": kline}


def trade_event(kind: str, market: str, price: float, amount: float, now: int) -> dict[str, Any]:
    """A trade; its number is the time, so that two in one millisecond are one."""
    numbers = {"t": now} if kind == "trade" else {"a": now, "f": now, "l": now}
    return {
        "e": kind,
        "E": now,
        "s": market,
        "p": f"{price:.8f}",
        "q": f"{amount:.8f}",
        "T": now,
        "m": False,
        **numbers,
    }
