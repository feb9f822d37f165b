"""The fake Binance's stream of the user's own orders: subscribed to with a signature, told as it happens."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.binance_account import BinanceAccount, Rejected
from tests.fakes.matching import Deal, Placed


class UserStream:
    """Sockets on /ws-api/v3. What happens to orders is told to each that has subscribed."""

    def __init__(self, account: BinanceAccount) -> None:
        self._account = account
        self._sockets: dict[web.WebSocketResponse, asyncio.Queue[dict[str, Any]]] = {}
        self.subscribed = 0  # subscriptions ever made
        self.silent = False  # sockets stay open and say nothing
        account.truth.heard.append(self._note)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        telling = asyncio.create_task(self._tell(socket, events))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await socket.send_json(self._answer(socket, events, json.loads(message.data)))
        finally:
            self._sockets.pop(socket, None)
            telling.cancel()
        return socket

    async def terminate(self) -> None:
        """Binance ends the subscription and leaves the socket open."""
        for events in self._sockets.values():
            events.put_nowait({"e": "eventStreamTerminated", "E": 0})
        self._sockets.clear()

    async def drop(self) -> None:
        """Cut every socket."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"dropped")

    def _answer(
        self, socket: web.WebSocketResponse, events: asyncio.Queue[dict[str, Any]], asked: dict[str, Any]
    ) -> dict[str, Any]:
        words = {name: str(value) for name, value in asked.get("params", {}).items()}
        if asked["method"] != "userDataStream.subscribe.signature":
            return {"id": asked["id"], "status": 400, "error": {"code": -1000, "msg": "unknown method"}}
        signed = urlencode(sorted((n, v) for n, v in words.items() if n != "signature"))
        try:
            self._account.check_key(words.get("apiKey", ""), signed, words, trades=False)
        except Rejected as no:
            return {"id": asked["id"], "status": no.status, "error": {"code": no.code, "msg": no.msg}}
        self._sockets[socket] = events
        self.subscribed += 1
        return {"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}}

    def _note(self, order: Placed, deal: Deal | None) -> None:
        for events in [] if self.silent else self._sockets.values():
            events.put_nowait(self._account.report(order, deal))

    async def _tell(self, socket: web.WebSocketResponse, events: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            event = await events.get()
            await socket.send_json({"subscriptionId": 0, "event": event})
