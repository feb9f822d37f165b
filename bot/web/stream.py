"""The live road between a page and its chat: lines one way, events the other, over one WebSocket."""

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from bot.dispatcher import Line
from bot.leaks import KEPT_INSTEAD
from bot.ops.pasted import is_pasted_key
from bot.reply import Reply
from bot.web.chats import SESSION_OVER, Chat, Tab
from bot.web.json import to_json
from bot.web.session import Caller
from bot.web.site import Site
from bot.words import Words
from trading.domain.people import Person

LONGEST_LINE = 4000  # characters
PING_EVERY = 20.0  # seconds; a page that hears nothing for longer than twice this reconnects
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a page sends: a line somebody typed, or a button's line and the message it hangs on."""

    line: str
    id: str
    pressed: bool
    on: str | None
    age: float  # seconds it waited in the page, by the page's own stopwatch


def is_line_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def read_spoken(text: str) -> Spoken | None:
    """A frame from the page, or None when it is not in the shape our page sends."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(frame, dict):
        return None
    line, on, age = frame.get("line"), frame.get("on"), frame.get("age", 0)
    if not isinstance(line, str) or not line.strip() or len(line) > LONGEST_LINE:
        return None
    if not is_line_id(frame.get("id")) or not isinstance(on, str | None) or not isinstance(age, int | float):
        return None
    age = min(max(float(age), 0.0), 30 * 86400.0)
    return Spoken(line=line, id=frame["id"], pressed=frame.get("pressed") is True, on=on, age=age)


def routes(site: Site) -> APIRouter:
    router = APIRouter()

    @router.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        """Serve one open page until it leaves or its session ends."""
        caller = await site.door.caller(socket)
        person = caller.person if caller is not None else None
        if caller is None or person is None:
            await socket.close(SESSION_OVER)
            return
        await socket.accept()
        chat, tab = site.chats.chat(caller.place.chat_id), Tab(caller.session)
        header = site.header(person.account)
        tab.tell(_hello(chat, person, header))
        chat.tabs.add(tab)
        try:
            async with asyncio.TaskGroup() as pair:
                writer = pair.create_task(_write(socket, site, tab))
                await _read(socket, site, caller, header, chat, tab)
                if tab.closing is None:
                    writer.cancel()
        finally:
            chat.tabs.discard(tab)

    return router


def _hello(chat: Chat, person: Person, header: str) -> dict[str, Any]:
    return {
        "event": "hello",
        "id": "",
        "epoch": chat.epoch,
        "header": header,
        "person": {"name": person.name, "language": person.language, "zone": person.zone},
        "messages": chat.messages,
    }


async def _write(socket: WebSocket, site: Site, tab: Tab) -> None:
    """Send what the tab is told, a ping when that is nothing, and close when it should or its session has ended."""
    try:
        while tab.closing is None:
            events = await tab.next(PING_EVERY) or [{"event": "ping", "id": ""}]
            if not await site.door.is_good(tab.session, used=False):
                tab.close(SESSION_OVER)
                continue
            for event in events:
                await socket.send_text(to_json(event))
        await socket.close(tab.closing)
    except (WebSocketDisconnect, RuntimeError):
        return  # the page has gone; the reader hears of it too and ends the connection


async def _read(socket: WebSocket, site: Site, caller: Caller, header: str, chat: Chat, tab: Tab) -> None:
    """Take lines until the page goes away or its session ends."""
    while tab.closing is None:
        frame = await socket.receive()
        if frame["type"] == "websocket.disconnect":
            return
        spoken = read_spoken(frame.get("text") or "")
        if spoken is None:
            tab.tell({"event": "refused", "id": "", "longest": LONGEST_LINE})
            continue
        if wait := site.door.wait_for_line(caller.session):
            tab.tell({"event": "wait", "id": spoken.id, "seconds": round(wait, 2)})
            continue
        if not await site.door.is_good(caller.session):
            tab.close(SESSION_OVER)
            continue
        _take(site, caller, header, chat, tab, spoken)


def _take(site: Site, caller: Caller, header: str, chat: Chat, tab: Tab, spoken: Spoken) -> None:
    """Start a line, once: a page that lost its connection sends it again and is told how it stands."""
    if chat.knows(spoken.id):
        tab.tell({"event": "taken", "id": spoken.id})
        if (replies := chat.replies_to(spoken.id)) is not None:
            tab.tell({"event": "over", "id": spoken.id, "replies": replies})
        return
    spoken, said = _kept(spoken), spoken.line
    chat.take(spoken.id, spoken.line, pressed=spoken.pressed)
    line = Line(
        text=said,
        place=caller.place,
        name=caller.name,
        update_id=f"{caller.place.user_id}:{spoken.id}",
        sent_at=site.clock() - timedelta(seconds=spoken.age),
    )
    answer = Answer(chat, spoken, header)
    say = Words(caller.person.language if caller.person else "en")
    site.lines.start(line, answer.hear, answer.over, say)


def _kept(spoken: Spoken) -> Spoken:
    """The line as the chat keeps and shows it: a pasted key is not in it."""
    return replace(spoken, line=KEPT_INSTEAD) if is_pasted_key(spoken.line) else spoken


class Answer:
    """Shows the replies to one line: progress is one bubble that moves on, a press changes its own bubble."""

    def __init__(self, chat: Chat, spoken: Spoken, header: str) -> None:
        self._chat, self._spoken, self._header = chat, spoken, header
        self._replies = 0
        self._open = ""  # the message the next reply replaces
        if spoken.pressed and spoken.on is not None and chat.is_words_only(spoken.on):
            self._open = spoken.on

    def hear(self, reply: Reply) -> None:
        """Show one reply, with mode and account. Pictures never replace words: those stay a record."""
        reply = reply if reply.header else replace(reply, header=self._header)
        if self._replies == 0 and (reply.images or reply.files):
            self._open = ""
        shown = self._chat.show(reply, on=self._open, asked=self._spoken.line, reply_to=self._spoken.id)
        self._open = shown if reply.progress is not None else ""
        self._replies += 1

    def over(self) -> None:
        self._chat.over(self._spoken.id, self._replies)
