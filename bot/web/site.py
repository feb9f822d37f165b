"""What the routes of the web chat share, and the application made of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from bot.registry import Command
from bot.web.chats import Chats
from bot.web.guard import App, Guard
from bot.web.json import to_json
from bot.web.lines import Lines
from bot.web.session import Caller, Door, Enter, Visit
from trading.domain.errors import Refused

Suggest = Callable[[str, str, str], Awaitable[list[str]]]  # (source, typed so far, user id) -> proposals


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a route may use."""

    door: Door
    chats: Chats
    lines: Lines
    enter: Enter
    visit: Visit | None
    commands: Mapping[str, Command]
    suggest: Suggest
    checks: Callable[[], Mapping[str, Any]]
    header: Callable[[str], str]
    clock: Callable[[], datetime]
    started_at: datetime


class Denied(Exception):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def application(site: Site, hosts: frozenset[str], home: str, public_host: str = "") -> App:
    """The whole web application behind its guard."""
    from bot.web import api, keys, ops, pages, stream

    app = FastAPI(
        title="Tradewind",
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={
            Denied: _denied,
            Refused: _refused,
            RequestValidationError: _misread,
            HTTPException: _plain,
        },
    )
    for part in (pages, keys, stream, api, ops):
        app.include_router(part.routes(site))
    return Guard(app, hosts, home, public_host)


def answer(value: Any, status: int = 200) -> Response:
    """JSON by our own rules."""
    return Response(to_json(value), status, media_type="application/json")


async def known(site: Site, request: Request) -> Caller:
    """The caller of a request, or the refusal everybody else gets."""
    caller = await site.door.caller(request)
    if caller is None:
        raise Denied(401, "Sign in first: open the link that Tradewind's terminal shows.")
    return caller


def at_speed(site: Site, caller: Caller) -> None:
    """Refuse a line that comes too fast; the terminal may be as fast as it likes."""
    if not caller.is_terminal and (wait := site.door.wait_for_line(caller.session)):
        raise Denied(429, f"Too many lines at once; try again in {wait:.1f} s.")


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object a request carries."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Denied(415, "Send a JSON object with Content-Type: application/json.")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Denied(400, 'Send a JSON object; its "line" is what you would type, for instance /status.')
    return body


async def _denied(request: Request, error: Any) -> Response:
    return JSONResponse({"error": error.sentence}, error.status)


async def _refused(request: Request, error: Any) -> Response:
    return JSONResponse({"error": error.tell}, 400)


async def _misread(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    return JSONResponse({"error": f"{first['loc'][-1]}: {first['msg']}."}, 400)


async def _plain(request: Request, error: Any) -> Response:
    return PlainTextResponse(str(error.detail), error.status_code, error.headers)
