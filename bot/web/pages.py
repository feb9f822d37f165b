"""The page itself, the entrance, and what a page may fetch: styles, scripts, kept pictures and files."""

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.web.site import Denied, Site, answer, body_of, known

STATIC = Path(__file__).with_name("static")
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
LONGEST_CODE = 200
NAME = "browser"  # how the web chat calls somebody who comes with a code
NOT_GOOD = "This code is not good: used already, too old, or mistyped. The terminal shows a fresh one."
NOT_KNOWN = (
    "Telegram does not say who you are, or the desk does not know you: open it again from the bot's chat."
)
TOO_OFTEN = "Too many attempts; try again in {seconds:.0f} s."


def routes(site: Site) -> APIRouter:
    router = APIRouter()
    pages = {name: (STATIC / f"{name}.html").read_text() for name in ("index", "enter")}
    _serve_files(router, site)

    @router.get("/")
    async def home(request: Request) -> Response:
        """The chat for whoever has a session, the entrance for everybody else."""
        caller = await site.door.caller(request)
        if caller is None or caller.person is None:
            return _entrance(pages["enter"], request)
        return HTMLResponse(filled(pages["index"], lang=caller.person.language))

    @router.get("/enter/{code}")
    async def link(request: Request, code: str) -> Response:
        """What a one-time link opens. A preview that fetches it uses nothing up: that takes a POST."""
        return _entrance(pages["enter"], request, code=code[:LONGEST_CODE])

    @router.post("/enter")
    async def enter(request: Request) -> Response:
        """Exchange a code for a session."""
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        code = await _code_of_form(request) if is_form else (await body_of(request)).get("code")
        try:
            response: Response = RedirectResponse("/", 303) if is_form else answer({"ok": True})
            return await _enter(site, code, request, response)
        except Denied as denied:
            if not is_form:
                raise
            return _entrance(pages["enter"], request, problem=denied.sentence, status=denied.status)

    @router.post("/enter/telegram")
    async def visit(request: Request) -> Response:
        """Exchange what Telegram says of the person who opened the Mini App for a session."""
        told = (await body_of(request)).get("init_data")
        session = await site.visit(told) if site.visit is not None and isinstance(told, str) else None
        if session is None:
            raise _guessed(site, NOT_KNOWN)
        response = answer({"ok": True})
        await site.door.open(session, request, response)
        return response

    @router.post("/leave")
    async def leave(request: Request) -> Response:
        """End this session: its tabs close, its cookie is nobody's from now on."""
        caller = await known(site, request)
        response = answer({"ok": True})
        await site.door.end(caller.session, request, response)
        site.chats.close_session(caller.session)
        return response

    return router


def _serve_files(router: APIRouter, site: Site) -> None:
    """What the page fetches: its own parts, and what its chat has kept."""
    static = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in MEDIA_TYPES}

    @router.get("/static/{name}")
    async def asset(name: str) -> Response:
        if name not in static:
            raise Denied(404, "There is no such file.")
        return Response(static[name], media_type=MEDIA_TYPES[Path(name).suffix])

    @router.get("/kept/{key}")
    async def kept(request: Request, key: str) -> Response:
        """A picture or file of the caller's own chat."""
        caller = await known(site, request)
        keepsake = site.chats.keepsakes.find(key, caller.place.chat_id)
        if keepsake is None:
            raise Denied(404, "This is no longer kept; ask for it again.")
        shown = "inline" if keepsake.media_type.startswith("image/") else "attachment"
        disposition = f"{shown}; filename*=UTF-8''{quote(keepsake.name, safe='')}"
        return Response(
            keepsake.content, media_type=keepsake.media_type, headers={"content-disposition": disposition}
        )


async def _enter(site: Site, code: Any, request: Request, response: Response) -> Response:
    """Put a session's cookie on `response` if the code is good."""
    is_code = isinstance(code, str) and 0 < len(code.strip()) <= LONGEST_CODE
    session = await site.enter(code.strip(), NAME) if is_code else None
    if session is None:
        raise _guessed(site, NOT_GOOD)
    await site.door.open(session, request, response)
    return response


def _guessed(site: Site, sentence: str) -> Denied:
    """What whoever had no good code hears; strangers who guess keep nobody out who has one."""
    if wait := site.door.wait_after_a_guess():
        return Denied(429, TOO_OFTEN.format(seconds=wait + 0.5))
    return Denied(403, sentence)


async def _code_of_form(request: Request) -> str | None:
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return form.get("code", [""])[0]


def _entrance(
    page: str, request: Request, *, code: str = "", problem: str = "", status: int = 200
) -> Response:
    prefers_korean = request.headers.get("accept-language", "").lower().startswith("ko")
    lang = "ko" if prefers_korean else "en"
    return HTMLResponse(filled(page, lang=lang, code=code, problem=problem), status)


def filled(page: str, **values: str) -> str:
    for name, value in values.items():
        page = page.replace(f"{{{{{name}}}}}", escape(value, quote=True))
    return page
