"""The connection to Telegram: reached again after every outage, by polling or by webhook."""

import asyncio
import itertools
import logging
import random
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import structlog
from telegram import Update
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder

from bot.platforms import PlatformOff
from bot.platforms.telegram_delivery import Pause, seconds
from bot.platforms.telegram_inbox import WANTED
from bot.platforms.telegram_webhook import GOOD_SECRET, Listener
from trading.settings import Telegram

POLL = 20  # seconds a request for updates waits at Telegram
LONGEST_REST = 30.0  # seconds between two tries to reach Telegram

# They log what we report ourselves, some of it with the token in an address.
_NOISY = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,
    "telegram.request.BaseRequest": logging.CRITICAL,
    "telegram.ext.AIORateLimiter": logging.CRITICAL,
}
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}")

log = structlog.get_logger("telegram")

App = Application[Any, Any, Any, Any, Any, Any]
T = TypeVar("T")


class Link:
    """Keeps one Application connected."""

    def __init__(self, settings: Telegram, pause: Pause) -> None:
        """Raises PlatformOff when the settings cannot work."""
        self._settings = settings
        self._token = settings.token.get_secret_value()
        self._secret = settings.webhook_secret.get_secret_value()
        self._pause = pause
        if not _TOKEN.fullmatch(self._token):
            raise PlatformOff(
                "telegram.token is not a bot token; @BotFather gives out ones like 123456:ABC-def."
            )
        if self._secret and not GOOD_SECRET.fullmatch(self._secret):
            raise PlatformOff("telegram.webhook_secret may have 1 to 256 letters, digits, _ and - only.")
        self.app = self._build()

    @property
    def by(self) -> str:
        return "webhook" if self._settings.webhook_url else "polling"

    async def open(self) -> None:
        """Reach Telegram, however long that takes, and start handling updates. None are fetched yet."""
        for name, level in _NOISY.items():
            logging.getLogger(name).setLevel(level)
        await self.reach(self.app.initialize)
        if self._token.partition(":")[0] != str(self.app.bot.id):  # we would act for strangers
            found = self.app.bot.id
            raise PlatformOff(
                f"telegram.base_url answered as bot {found}, which is not the bot of telegram.token."
            )
        await self.app.start()

    async def serve(self) -> None:
        """Take updates in until cancelled. Those that waited while we were away come first."""
        await (self._listen() if self._settings.webhook_url else self._poll())

    async def close(self) -> None:
        """Close everything that was opened; updates under way are waited for."""
        if self.app.running:
            await self.app.stop()
        await self.app.shutdown()
        await self.app.bot.shutdown()

    async def reach(self, call: Callable[[], Awaitable[T]]) -> T:
        """What Telegram answers, however long that takes; PlatformOff for a no that waiting cannot change."""
        for attempt in itertools.count():
            try:
                answer = await call()
            except TelegramError as error:
                verdict, trouble = _verdict(error), self.scrub(error)
                rest = min(LONGEST_REST, 2.0 ** min(attempt, 10)) * random.uniform(0.5, 1.0)  # noqa: S311
                if isinstance(error, RetryAfter):
                    rest = seconds(error)
            else:
                if attempt > 1:
                    log.info("telegram_reached_again", tries=attempt + 1)
                return answer
            if verdict:
                raise PlatformOff(verdict)
            if attempt == 1:
                log.warning("telegram_unreachable", error=trouble)
            await self._pause(rest)
        raise AssertionError("counting never ends")

    def scrub(self, error: object) -> str:
        """What an error says, without the token or the webhook's secret."""
        text = str(error)
        for secret in (self._token, quote(self._token, safe=""), self._secret):
            text = text.replace(secret, "…") if secret else text
        return text

    def _build(self) -> App:
        return (
            ApplicationBuilder()
            .token(self._token)
            .base_url(self._settings.base_url)
            .base_file_url(self._settings.base_file_url)
            .updater(None)
            .job_queue(None)
            .rate_limiter(AIORateLimiter())
            .concurrent_updates(True)
            .connection_pool_size(32)
            .pool_timeout(10)
            .read_timeout(15)
            .write_timeout(15)
            .media_write_timeout(60)
            .get_updates_connection_pool_size(8)
            .get_updates_read_timeout(10)
            .build()
        )

    async def _poll(self) -> None:
        bot, offset = self.app.bot, None
        await self.reach(bot.delete_webhook)
        while True:
            ask = partial(bot.get_updates, offset=offset, timeout=POLL, allowed_updates=WANTED)
            for update in await self.reach(ask):
                await self.app.update_queue.put(update)
                offset = update.update_id + 1

    async def _listen(self) -> None:
        host, port = self._settings.webhook_listen, self._settings.webhook_port
        secret = self._secret or secrets.token_urlsafe(32)
        listener = Listener(urlsplit(self._settings.webhook_url).path, secret, self._take)
        try:
            async with listener.serving(host, port, self.app.create_task) as running:
                await self.reach(partial(self._register, secret))
                await asyncio.shield(running)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise PlatformOff(
                f"telegram.webhook_listen and webhook_port: {host}:{port} cannot be used ({why})."
            ) from None

    async def _register(self, secret: str) -> None:
        url = self._settings.webhook_url
        try:
            await self.app.bot.set_webhook(url, allowed_updates=WANTED, secret_token=secret)
        except BadRequest as error:
            raise PlatformOff(f"Telegram refused telegram.webhook_url: {self.scrub(error)}") from None

    async def _take(self, data: dict[str, Any]) -> None:
        try:
            update = Update.de_json(data, self.app.bot)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not an update") from error
        await self.app.update_queue.put(update)


def _verdict(error: TelegramError) -> str | None:
    """Why it is no use to try again, or None."""
    said = error.__cause__ if isinstance(error.__cause__, TelegramError) else error
    if isinstance(error, Conflict):
        return (
            "Another program receives this bot's messages (Telegram answered 409 Conflict): "
            "stop it and start again, or use another bot's token."
        )
    if isinstance(error, InvalidToken) and "Parsing the server response" not in str(said):
        return "Telegram rejected telegram.token; @BotFather shows the right one."
    return None  # also when something between us and Telegram answered with a page of its own
