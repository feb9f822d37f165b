"""What in Telegram's updates counts as a line: who typed or pressed it, where, and when."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User

from bot.dispatcher import Line
from bot.ops.pasted import is_pasted_key
from trading.domain.people import Place

WANTED = ("message", "callback_query", "my_chat_member")  # edits and channel posts are not even asked for

_NOBODIES = frozenset({1087968824, 136817688, 777000})  # anonymous admin, a channel, Telegram


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on Telegram an answer goes."""

    chat_id: int | str
    private: bool = True
    thread: int | None = None  # the topic of a group that has topics
    silent: bool = False  # shown without a sound


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of ours that stands in a chat and can be written over."""

    message_id: int
    kind: Literal["text", "photo"]
    note: str = ""  # what was not as it was wished, when it was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A line, where its answer goes, and the message its button sat on; `said` is the message it came in."""

    line: Line
    spot: Spot
    panel: Shown | None = None
    said: int | None = None


def heard_message(update: Update, me: User, names: Collection[str]) -> Heard | None:
    """The line a person typed; None for what was edited, forwarded, quoted, captioned or sent for another.

    In groups only lines that start with a slash, and of those addressed with @ only ours. A key that somebody
    pasted is heard wherever it stands, so that it can be deleted; the dispatcher obeys no such line.
    """
    message = update.message
    if message is None or message.from_user is None or not is_somebody(message.from_user):
        return None
    private = message.chat.type == Chat.PRIVATE
    if not private and message.chat.type not in (Chat.GROUP, Chat.SUPERGROUP):
        return None
    text = _leak(message) or _to_obey(message, me, names)
    if text is None:
        return None
    user = message.from_user
    line = Line(
        text=text,
        place=_place(user, message.chat),
        name=user.full_name,
        update_id=str(update.update_id),
        sent_at=message.date,
    )
    thread = message.message_thread_id if message.is_topic_message else None
    return Heard(line=line, spot=Spot(message.chat.id, private, thread), said=message.message_id)


def _leak(message: Message) -> str | None:
    """The text or caption of a message with a key in it, whoever wrote it first."""
    words = message.text or message.caption or ""
    return words if is_pasted_key(words) else None


def _to_obey(message: Message, me: User, names: Collection[str]) -> str | None:
    """The line of a message that counts as one."""
    if message.text is None or not _typed_by_a_person(message):
        return None
    text = _to_us(message.text, me, names)
    is_line = text is not None and (message.chat.type == Chat.PRIVATE or text.startswith("/"))
    return text if is_line else None


def heard_press(update: Update, me: User, fresh: bool) -> Heard | None:
    """The line on the button somebody pressed; None when the button is not one of ours that still stands.

    Telegram never says when a button was pressed. A press it calls too old is as old as its message, at most.
    """
    query = update.callback_query
    if query is None or not _ours(query, me) or not isinstance(query.message, Message):
        return None
    message, user = query.message, query.from_user
    line = Line(
        text=query.data or "",
        place=_place(user, message.chat),
        name=user.full_name,
        update_id=str(update.update_id),
        sent_at=None if fresh else message.edit_date or message.date,
    )
    thread = message.message_thread_id if message.is_topic_message else None
    panel = None
    if message.photo or message.text is not None:
        panel = Shown(message.message_id, "photo" if message.photo else "text")
    return Heard(
        line=line, spot=Spot(message.chat.id, message.chat.type == Chat.PRIVATE, thread), panel=panel
    )


@dataclass(frozen=True, slots=True)
class Invitation:
    """We were added to a chat. `line` is a `/help` of whoever did it; None for nobody and for channels."""

    spot: Spot
    line: Line | None


def heard_invitation(update: Update) -> Invitation | None:
    """Being added to a group or channel; None for any other change of membership."""
    change = update.my_chat_member
    if change is None or not _added(change):
        return None
    spot, user = Spot(change.chat.id, private=False), change.from_user
    if change.chat.type == Chat.CHANNEL or not is_somebody(user):
        return Invitation(spot, None)
    line = Line(
        text="/help",
        place=_place(user, change.chat),
        name=user.full_name,
        update_id=str(update.update_id),
        sent_at=change.date,
    )
    return Invitation(spot, line)


def _added(change: ChatMemberUpdated) -> bool:
    """Whether this very change made us a member of a group or channel."""
    inside = {"member", "administrator", "restricted"}
    before, after = change.old_chat_member.status, change.new_chat_member.status
    return change.chat.type != Chat.PRIVATE and before not in inside and after in inside


def is_somebody(user: User) -> bool:
    """A person with an id of their own: not a bot, not an anonymous admin, not Telegram."""
    return not user.is_bot and user.id not in _NOBODIES


def _typed_by_a_person(message: Message) -> bool:
    borrowed = (
        message.sender_chat,
        message.forward_origin,
        message.is_automatic_forward,
        message.via_bot,
        message.external_reply,
        message.quote,
        message.edit_date,
        message.business_connection_id,
    )
    return message.from_user is not None and is_somebody(message.from_user) and not any(borrowed)


def _ours(query: CallbackQuery, me: User) -> bool:
    message = query.message
    if not isinstance(message, Message) or not message.is_accessible:  # inline ones have none
        return False
    author = message.from_user
    written_by_us = author is not None and author.id == me.id
    return written_by_us and is_somebody(query.from_user) and (query.data or "").startswith("/")


def _to_us(text: str, me: User, names: Collection[str]) -> str | None:
    """The line without our own name in it; None when it is addressed to another bot."""
    if not text.startswith("/"):
        return text
    word, space, rest = _first_word(text)
    name, at, address = word[1:].partition("@")
    if at and address.lower() != (me.username or "").lower():
        return None
    if name not in names and name.replace("_", "-") in names:
        name = name.replace("_", "-")  # Telegram's menu knows no hyphens
    return f"/{name}{space}{rest}"


def _first_word(text: str) -> tuple[str, str, str]:
    found = re.match(r"(\S+)(\s*)(.*)", text, re.DOTALL)
    assert found is not None
    return found[1], found[2], found[3]


def _place(user: User, chat: Chat) -> Place:
    return Place(
        platform="telegram", user_id=str(user.id), chat_id=str(chat.id), private=chat.type == Chat.PRIVATE
    )
