"""What is shown without being asked: silent or loud, in topics, with a mention, edited, pinned; and what is final."""

import pytest

from bot.platforms import Closed, Unfit
from bot.reply import Button, Reply
from tests.bot.platforms.discord_desk import Desk as DiscordDesk
from tests.bot.platforms.discord_desk import serving
from tests.bot.platforms.telegram_desk import HEADER, Desk, Pauses, running
from tests.fakes.discord import FakeDiscord
from tests.fakes.telegram import FakeTelegram, Fault

NEWS = Reply(title="No fresh prices", header=HEADER, buttons=((Button("Acknowledge", "/ack 7k3m9"),),))
LATER = Reply(title="No fresh prices", text="Seen 41×.", header=HEADER)


@pytest.fixture
async def telegram():
    async with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
async def on_telegram(telegram):
    async with running(telegram, Desk(), pause=Pauses()) as platform:
        yield platform


@pytest.fixture
async def discord():
    async with FakeDiscord() as discord:
        yield discord


async def test_telegram_is_silent_when_told_so_and_loud_otherwise(telegram, on_telegram):
    ann = telegram.person()

    await on_telegram.send(str(ann.id), NEWS, silent=True)
    await on_telegram.send(str(ann.id), NEWS)

    assert [message.silent for message in telegram.shown(ann)] == [True, False]


async def test_telegram_writes_into_a_topic_and_says_when_it_is_gone(telegram, on_telegram):
    group = telegram.group()
    telegram.threads.add((group.id, 7))

    there = await on_telegram.send(f"{group.id}/7", NEWS)
    gone = await on_telegram.send(f"{group.id}/8", NEWS)

    assert [message.thread for message in telegram.shown(group)] == [7, None]
    assert there.note == ""
    assert gone.note == "The topic 8 of the Telegram group is gone, so it was sent to the group itself."


async def test_telegram_edits_and_pins_what_it_sent(telegram, on_telegram):
    ann = telegram.person()
    sent = await on_telegram.send(str(ann.id), NEWS)

    edited = await on_telegram.edit(str(ann.id), sent.ref, LATER)
    await on_telegram.pin(str(ann.id), sent.ref)
    telegram.last(ann).deleted = True
    gone = await on_telegram.edit(str(ann.id), sent.ref, NEWS)

    message = telegram.messages[-1]
    assert (edited, gone, message.pinned, message.edits) == (True, False, True, 1)
    assert "Seen 41×." in message.text
    assert message.buttons == []


async def test_telegram_takes_its_own_line_about_a_pin_away(telegram, on_telegram):
    ann = telegram.person()
    await on_telegram.send(str(ann.id), NEWS)
    pinned = telegram.message_json(telegram.last(ann))

    telegram.deliver(message=telegram.message(telegram.bot, ann.chat, pinned_message=pinned))

    await telegram.wait_for(lambda: telegram.calls_of("deleteMessage"))
    assert len(telegram.shown(ann)) == 1


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Fault(400, "Bad Request: chat not found"), Closed),
        (Fault(403, "Forbidden: bot was blocked by the user"), Closed),
        (Fault(400, "Bad Request: not enough rights to send text messages to the chat"), Closed),
        (Fault(400, "Bad Request: message caption is too long"), Unfit),
    ],
)
async def test_telegram_tells_apart_what_is_final_for_a_chat_and_for_a_message(
    telegram, on_telegram, refusal, kind
):
    telegram.fail("sendMessage", refusal)

    with pytest.raises(kind):
        await on_telegram.send(str(telegram.person().id), NEWS)


async def test_telegram_says_why_it_may_not_pin(telegram, on_telegram):
    group = telegram.group()
    telegram.unpinnable.add(group.id)
    sent = await on_telegram.send(str(group.id), NEWS)

    with pytest.raises(ConnectionError, match=r"(?i)not enough rights to manage pinned messages"):
        await on_telegram.pin(str(group.id), sent.ref)


async def test_discord_mentions_only_whom_it_is_told_to(discord):
    owner = discord.user("owner")
    async with serving(discord, DiscordDesk()) as platform:
        for mention in ("@here", str(owner.id), "", "<@1>"):
            await platform.send(str(discord.general.id), NEWS, mention=mention, silent=mention == "")

    here, user, nobody, tricky = discord.messages
    assert (here.content, here.allowed_mentions["parse"]) == ("@here", ["everyone"])
    assert (user.content, user.allowed_mentions) == (
        f"<@{owner.id}>",
        {"parse": [], "users": [owner.id]},
    )
    assert (nobody.content, tricky.content) == ("", "")
    assert [m.silent for m in discord.messages] == [False, False, True, False]


async def test_discord_edits_and_pins_what_it_sent(discord):
    async with serving(discord, DiscordDesk()) as platform:
        chat = str(discord.general.id)
        sent = await platform.send(chat, NEWS, mention="@here")
        edited = await platform.edit(chat, sent.ref, LATER)
        await platform.pin(chat, sent.ref)
        gone = await platform.edit(chat, "12345", LATER)

    message = discord.messages[0]
    assert (edited, gone, message.pinned) == (True, False, True)
    assert "Seen 41×." in message.text
    assert (message.content, message.buttons) == ("", [])


async def test_discord_tells_apart_what_is_final_for_a_chat(discord):
    closed = discord.channel("closed", writable=False)
    async with serving(discord, DiscordDesk()) as platform:
        with pytest.raises(Closed, match="may not write"):
            await platform.send(str(closed.id), NEWS)
        with pytest.raises(Closed, match="deleted"):
            await platform.send("123", NEWS)
        with pytest.raises(Closed, match="found 'general'"):
            await platform.send("general", NEWS)
