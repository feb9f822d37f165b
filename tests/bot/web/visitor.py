"""Somebody who visits the web chat without a screen."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.bot.web.desk import Desk
from trading.domain.people import Person

PATIENCE = 5.0  # seconds a test waits for what must come


class Visitor:
    """A browser without a screen: it keeps cookies and says where its requests come from."""

    def __init__(self, desk: Desk, http: aiohttp.ClientSession) -> None:
        self.desk, self.http = desk, http
        self.home = desk.server.address

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        return await _read(self.http.get(self.home + path, headers=headers))

    async def post(self, path: str, body: Any, **headers: str) -> aiohttp.ClientResponse:
        origin = {"Origin": self.home}
        return await _read(self.http.post(self.home + path, json=body, headers=origin | headers))

    async def send(self, path: str, data: Any, **headers: str) -> aiohttp.ClientResponse:
        """A POST of anything at all, with no header but what is given."""
        return await _read(self.http.post(self.home + path, data=data, headers=headers))

    async def sign_in(self, person: Person | None = None) -> None:
        self.desk.code("good", person)
        answer = await self.post("/enter", {"code": "good"})
        assert answer.status == 200, await answer.text()

    @contextlib.asynccontextmanager
    async def page(self, **headers: str) -> AsyncIterator["Page"]:
        connecting = self.http.ws_connect(self.home + "/ws", headers={"Origin": self.home} | headers)
        async with connecting as socket:
            page = Page(socket)
            page.hello = await page.until("hello")
            yield page


async def _read(asking: Any) -> aiohttp.ClientResponse:
    """The whole answer, its connection given back."""
    answer: aiohttp.ClientResponse = await asking
    await answer.read()
    return answer


class Page:
    """The visitor's end of the WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}

    async def say(self, line: str, id: str, **more: Any) -> None:
        await self.socket.send_json({"line": line, "id": id, **more})

    async def next(self) -> dict[str, Any]:
        event = await self.socket.receive(timeout=PATIENCE)
        assert event.type is aiohttp.WSMsgType.TEXT, f"the socket said {event!r}"
        return json.loads(event.data)

    async def until(self, name: str) -> dict[str, Any]:
        while (event := await self.next())["event"] != name:
            pass
        return event

    async def reply(self, id: str) -> dict[str, Any]:
        """The last message of the answer to a line."""
        message: dict[str, Any] = {}
        while (event := await self.next())["event"] != "over" or event["id"] != id:
            if event["event"] == "message" and event["message"]["who"] == "desk":
                message = event["message"]
        return message

    async def closed(self) -> int | None:
        """Wait for the end of the connection; its code."""
        while (await self.socket.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code


@contextlib.asynccontextmanager
async def a_visitor(desk: Desk) -> AsyncIterator[Visitor]:
    jar = aiohttp.CookieJar(unsafe=True)  # the desk's name is a number
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Visitor(desk, http)
