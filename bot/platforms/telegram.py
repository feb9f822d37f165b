"""Telegram: updates become lines, replies become messages; by polling or by webhook."""

import asyncio
import re
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from telegram import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    MenuButton,
    MenuButtonCommands,
    MenuButtonWebApp,
    Message,
    Update,
    WebAppInfo,
)
from telegram.constants import ChatAction
from telegram.error import BadRequest
from telegram.ext import ContextTypes, TypeHandler

from bot.platforms import Handle, Sent
from bot.platforms.telegram_answers import answer
from bot.platforms.telegram_delivery import Delivery, Pause, Undelivered
from bot.platforms.telegram_inbox import (
    Heard,
    Invitation,
    Shown,
    Spot,
    heard_invitation,
    heard_message,
    heard_press,
)
from bot.platforms.telegram_link import App, Link
from bot.registry import Command
from bot.reply import Reply
from bot.words import LANGUAGES, Words
from trading.settings import Telegram

FIRST_MENU = ("start", "help", "status")  # what strangers and groups see; owners get more by publish_menu
MENU_LIMIT = 100  # commands in a menu
LONGEST_HELP = 256  # characters that describe a command in a menu
ANSWER_PRESS_WITHIN = 2.0  # seconds; then the command runs whether or not the button still spins
GRACE = 3.0  # seconds for answers under way when we stop

log = structlog.get_logger("telegram")

T = TypeVar("T")


