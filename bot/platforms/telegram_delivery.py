"""Puts replies in front of people on Telegram: sends or edits, waits for limits, tries again."""

import asyncio
import itertools
import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from telegram import InlineKeyboardMarkup, InputFile, InputMediaPhoto, LinkPreviewOptions, Message
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.platforms import Closed, Unfit
from bot.platforms.telegram_inbox import Shown, Spot
from bot.platforms.telegram_markup import LONGEST_ALT, Sheet, lay_out, plain, shorten
from bot.reply import File, Image, Reply

os.environ.setdefault("PTB_TIMEDELTA", "true")  # else the library warns at every flood limit

TRIES = 4  # the first and three more, for what the network or Telegram's servers lost
LONGEST_WAIT = 120.0  # seconds; while a flood limit beyond it lasts, the chat is asked nothing
LARGEST_PHOTO = 10_000_000  # bytes; bigger pictures go as files
ALBUM = 10  # pictures in one album

# What Telegram says when a chat is gone, or the bot may not write in it.
_CLOSED = (
    "chat not found",
    "not enough rights",
    "no rights",
    "write_forbidden",
    "topic_closed",
    "deactivated",
)

log = structlog.get_logger("telegram")

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]


class Undelivered(ConnectionError):
    """Telegram did not take it; the sentence says why."""


class Blocked(Undelivered, Closed):
    """The person blocked the bot, or the group removed it: nothing arrives there until they take it back."""


class Held(Undelivered):
    """Telegram wants nothing for this chat for a while; until then it is not even asked."""


class NotTaken(Undelivered, Unfit):
    """Telegram will never take this message as it is."""


