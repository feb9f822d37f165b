"""A key pasted into Telegram is deleted from the chat, however it came, and its sender is told."""

import pytest

from bot.leaks import leaked
from bot.words import Words
from tests.bot.platforms.telegram_desk import Desk, running
from tests.fakes.telegram import FakeTelegram
from trading.domain.people import Place

SECRET = "Zx9yXw8vUt7sRq6pOn5mLk4jIh3gFe2dCb1aAz0Y"


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server
        assert server.complaints == []


def a_desk() -> Desk:
    """Answers a leak as the dispatcher does."""
    desk = Desk()
    ann = Place(platform="telegram", user_id="1", chat_id="1", private=True)
    desk.answers[SECRET] = leaked(Words("en"), ann)
    return desk


@pytest.mark.parametrize("way", ["typed", "forwarded", "as a caption", "in a group"])
async def test_its_message_is_deleted_and_the_sender_is_told(telegram, way):
    desk, ann, group = a_desk(), telegram.person("Ann"), telegram.group("Desk")
    chat = group if way == "in a group" else ann.chat

    async with running(telegram, desk):
        if way == "forwarded":
            telegram.forward(ann, SECRET)
        elif way == "as a caption":
            telegram.deliver(message=telegram.message(ann, caption=SECRET, photo=[]))
        else:
            telegram.say(ann, SECRET, chat=group if way == "in a group" else None)
        await telegram.wait_for(lambda: telegram.text(chat))

    (deleted,) = telegram.calls_of("deleteMessage")
    assert deleted.fields["chat_id"] == str(chat.id)
    assert "That looks like a key or a secret." in telegram.text(chat)
    assert SECRET not in telegram.text(chat)


async def test_other_captions_and_forwarded_lines_still_do_nothing(telegram):
    desk, ann = a_desk(), telegram.person("Ann")

    async with running(telegram, desk):
        telegram.forward(ann, "/kill")
        telegram.deliver(message=telegram.message(ann, caption="/kill", photo=[]))
        await telegram.ask(ann, "/status")

    assert desk.texts == ["/status"]
    assert telegram.calls_of("deleteMessage") == []