class TelegramPlatform:
    """The desk on Telegram."""

    name = "telegram"

    def __init__(
        self,
        settings: Telegram,
        handle: Handle,
        commands: dict[str, Command],
        clock: Callable[[], datetime],
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`pause` is how it waits between tries; only tests pass another one."""
        self._settings = settings
        self._handle = handle
        self._commands = commands
        self._clock = clock
        self._pause = pause
        self._app: App | None = None
        self._delivery: Delivery | None = None
        self._busy: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Serve until cancelled, through any outage.

        Raises PlatformOff when the token or the webhook is no good, or when another program receives what is
        sent to this bot.
        """
        link = Link(self._settings, self._pause)
        delivery = Delivery(link.app.bot, self._pause, link.scrub)
        link.app.add_handler(TypeHandler(Update, partial(self._on_update, link.app, delivery)))
        link.app.add_error_handler(partial(self._on_error, link))
        try:
            await link.open()
            self._app, self._delivery = link.app, delivery
            self._keep(link.app.create_task(self._publish_first_menu()))
            log.info("telegram_started", bot=link.app.bot.username, by=link.by)
            await link.serve()
        finally:
            self._app = self._delivery = None
            await self._finish()
            await link.close()

    async def send(self, chat_id: str, reply: Reply, *, silent: bool = False, mention: str = "") -> Sent:
        """Show a reply in a chat (`123`) or a topic of a group (`-100123/7`) unasked, waiting for rate limits.

        Raises Undelivered, a ConnectionError; Blocked when the chat is closed to us.
        """
        shown = await self._connected().show(_spot(chat_id, silent=silent), reply)
        return Sent(f"{shown.kind}:{shown.message_id}", shown.note)

    async def edit(self, chat_id: str, ref: str, reply: Reply) -> bool:
        """Let a message show this instead; False when it is gone."""
        kind, _, number = ref.partition(":")
        if kind not in ("text", "photo") or not number.isdecimal():
            return False
        over = Shown(int(number), "text" if kind == "text" else "photo")
        return await self._connected().rewrite(_spot(chat_id), reply, over)

    async def pin(self, chat_id: str, ref: str) -> None:
        """Keep a message at the top of its chat."""
        await self._connected().pin(_spot(chat_id), int(ref.rpartition(":")[2]))

    def _connected(self) -> Delivery:
        if self._delivery is None:
            raise Undelivered("Telegram is not connected.")
        return self._delivery

    async def publish_menu(self, chat_id: str | None, commands: Iterable[Command]) -> None:
        """Set the command menu of one chat, or of everybody (None), in every language; raises Undelivered."""
        if self._app is None or self._delivery is None:
            raise Undelivered("Telegram is not connected.")
        bot, listed = self._app.bot, list(commands)
        scope = BotCommandScopeDefault() if chat_id is None else BotCommandScopeChat(_target(chat_id))
        for language in LANGUAGES:
            code = None if language == "en" else language
            try:
                await self._delivery.call(
                    partial(bot.set_my_commands, _menu(listed, language), scope, language_code=code)
                )
            except BadRequest as error:
                raise Undelivered(f"Telegram refused the menu: {error.message}") from None

    async def offer_page(self, chat_id: str, url: str) -> None:
        """Put the desk's page behind the menu button of a private chat; without a page the button lists commands.

        Raises Undelivered.
        """
        if self._app is None or self._delivery is None:
            raise Undelivered("Telegram is not connected.")
        target = _target(chat_id)
        if not isinstance(target, int) or target <= 0:
            return  # groups have no such button
        button: MenuButton = MenuButtonCommands()
        if url:
            button = MenuButtonWebApp("Tradewind", WebAppInfo(f"{url.rstrip('/')}/"))
        try:
            await self._delivery.call(partial(self._app.bot.set_chat_menu_button, target, button))
        except BadRequest as error:
            raise Undelivered(f"Telegram refused the menu button: {error.message}") from None

    async def _publish_first_menu(self) -> None:
        try:
            await self.publish_menu(None, [self._commands[n] for n in FIRST_MENU if n in self._commands])
        except Undelivered as error:
            log.warning("telegram_no_menu", error=str(error))

    def _keep(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """Remember what is under way, so that we can end it when we stop."""
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        return task

    async def _finish(self) -> None:
        """Let answers under way finish for a moment, then end them."""
        if self._busy:
            await asyncio.wait(self._busy, timeout=GRACE)
        for task in self._busy:
            task.cancel()

    # --- updates ------------------------------------------------------------------------------------------

    async def _on_update(
        self, app: App, delivery: Delivery, update: Update, context: ContextTypes.DEFAULT_TYPE
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        await self._take(app, delivery, update)

    async def _on_error(self, link: Link, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        error = context.error
        trace = "".join(traceback.format_tb(error.__traceback__)) if error else ""
        log.error("telegram_update_failed", error=link.scrub(repr(error)), trace=trace)

    async def _take(self, app: App, delivery: Delivery, update: Update) -> None:
        invitation = heard_invitation(update)
        if invitation is not None:
            await self._look_around(app, delivery, invitation)
            return
        if update.message is not None and update.message.pinned_message is not None:
            await self._tidy(app, delivery, update.message)
            return
        if update.callback_query is not None:
            heard = await self._pressed(app, delivery, update)
        else:
            heard = heard_message(update, app.bot.bot, self._commands)
        if heard is None:
            return
        hint = self._hint(heard.line.text)
        await answer(heard, app=app, delivery=delivery, handle=self._handle, clock=self._clock, hint=hint)

    async def _tidy(self, app: App, delivery: Delivery, message: Message) -> None:
        """Telegram's line that we pinned something says nothing; it is taken away where that is allowed."""
        if message.from_user is not None and message.from_user.id == app.bot.id:
            try:
                await delivery.remove(Spot(message.chat.id), Shown(message.message_id, "text"))
            except Undelivered as error:
                log.info("telegram_not_tidied", error=str(error))

    async def _pressed(self, app: App, delivery: Delivery, update: Update) -> Heard | None:
        """The press is acknowledged first; a slow acknowledgement holds nothing up."""
        query = update.callback_query
        assert query is not None
        heard = heard_press(update, app.bot.bot, fresh=True)
        say = Words("ko" if (query.from_user.language_code or "").startswith("ko") else "en")
        refusal = None if heard else say("This button no longer works. Send the command instead.")
        acknowledging = self._keep(app.create_task(delivery.acknowledge(query.id, refusal)))
        done, _ = await asyncio.wait({acknowledging}, timeout=ANSWER_PRESS_WITHIN)
        if done and not acknowledging.result():
            return heard_press(update, app.bot.bot, fresh=False)
        return heard

    async def _look_around(self, app: App, delivery: Delivery, invitation: Invitation) -> None:
        """Stay in a group only when somebody the desk knows brought us there."""
        welcome: Reply | None = None
        if invitation.line is not None:
            async for reply in self._handle(invitation.line):
                welcome = reply
        try:
            if welcome is not None and not welcome.failed:
                await delivery.show(invitation.spot, welcome)
                return
            await delivery.call(partial(app.bot.leave_chat, invitation.spot.chat_id))
        except (BadRequest, Undelivered) as error:
            log.warning("telegram_undelivered", chat=f"telegram:{invitation.spot.chat_id}", error=str(error))

    def _hint(self, text: str) -> ChatAction:
        """What Telegram shows while a command works: that a picture comes, or words."""
        name = text.split()[0].lstrip("/") if text.split() else ""
        command = self._commands.get(name)
        draws = command is not None and command.group == "pictures"
        return ChatAction.UPLOAD_PHOTO if draws else ChatAction.TYPING


def _spot(chat_id: str, *, silent: bool = False) -> Spot:
    """`123`, `@name`, or with the number of a topic: `-100123/7`."""
    chat, _, topic = chat_id.partition("/")
    target = _target(chat)
    thread = int(topic) if topic.isdecimal() and topic.isascii() else None
    return Spot(target, isinstance(target, int) and target > 0, thread, silent)


def _target(chat_id: str) -> int | str:
    """Chats are numbers to Telegram; only public ones have a name, with an @."""
    return int(chat_id) if re.fullmatch(r"-?[0-9]{1,19}", chat_id) else chat_id


def _menu(commands: Iterable[Command], language: str) -> list[BotCommand]:
    """Menu entries; Telegram's names have underscores where ours have hyphens."""
    say = Words(language)
    entries = [(c.name.replace("-", "_"), say(c.help)) for c in commands if not c.terminal_only]
    good = [BotCommand(n, text[:LONGEST_HELP]) for n, text in entries if re.fullmatch(r"[a-z0-9_]{1,32}", n)]
    return good[:MENU_LIMIT]