class Delivery:
    """Everything that goes out to Telegram passes here."""

    def __init__(self, bot: ExtBot[Any], pause: Pause, scrub: Callable[[object], str]) -> None:
        """`scrub` says an error without any secret."""
        self._bot = bot
        self._pause = pause
        self._scrub = scrub
        self._held: dict[int | str, float] = {}  # chats that Telegram wants left alone, and until when

    async def show(self, spot: Spot, reply: Reply, over: Shown | None = None) -> Shown:
        """Write the reply over a message where that is possible, else send it anew; raises Undelivered.

        Returns the message that carries the buttons.
        """
        sheet = lay_out(reply)
        try:
            return await self._over(spot, sheet, over) or await self._anew(spot, sheet)
        except ChatMigrated as moved:
            spot = replace(spot, chat_id=moved.new_chat_id)
            note = f"The Telegram group has a new number: {moved.new_chat_id}."
        except BadRequest as error:
            refusal = self._scrub(error)
            if any(words in refusal.lower() for words in _CLOSED):
                raise Blocked(f"Telegram does not let us write there: {refusal}") from None
            if spot.thread is None or "thread not found" not in refusal.lower():
                raise NotTaken(f"Telegram refused the message: {refusal}") from None
            note = (
                f"The topic {spot.thread} of the Telegram group is gone, so it was sent to the group itself."
            )
            spot = replace(spot, thread=None)
        return replace(await self.show(spot, reply), note=note)

    async def rewrite(self, spot: Spot, reply: Reply, over: Shown) -> bool:
        """Write the reply over a message; False when that message is gone."""
        try:
            return await self._over(spot, lay_out(reply), over) is not None
        except ChatMigrated:
            return False

    async def pin(self, spot: Spot, message_id: int) -> None:
        """Keep a message at the top of its chat, without a sound; raises Undelivered."""
        try:
            await self.call(
                lambda: self._bot.pin_chat_message(spot.chat_id, message_id, disable_notification=True),
                spot.chat_id,
            )
        except (BadRequest, ChatMigrated) as error:
            raise NotTaken(f"Telegram did not pin the message: {self._scrub(error)}") from None

    async def remove(self, spot: Spot, shown: Shown) -> None:
        """Take a message away; one that is gone already, or that we may not delete, stays as it is."""
        try:
            await self.call(lambda: self._bot.delete_message(spot.chat_id, shown.message_id), spot.chat_id)
        except BadRequest as error:
            log.debug("telegram_not_deleted", error=self._scrub(error))

    async def hint(self, spot: Spot, action: ChatAction) -> bool:
        """Say that something is coming; only decoration, so it is tried once."""
        if self._left_alone(spot.chat_id):
            return False
        try:
            return await self._bot.send_chat_action(spot.chat_id, action, message_thread_id=spot.thread)
        except TelegramError as error:
            log.debug("telegram_no_hint", error=self._scrub(error))
            return False

    async def acknowledge(self, query_id: str, refusal: str | None = None) -> bool:
        """Stop the button's spinner, with a pop-up for a refusal; False when Telegram finds it too old."""
        try:
            await self.call(
                lambda: self._bot.answer_callback_query(query_id, refusal, show_alert=refusal is not None)
            )
        except BadRequest as error:
            log.info("telegram_press_too_old", error=self._scrub(error))
            return False
        except Undelivered as error:
            log.warning("telegram_press_unanswered", error=str(error))
        return True

    async def call(self, request: Callable[[], Awaitable[T]], chat: int | str | None = None) -> T:
        """Ask Telegram until it answers or it is plain that it will not.

        BadRequest and ChatMigrated are for the caller, the rest ends as Undelivered. A long flood limit does at
        once (Held), and so does whatever is meant for the same chat before it has passed. A request whose
        answer got lost is sent again: a message twice is better than none.
        """
        waited = 0.0
        refusal: Undelivered
        if left := self._left_alone(chat):
            raise Held(f"Telegram wants this chat left alone for {left:.0f} s more.")
        for attempt in itertools.count(1):
            try:
                return await request()
            except RetryAfter as limit:
                pause, given_up, why = seconds(limit), False, ""
                waited += pause
                if waited > LONGEST_WAIT:
                    refusal = self._hold(chat, pause)
                    break
            except (BadRequest, ChatMigrated):
                raise
            except Forbidden as no:
                refusal = Blocked(f"Telegram does not let us write there: {self._scrub(no)}")
                break
            except NetworkError as error:
                pause = 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
                given_up, why = attempt >= TRIES, self._scrub(error)
            except TelegramError as error:
                pause, given_up, why = 0.0, True, self._scrub(error)
            if given_up:
                refusal = Undelivered(f"Telegram did not take the message: {why}")
                break
            await self._pause(pause)
        raise refusal

    def _hold(self, chat: int | str | None, pause: float) -> Held:
        """From now on this chat is left alone for so long."""
        if chat is not None:
            self._held[chat] = asyncio.get_running_loop().time() + pause
        return Held(f"Telegram did not take the message: it wants a pause of {pause:.0f} s")

    def _left_alone(self, chat: int | str | None) -> float:
        """For how many seconds more this chat is to be asked nothing."""
        if chat is None or chat not in self._held:
            return 0.0
        left = self._held[chat] - asyncio.get_running_loop().time()
        if left <= 0:
            del self._held[chat]
        return max(left, 0.0)

    # --- over what stands there ---------------------------------------------------------------------------

    async def _over(self, spot: Spot, sheet: Sheet, over: Shown | None) -> Shown | None:
        """Edit the message in place; None when this reply cannot take its place or the message is gone."""
        if over is None or sheet.files:
            return None
        try:
            if over.kind == "text" and not sheet.images and len(sheet.pages) == 1:
                await self._edit_text(spot, over, sheet)
                return over
            if over.kind == "photo" and len(sheet.images) == 1 and not sheet.pages and _fits(sheet.images[0]):
                await self._edit_photo(spot, over, sheet)
                return over
        except BadRequest as error:
            if "not modified" in str(error).lower():
                return over
            log.info("telegram_sent_anew", error=self._scrub(error))
        return None

    async def _edit_text(self, spot: Spot, over: Shown, sheet: Sheet) -> None:
        def edit(text: str, mode: str | None) -> Awaitable[Any]:
            return self._bot.edit_message_text(
                text,
                chat_id=spot.chat_id,
                message_id=over.message_id,
                parse_mode=mode,
                reply_markup=sheet.keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )

        await self._marked_up(sheet.pages[0], edit, spot)

    async def _edit_photo(self, spot: Spot, over: Shown, sheet: Sheet) -> None:
        picture = sheet.images[0]

        def edit(text: str, mode: str | None) -> Awaitable[Any]:
            media = InputMediaPhoto(picture.png, caption=text, parse_mode=mode, filename=picture.name)
            return self._bot.edit_message_media(
                media, chat_id=spot.chat_id, message_id=over.message_id, reply_markup=sheet.keyboard
            )

        await self._marked_up(sheet.caption, edit, spot)

    # --- anew ---------------------------------------------------------------------------------------------

    async def _anew(self, spot: Spot, sheet: Sheet) -> Shown:
        shown: Shown | None = None
        if len(sheet.images) == 1:
            shown = await self._send_photo(
                spot, sheet.images[0], sheet.caption, None if sheet.pages else sheet.keyboard
            )
        for number, page in enumerate(sheet.pages, 1):
            shown = await self._send_text(spot, page, sheet.keyboard if number == len(sheet.pages) else None)
        if len(sheet.images) > 1:
            await self._send_albums(spot, sheet.images)
        for file in sheet.files:
            await self._send_file(spot, file)
        assert shown is not None  # a reply has a title, so there was a caption or a page
        return shown

    async def _send_text(self, spot: Spot, page: str, keyboard: InlineKeyboardMarkup | None) -> Shown:
        def send(text: str, mode: str | None) -> Awaitable[Message]:
            return self._bot.send_message(
                spot.chat_id,
                text,
                parse_mode=mode,
                reply_markup=keyboard,
                message_thread_id=spot.thread,
                disable_notification=spot.silent,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )

        return Shown((await self._marked_up(page, send, spot)).message_id, "text")

    async def _send_photo(
        self, spot: Spot, image: Image, caption: str, keyboard: InlineKeyboardMarkup | None
    ) -> Shown:
        """As a photo; as a file when Telegram would not take the picture as one."""

        def send(text: str, mode: str | None) -> Awaitable[Message]:
            method = self._bot.send_photo if as_photo else self._bot.send_document
            return method(
                spot.chat_id,
                InputFile(image.png, image.name),
                caption=text,
                parse_mode=mode,
                reply_markup=keyboard,
                message_thread_id=spot.thread,
                disable_notification=spot.silent,
            )

        as_photo = _fits(image)
        try:
            return Shown((await self._marked_up(caption, send, spot)).message_id, "photo")
        except BadRequest as error:
            refusal = str(error).lower()
            if not as_photo or not ("dimensions" in refusal or "image_process" in refusal):
                raise
        as_photo = False
        return Shown((await self._marked_up(caption, send, spot)).message_id, "photo")

    async def _send_albums(self, spot: Spot, images: tuple[Image, ...]) -> None:
        """Albums of two to ten; each picture says in words what it shows."""
        for start in range(0, len(images), ALBUM):
            batch = images[start : start + ALBUM]
            if len(batch) == 1:
                await self._send_photo(spot, batch[0], "", None)
                continue
            await self.call(lambda batch=batch: self._send_album(spot, batch), spot.chat_id)  # type: ignore[misc]

    def _send_album(self, spot: Spot, batch: tuple[Image, ...]) -> Awaitable[Any]:
        media = [InputMediaPhoto(i.png, caption=shorten(i.alt, LONGEST_ALT), filename=i.name) for i in batch]
        return self._bot.send_media_group(
            spot.chat_id, media, message_thread_id=spot.thread, disable_notification=spot.silent
        )

    async def _send_file(self, spot: Spot, file: File) -> None:
        await self.call(
            lambda: self._bot.send_document(
                spot.chat_id,
                InputFile(file.content, file.name),
                message_thread_id=spot.thread,
                disable_notification=spot.silent,
            ),
            spot.chat_id,
        )

    async def _marked_up(self, markup: str, send: Callable[[str, str | None], Awaitable[T]], spot: Spot) -> T:
        """Send HTML; when Telegram cannot read it, send what it says as plain text rather than nothing."""
        try:
            return await self.call(lambda: send(markup, ParseMode.HTML), spot.chat_id)
        except BadRequest as error:
            if "can't parse" not in str(error).lower():
                raise
            log.error("telegram_markup_refused", error=self._scrub(error))
        return await self.call(lambda: send(plain(markup), None), spot.chat_id)


def seconds(limit: RetryAfter) -> float:
    """How long Telegram wants us to wait, at least a second."""
    wait = limit.retry_after
    return max(wait.total_seconds() if isinstance(wait, timedelta) else float(wait), 1.0)


def _fits(image: Image) -> bool:
    return len(image.png) <= LARGEST_PHOTO
