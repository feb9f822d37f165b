"""E-mail, Slack, SMS, webhooks and the rest by apprise: one way only, nobody can answer there."""

import asyncio
import importlib
import logging
import warnings
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import SecretStr

from bot.platforms import Closed, PlatformOff, Sent
from bot.reply import Reply, Tone

log = structlog.get_logger("apprise")

PATIENCE_SECONDS = 60.0  # for one delivery, retries by the service's own library included
_KINDS = {Tone.GOOD: "success", Tone.WARNING: "warning", Tone.DANGER: "failure"}


class ApprisePlatform:
    """Each service of settings is a chat by its name. Addresses hold passwords and are never shown."""

    name = "apprise"

    def __init__(self, services: Mapping[str, SecretStr]) -> None:
        self._services = services
        self._senders: dict[str, Any] = {}
        self._wrong: dict[str, str] = {}
        self._open()

    def _open(self) -> None:
        try:
            library = importlib.import_module("apprise")
        except ImportError:
            self._wrong = dict.fromkeys(self._services, "is not there: make extra-notify brings it")
            return
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would show parts of addresses
        for name, address in self._services.items():
            sender = library.Apprise()
            with warnings.catch_warnings():  # it loads modules that Python will not have for ever
                warnings.simplefilter("ignore", DeprecationWarning)
                known = sender.add(address.get_secret_value())
            if known:
                self._senders[name] = sender
            else:
                self._wrong[name] = (
                    "has an address that apprise does not understand; its documentation lists them"
                )

    async def run(self) -> None:
        """Nothing to serve. Raises PlatformOff when a service can never work as it is set up."""
        if self._wrong:
            name, why = next(iter(self._wrong.items()))
            raise PlatformOff(f"notify.services.{name} {why}.")

    async def send(self, chat_id: str, reply: Reply, *, silent: bool = False, mention: str = "") -> Sent:
        """Title and text to one service; pictures are left out."""
        sender = self._senders.get(chat_id)
        if sender is None:
            raise Closed(f"notify.services.{chat_id} {self._wrong.get(chat_id, 'is not in the settings')}.")
        kind = _KINDS.get(reply.tone, "info")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                done = await sender.async_notify(title=_title(reply), body=_body(reply), notify_type=kind)
        except TimeoutError:
            done = False
        except (OSError, TypeError) as error:
            log.warning("apprise_failed", service=chat_id, error=type(error).__name__)
            done = False
        if not done:
            raise ConnectionError(f"notify.services.{chat_id} did not take the message.")
        return Sent()

    async def edit(self, chat_id: str, ref: str, reply: Reply) -> bool:
        """What was sent cannot be changed."""
        return False

    async def pin(self, chat_id: str, ref: str) -> None:
        """Nothing is pinned there."""


def _title(reply: Reply) -> str:
    return " · ".join(filter(None, (reply.header, reply.title)))


def _body(reply: Reply) -> str:
    rows = [
        f"{row.label}  {row.value}".rstrip() + (f"\n   {row.detail}" if row.detail else "")
        for row in reply.rows
    ]
    blocks = (reply.text, "\n".join(rows), *(image.alt for image in reply.images), reply.footer)
    return "\n\n".join(filter(None, blocks)) or reply.title
