"""How the answers to one line are shown: typing, one living message for progress, and what replaces it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from telegram.constants import ChatAction

from bot.dispatcher import Line
from bot.platforms import Handle
from bot.platforms.telegram_delivery import Delivery, NotTaken, Undelivered
from bot.platforms.telegram_inbox import Heard, Shown, Spot
from bot.platforms.telegram_link import App
from bot.reply import Reply

TYPING_AFTER, TYPING_EVERY = 1.0, 4.5  # seconds; Telegram shows "typing" for five
EDIT_EVERY, EDIT_EVERY_IN_GROUP = 2.0, 6.0  # seconds; a group takes 20 messages and edits a minute

log = structlog.get_logger("telegram")

Replies = asyncio.Queue[Reply | None]  # None: that was all


async def answer(
    heard: Heard,
    *,
    app: App,
    delivery: Delivery,
    handle: Handle,
    clock: Callable[[], datetime],
    hint: ChatAction,
) -> None:
    """Ask, and show every reply. The command runs on by itself: no outage of Telegram ever holds it up."""
    replies: Replies = asyncio.Queue()
    asking = app.create_task(_ask(handle, heard.line, replies))
    message = LivingMessage(delivery, heard.spot, heard.panel, clock)
    try:
        while (
            reply := await _next(replies, delivery, heard.spot, None if message.shown else hint)
        ) is not None:
            if reply.progress is not None and not (replies.empty() and message.due):
                continue
            try:
                if reply.unsay and heard.said is not None:
                    await delivery.remove(heard.spot, Shown(heard.said, "text"))
                await _show(message, reply)
            except Undelivered as error:
                log.warning("telegram_undelivered", chat=heard.line.place.address, error=str(error))
    finally:
        asking.cancel()


async def _show(message: "LivingMessage", reply: Reply) -> None:
    """What Telegram will not take as it is, is said in short: nobody is left without an answer."""
    try:
        await message.show(reply)
    except NotTaken as error:
        log.error("telegram_answer_refused", title=reply.title, error=str(error))
        await message.show(
            replace(reply, title=reply.title[:200], text="", rows=(), images=(), files=(), footer="")
        )


async def _ask(handle: Handle, line: Line, replies: Replies) -> None:
    try:
        async for reply in handle(line):
            replies.put_nowait(reply)
    finally:
        replies.put_nowait(None)


async def _next(replies: Replies, delivery: Delivery, spot: Spot, hint: ChatAction | None) -> Reply | None:
    """The next reply; when the first one takes long, Telegram says that something is coming."""
    wait = None if hint is None else TYPING_AFTER
    while True:
        try:
            async with asyncio.timeout(wait):
                return await replies.get()
        except TimeoutError:
            await delivery.hint(spot, hint or ChatAction.TYPING)
            wait = TYPING_EVERY if spot.private else None  # in groups each hint counts as a message


class LivingMessage:
    """The message that the answers to one line are written into."""

    def __init__(
        self, delivery: Delivery, spot: Spot, panel: Shown | None, clock: Callable[[], datetime]
    ) -> None:
        """`panel` is the message whose button was pressed: the first reply is written over it."""
        self.shown = False
        self._delivery = delivery
        self._spot = spot
        self._over = panel
        self._clock = clock
        self._every = EDIT_EVERY if spot.private else EDIT_EVERY_IN_GROUP
        self._working = False
        self._drawn_at: datetime | None = None

    @property
    def due(self) -> bool:
        """Whether progress may be drawn again."""
        return self._drawn_at is None or (self._clock() - self._drawn_at).total_seconds() >= self._every

    async def show(self, reply: Reply) -> None:
        """Progress goes into one message, which the answer replaces; a later answer is a new message.

        In a group a refusal never replaces the pressed message: it is somebody else's card as well.
        """
        before, working = self._over, self._working
        if reply.failed and not working and not self._spot.private:
            before = None
        if reply.progress is not None:
            self._drawn_at = self._clock()
        after = await self._delivery.show(self._spot, reply, before)
        self.shown = True
        if working and before is not None and after.message_id != before.message_id:
            await self._delivery.remove(self._spot, before)
        self._working = reply.progress is not None
        self._over = after if self._working else None
