"""The page on which exchange keys are put in: a plain form on this machine, which shows none of them again."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot.asking import Line
from bot.people import TRADERS
from bot.reply import Reply
from bot.web.pages import STATIC, filled
from bot.web.session import Caller
from bot.web.site import Denied, Site, at_speed, known
from bot.words import Words

FORM = "application/x-www-form-urlencoded"
SECRETS = ("key", "secret", "passphrase")


def routes(site: Site) -> APIRouter:
    router = APIRouter()
    page = (STATIC / "keys.html").read_text()

    @router.get("/keys")
    async def form(request: Request) -> Response:
        """The form, for whoever may trade and sits at this machine."""
        return _shown(page, await _keeper(site, request))

    @router.post("/keys")
    async def store(request: Request) -> Response:
        """Store what the form holds, by the same road as any line; the keys travel beside it, not in it."""
        caller = await _keeper(site, request)
        at_speed(site, caller)
        if not request.headers.get("content-type", "").startswith(FORM):
            raise Denied(415, f"Send the form as {FORM}.")
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        given = {name: values[0] for name, values in form.items()}
        return _shown(page, caller, await _stored(site, caller, given), given.get("account", ""))

    return router


async def _keeper(site: Site, request: Request) -> Caller:
    """A caller whose browser was let in by this machine's terminal, and who may trade somewhere."""
    caller = await known(site, request)
    person = caller.person
    if person is None or not caller.place.local or person.any_roles.isdisjoint(TRADERS):
        raise Denied(
            403,
            "Keys are put in on the desk's own machine: open the link that its terminal shows, "
            "or run there: python main.py keys add ACCOUNT",
        )
    return caller


async def _stored(site: Site, caller: Caller, given: Mapping[str, str]) -> Reply | None:
    read_only = " --read-only" if given.get("purpose") == "read" else ""
    account = given.get("account", "")
    if not account.replace("-", "").replace("_", "").isalnum():
        raise Denied(400, "Name an account, for instance main.")
    line = Line(
        text=f"/keys-add {account}{read_only} !",
        place=caller.place,
        name=caller.name,
        update_id=None,
        sent_at=site.clock(),
        secrets={name: given[name] for name in SECRETS if given.get(name)},
    )
    last = None
    async for reply in site.lines.replies(line):
        last = reply
    return last


def _shown(page: str, caller: Caller, reply: Reply | None = None, account: str = "") -> Response:
    person = caller.person
    say = Words(person.language if person else "en")
    words = {
        "lang": say.language,
        "title": say("Put in an exchange key"),
        "why": say(
            "The key goes from this page into the desk's vault, sealed. It is shown nowhere again, not even here."
        ),
        "warning": say(
            "At the exchange: no right to withdraw, and only this machine's address. Keys never belong in a chat."
        ),
        "account": say("Account"),
        "mine": account or (person.account if person else ""),
        "purpose": say("What it is for"),
        "trade": say("trading"),
        "read": say("looking only"),
        "key": say("API key"),
        "secret": say("Secret"),
        "passphrase": say("Passphrase (only some exchanges have one)"),
        "store": say("Store the key"),
        "back": say("Back to the chat"),
        "verdict": f"{reply.title} {reply.text}".strip() if reply else "",
        "tone": "problem" if reply and reply.failed else "verdict",
    }
    return HTMLResponse(filled(page, **words), 422 if reply and reply.failed else 200)
