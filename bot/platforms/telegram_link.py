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
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder, ExtBot
from telegram.request import HTTPXRequest

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


class _DiscreetBot(ExtBot[int]):
    """The library's bot shows its token in its repr, and so in any traceback that shows variables."""

    def __repr__(self) -> str:
        return "TelegramBot(…)"


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
        bot = _DiscreetBot(
            self._token,
            self._settings.base_url,
            self._settings.base_file_url,
            request=HTTPXRequest(
                32, pool_timeout=10, read_timeout=15, write_timeout=15, media_write_timeout=60
            ),
            get_updates_request=HTTPXRequest(8, read_timeout=10),  # on top of POLL
            rate_limiter=AIORateLimiter(),
        )
        return ApplicationBuilder().bot(bot).updater(None).job_queue(None).concurrent_updates(True).build()

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
    if isinstance(error, Conflict):
        return (
            "Another program receives this bot's messages (Telegram answered 409 Conflict): "
            "stop it and start again, or use another bot's token."
        )
    if isinstance(error, InvalidToken) and not _is_a_page(error):
        return "Telegram rejected telegram.token; @BotFather shows the right one."
    return None


def _is_a_page(error: BaseException | None) -> bool:
    """Whether something between us and Telegram answered, with a page of its own instead of JSON."""
    while error is not None:
        if "Parsing the server response" in str(error):
            return True
        error = error.__cause__
    return False
