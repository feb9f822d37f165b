"""The small web server that takes Telegram's updates in webhook mode."""

import asyncio
import contextlib
import hmac
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from http import HTTPStatus
from typing import Any

import uvicorn

LARGEST_UPDATE = 1_000_000  # bytes; real ones are a few kilobytes
MOST_CONNECTIONS = 100  # Telegram opens 40 at most
SLOWEST_UPDATE = 10.0  # seconds for a body to arrive
GOOD_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # what Telegram accepts as a secret

_HEADER = b"x-telegram-bot-api-secret-token"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Start = Callable[[Coroutine[Any, Any, None]], asyncio.Future[None]]


class Listener:
    """A web server for one path. Nothing gets in without the secret header; no request is logged."""

    def __init__(self, path: str, secret: str, take: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """`take` gets each update and raises ValueError for what is none."""
        self._path = path or "/"
        self._secret = secret.encode()
        self._take = take

    @contextlib.asynccontextmanager
    async def serving(self, host: str, port: int, start: Start) -> AsyncIterator[asyncio.Future[None]]:
        """Listen until the block ends; `start` runs the server, which is given back.

        Raises OSError when the port is not to be had.
        """
        listening = _bind(host, port)
        config = uvicorn.Config(
            self,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config)
        running = start(server.serve(sockets=[listening]))
        try:
            yield running
        finally:
            server.should_exit = True
            await running

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        status = await self._answer(scope, receive)
        headers = [(b"content-length", b"0")]
        if status != HTTPStatus.OK:
            headers.append((b"connection", b"close"))  # whatever else it wanted to say is not read
        await send({"type": "http.response.start", "status": status.value, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> HTTPStatus:
        if scope["path"] != self._path:
            return HTTPStatus.NOT_FOUND
        if scope["method"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        given = [value for name, value in scope["headers"] if name == _HEADER]
        if len(given) != 1 or not hmac.compare_digest(given[0], self._secret):
            return HTTPStatus.UNAUTHORIZED
        try:
            async with asyncio.timeout(SLOWEST_UPDATE):
                body = await _read(receive)
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        if body is None:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            await self._take(json.loads(body))
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.OK


class _Server(uvicorn.Server):
    """uvicorn that leaves the signals to the owner of the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


async def _read(receive: Receive) -> bytes | None:
    """The body, or None when there is too much of it."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_UPDATE:
            return None
        if not message.get("more_body"):
            return bytes(body)
