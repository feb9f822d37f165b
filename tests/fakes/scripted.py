"""A server that answers as it was told to and remembers every request: for venues of which a few answers suffice."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    words: dict[str, Any]  # of the query and of the body, whatever its form
    headers: dict[str, str]


@dataclass
class Script:
    """What to answer to requests of a method whose path ends in something."""

    method: str
    ending: str
    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Scripted:
    """`async with Scripted() as server:`, then `server.on("GET", "/time", {...})`. The latest word counts.

    A body may be a function of the request's words.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._scripts: list[Script] = []
        self.base = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def on(self, method: str, ending: str, body: Any, status: int = 200, **headers: str) -> None:
        self._scripts.insert(0, Script(method, ending, body, status, headers))

    def asked(self, method: str, ending: str) -> list[Seen]:
        return [one for one in self.seen if one.method == method and one.path.endswith(ending)]

    @property
    def changes(self) -> list[Seen]:
        """Every request that was not a GET."""
        return [one for one in self.seen if one.method != "GET"]

    async def _answer(self, request: web.Request) -> web.Response:
        words = _words(request.query_string) | _words(await request.text())
        self.seen.append(Seen(request.method, request.path, words, dict(request.headers)))
        for script in self._scripts:
            if script.method == request.method and request.path.endswith(script.ending):
                body: Any = script.body(words) if isinstance(script.body, Callable) else script.body
                text = body if isinstance(body, str) else json.dumps(body)
                kind = "application/json"
                return web.Response(
                    text=text, status=script.status, headers=script.headers, content_type=kind
                )
        return web.json_response({"unscripted": request.path}, status=404)


def _words(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
        return parsed if isinstance(parsed, dict) else {"list": parsed}
    except ValueError:
        return dict(parse_qsl(text, keep_blank_values=True))
