"""What every request must pass and every answer carries: known host, own origin, small body, safe headers."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 64 * 1024
SLOWEST_BODY = 10.0  # seconds for a body to arrive
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STRICT = {"strict-transport-security": "max-age=31536000"}
READING = frozenset({"GET", "HEAD"})


class Guard:
    """Stands before the application, for HTTP and WebSocket alike."""

    def __init__(self, app: App, hosts: frozenset[str], home: str, public_host: str = "") -> None:
        """`public_host`: what browsers call us behind a proxy that speaks TLS; they shall never do without."""
        self._app = app
        self._public_host = public_host.encode()
        self._hosts = hosts
        self._home = home  # the address to name to somebody who came by a wrong one

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = _with_headers(send, HEADERS | (STRICT if self._is_public(scope) else {}))
        if refusal := self._refusal(scope):
            await _refuse(scope, receive, sending, *refusal)
            return
        if scope["type"] == "http" and scope["method"] not in READING:
            try:
                async with asyncio.timeout(SLOWEST_BODY):
                    receive = _again(await _whole(receive), receive)
            except TimeoutError:
                late = f"A request has {SLOWEST_BODY:.0f} s to arrive; this one took longer."
                await _refuse(scope, receive, sending, 408, late)
                return
        await self._app(scope, receive, sending)

    def _is_public(self, scope: Scope) -> bool:
        return bool(self._public_host) and (b"host", self._public_host) in scope["headers"]

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence for a request that goes no further."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("host", "").lower() not in self._hosts:
            return 403, f"Tradewind answers to its own address only; open {self._home} instead."
        if scope["type"] == "http" and scope["method"] in READING:
            return None
        if not self._is_same_origin(headers):
            return 403, "This request came from another page; send it from Tradewind's own."
        if scope["type"] == "http":
            return _body_refusal(headers)
        return None

    def _is_same_origin(self, headers: dict[str, str]) -> bool:
        """A browser must say that our own page sent this. The terminal has a token instead of an origin."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in (None, "same-origin"):
            return False
        if origin is None:
            return "authorization" in headers
        if (
            origin == "null"
        ):  # what a plain form says under `no-referrer`; then only the browser's word counts
            return site == "same-origin"
        return origin.lower() in (f"http://{headers['host'].lower()}", f"https://{headers['host'].lower()}")


def _body_refusal(headers: dict[str, str]) -> tuple[int, str] | None:
    length = headers.get("content-length", "")
    if not length.isdecimal() or "transfer-encoding" in headers:  # with both, the length means nothing
        return 411, "A request with a body says how long it is (Content-Length)."
    if int(length) > LARGEST_BODY:
        return 413, f"A request may have {LARGEST_BODY} bytes; found {length}."
    return None


async def _whole(receive: Receive) -> list[Event]:
    """Everything until the body has arrived, or whoever sent it is gone."""
    events = [await receive()]
    while events[-1]["type"] == "http.request" and events[-1].get("more_body"):
        events.append(await receive())
    return events


def _again(events: list[Event], receive: Receive) -> Receive:
    """What was received already, and then what comes after it."""
    waiting = iter(events)

    async def receiving() -> Event:
        event = next(waiting, None)
        return await receive() if event is None else event

    return receiving


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if status == 408:
        headers.append((b"connection", b"close"))  # the rest of it, should it come, is no request
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def sending(event: Event) -> None:
        if event["type"] == "http.response.start":
            safe = [(name.encode(), value.encode()) for name, value in headers.items()]
            event["headers"] = [*event.get("headers", ()), *safe]
        await send(event)

    return sending
