"""Every command as a JSON route, and the road by which the terminal of this machine asks the running desk."""

import shlex
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from bot.dispatcher import Line
from bot.people import allowed
from bot.registry import Command, Parameter
from bot.reply import Reply
from bot.web.json import to_json
from bot.web.session import Caller
from bot.web.shape import whole_reply
from bot.web.site import Denied, Site, answer, at_speed, body_of, known
from bot.web.stream import LONGEST_LINE, is_line_id
from bot.words import Words
from trading.domain.errors import Refused


def routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/me")
    async def me(request: Request) -> Response:
        """Who this session is."""
        caller = await known(site, request)
        person = caller.person
        return answer({"name": caller.name, "account": person.account if person else None})

    @router.get("/commands")
    async def commands(request: Request) -> Response:
        """The commands this caller may use, with their words."""
        caller = await known(site, request)
        say = Words(caller.person.language if caller.person else "en")
        return answer([_described(command, say) for command in _allowed(site, caller).values()])

    @router.get("/suggest")
    async def suggest(request: Request, source: str, typed: str = "") -> Response:
        """Values for the word being typed."""
        caller = await known(site, request)
        return answer(list(await site.suggest(source, typed[:100], caller.place.user_id)))

    @router.post("/commands/{name}")
    async def ask(request: Request, name: str) -> Response:
        """Run one command and answer its last reply, `data` and all; 422 when it was refused or failed."""
        caller = await known(site, request)
        at_speed(site, caller)
        command = _allowed(site, caller).get(name)
        if command is None:
            raise Denied(404, f"There is no command {name} for you; GET /api/commands lists what there is.")
        body = await body_of(request)
        reply = await _last_reply(site, _line(site, caller, _line_text(command, body), body.get("id")))
        if reply is None:
            return answer({"title": "This line was taken before; nothing was done twice.", "data": None}, 409)
        return answer(whole_reply(reply), 422 if reply.failed else 200)

    _serve_terminal(router, site)
    return router


def _serve_terminal(router: APIRouter, site: Site) -> None:
    @router.post("/terminal")
    async def terminal(request: Request) -> Response:
        """One line from this machine's terminal; every reply as a line of JSON, as soon as it is there."""
        caller = await known(site, request)
        if not caller.is_terminal:
            raise Denied(403, "Only this machine's terminal may come this way; use /api/commands/NAME.")
        body = await body_of(request)
        line = replace(_line(site, caller, _text(body.get("line")), None), secrets=_secrets(body))
        return StreamingResponse(_as_lines(site, line), media_type="application/x-ndjson")


def _allowed(site: Site, caller: Caller) -> Mapping[str, Command]:
    person = caller.person
    if person is None:
        return site.commands
    return {
        name: command for name, command in allowed(person, site.commands).items() if not command.terminal_only
    }


def _described(command: Command, say: Words) -> dict[str, Any]:
    return {
        "name": command.name,
        "group": command.group,
        "help": say(command.help),
        "usage": command.usage,
        "asks_first": command.confirm is not None,
        "takes_params": command.takes_params,
        "parameters": [_word(parameter, say) for parameter in command.parameters],
    }


def _word(parameter: Parameter, say: Words) -> dict[str, Any]:
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    return {
        "name": parameter.name,
        "help": say(parameter.help),
        "type": parameter.type.__name__,
        "required": parameter.required,
        "default": default,
        "choices": parameter.choices,
        "source": parameter.source,
        "option": parameter.option,
    }


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LINE:
        raise Denied(400, f'"line" is a text of 1 to {LONGEST_LINE} characters, for instance "/status".')
    return value


def _secrets(body: Mapping[str, Any]) -> dict[str, str]:
    """A key that was read from the terminal; it travels beside the line."""
    given = body.get("secrets", {})
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise Denied(400, '"secrets" is an object of texts.')
    return given


def _line(site: Site, caller: Caller, text: str, line_id: Any) -> Line:
    if line_id is not None and not is_line_id(line_id):
        raise Denied(400, '"id" has 1 to 64 letters, digits, hyphens or underscores.')
    return Line(
        text=text,
        place=caller.place,
        name=caller.name,
        update_id=f"{caller.place.user_id}:{line_id}" if line_id else None,
        sent_at=site.clock(),
    )


def _line_text(command: Command, body: Mapping[str, Any]) -> str:
    """The line a request stands for: `line` has the words after the command, `args` has them by name."""
    if "line" in body:
        words = _text(body["line"]).strip()
        return words if words.split()[0] == f"/{command.name}" else f"/{command.name} {words}"
    arguments = body.get("args", {})
    if not isinstance(arguments, dict):
        raise Denied(400, '"args" is an object with the words by name, for instance symbol and BTC/USDT.')
    return " ".join([f"/{command.name}", *_words(command, dict(arguments))])


def _words(command: Command, arguments: Mapping[str, Any]) -> list[str]:
    known_names = {parameter.name for parameter in command.parameters}
    for name in arguments:
        if name not in known_names and not (command.takes_params and name.isidentifier()):
            raise Refused(f"/{command.name} has no word '{name[:40]}'. Usage: {command.usage}")
    given = {name: value for name, value in arguments.items() if value is not None}
    return [shlex.quote(f"{name}={_written(name, value)}") for name, value in given.items()]


def _written(name: str, value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case int() | str():
            return str(value)
        case float():
            return f"{Decimal(repr(value)):f}"
    raise Refused(f"{name} should be a text, a number or true/false; found {type(value).__name__}.")


async def _last_reply(site: Site, line: Line) -> Reply | None:
    last = None
    async for reply in site.lines.replies(line):
        last = reply
    return last


async def _as_lines(site: Site, line: Line) -> AsyncIterator[bytes]:
    async for reply in site.lines.replies(line):
        yield to_json(whole_reply(reply)).encode() + b"\n"
