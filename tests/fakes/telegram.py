"""A Telegram for tests: the Bot API on a loopback socket, and people who type, press, edit and forward.

async with FakeTelegram() as telegram:
    ann = telegram.person("Ann")
    platform = TelegramPlatform(telegram.settings(), handle, COMMANDS, clock)
    ...
    answer = await telegram.ask(ann, "/status")        # types it, waits for the bot's message
    panel = await telegram.tap(ann, "Equity chart")    # presses the newest button of that name
    telegram.fail("sendMessage", Fault.flood(2))       # what goes wrong next
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from tests.fakes.telegram_chats import Call, FakeButton, FakeChat, FakeMessage, FakeUser, Fault
from tests.fakes.telegram_server import TOKEN, FakeServer

__all__ = ["TOKEN", "Call", "FakeButton", "FakeChat", "FakeMessage", "FakeTelegram", "FakeUser", "Fault"]

ANONYMOUS_ADMIN = FakeUser(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
TELEGRAM_ITSELF = FakeUser(777000, "Telegram")

T = TypeVar("T")


class FakeTelegram(FakeServer):
    """The server with people around it."""

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__(token)
        self._ids = itertools.count(1001)

    # --- people -------------------------------------------------------------------------------------------

    def person(self, name: str = "Ann", **known: Any) -> FakeUser:
        """Somebody new, with a private chat."""
        user = FakeUser(next(self._ids), name, **known)
        self.chats[user.id] = user.chat
        return user

    def group(self, title: str = "Desk", type: str = "supergroup") -> FakeChat:
        """A new group (or channel) that the bot is in."""
        chat = FakeChat(-1_000_000_000_000 - next(self._ids), type, title)
        self.chats[chat.id] = chat
        return chat

    def block(self, chat: FakeUser | FakeChat) -> None:
        """The person blocks the bot, or the group throws it out."""
        self.blocked.add(chat.id)

    def say(self, user: FakeUser, text: str, chat: FakeChat | None = None, **known: Any) -> int:
        """Somebody types a line; further fields as Telegram names them. Returns the update's id."""
        return self.deliver(message=self.message(user, chat, text=text, **known))

    def press(self, user: FakeUser, button: str, chat: FakeChat | None = None, **query: Any) -> str:
        """Somebody presses the newest button with this label or command line. Returns the query's id."""
        if "message" not in query and "inline_message_id" not in query:
            message, found = self._find_button(button, chat or user.chat)
            query |= {"message": self.message_json(message), "data": found.command}
        number = f"query-{next(self._ids)}"
        self.open_queries.add(number)
        query = {"data": button, "chat_instance": "1"} | query
        self.deliver(callback_query={"id": number, "from": user.json, **query})
        return number

    def edit(self, user: FakeUser, text: str, chat: FakeChat | None = None) -> int:
        """Somebody changes a line they had sent."""
        return self.deliver(edited_message=self.message(user, chat, text=text, edit_date=int(time.time())))

    def forward(self, user: FakeUser, text: str, chat: FakeChat | None = None) -> int:
        """Somebody forwards another one's line."""
        origin = {"type": "user", "date": int(time.time()), "sender_user": FakeUser(42, "Mallory").json}
        return self.say(user, text, chat, forward_origin=origin)

    def invite(self, user: FakeUser, chat: FakeChat) -> int:
        """Somebody adds the bot to a group or channel."""
        before, after = ({"user": self.bot.json, "status": status} for status in ("left", "member"))
        change = {"chat": chat.json, "from": user.json, "date": int(time.time())}
        return self.deliver(my_chat_member=change | {"old_chat_member": before, "new_chat_member": after})

    def message(self, user: FakeUser | None, chat: FakeChat | None = None, **known: Any) -> dict[str, Any]:
        """A message as an update carries it; `date` may be a datetime."""
        where = chat or (user.chat if user else None)
        assert where is not None
        self.chats.setdefault(where.id, where)
        date = known.pop("date", time.time())
        if "message_thread_id" in known:
            self.threads.add((where.id, known["message_thread_id"]))
        self._last_id += 1
        sender = {"from": user.json} if user else {}
        stamp = int(date.timestamp() if isinstance(date, datetime) else date)
        return {"message_id": self._last_id, "date": stamp, "chat": where.json, **sender, **known}

    def _find_button(self, wanted: str, chat: FakeChat) -> tuple[FakeMessage, FakeButton]:
        there = [message for message in self.shown(chat) if message.buttons]
        for message in reversed(there):
            for button in message.buttons:
                if wanted in (button.label, button.command):
                    return message, button
        known = [button.label for message in there for button in message.buttons]
        raise AssertionError(f"no button {wanted!r} in {chat.title or chat.id}; there are {known}")

    # --- looking ------------------------------------------------------------------------------------------

    def shown(self, where: FakeUser | FakeChat) -> list[FakeMessage]:
        """The bot's messages that stand in a chat, oldest first."""
        return [message for message in self.messages if message.chat.id == where.id and not message.deleted]

    def last(self, where: FakeUser | FakeChat) -> FakeMessage:
        """The bot's newest message in a chat."""
        there = self.shown(where)
        assert there, f"the bot has said nothing to {where}"
        return there[-1]

    def text(self, where: FakeUser | FakeChat) -> str:
        """What the newest message says; empty while there is none."""
        there = self.shown(where)
        return there[-1].text if there else ""

    def calls_of(self, *methods: str) -> list[Call]:
        return [call for call in self.calls if call.method in methods]

    async def ask(self, user: FakeUser, text: str, chat: FakeChat | None = None, **known: Any) -> FakeMessage:
        """Type a line and wait until the bot sends or edits a message there; that message."""
        return await self._changed(chat or user.chat, lambda: self.say(user, text, chat, **known))

    async def tap(self, user: FakeUser, button: str, chat: FakeChat | None = None) -> FakeMessage:
        """Press a button and wait until the bot sends or edits a message there; that message."""
        return await self._changed(chat or user.chat, lambda: self.press(user, button, chat))

    async def _changed(self, chat: FakeChat, act: Callable[[], object]) -> FakeMessage:
        def there() -> list[FakeMessage]:
            return [message for message in self.changes if message.chat.id == chat.id]

        before = len(there())
        act()
        return (await self.wait_for(lambda: there()[before:]))[-1]

    @staticmethod
    def now() -> float:
        """Seconds, for measuring how long something took."""
        return time.monotonic()

    async def wait_for(self, predicate: Callable[[], T], within: float = 5.0) -> T:
        """What the predicate answers as soon as it is true; fails with the latest calls when it never is."""
        until = time.monotonic() + within
        while not (value := predicate()):
            if time.monotonic() > until:
                latest = [f"{call.method} {str(call.fields)[:160]}" for call in self.calls[-8:]]
                raise AssertionError("waited in vain; the bot's latest calls:\n" + "\n".join(latest))
            await asyncio.sleep(0.01)
        return value

    async def settled(self, quiet: float = 0.3) -> None:
        """Wait until the bot has asked for nothing but updates for a while, to show that it does not act."""
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < quiet or self._pending:
            count = sum(1 for call in self.calls if call.method != "getUpdates")
            if count != seen:
                seen, since = count, time.monotonic()
            await asyncio.sleep(0.02)
