"""Telegram end to end: what people type becomes a line, what the desk answers stands in the chat."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.platforms.telegram_delivery import Undelivered
from bot.reply import Reply
from tests.bot.platforms.telegram_desk import COMMANDS, HEADER, Desk, ids, person_of, running
from tests.fakes.telegram import ANONYMOUS_ADMIN, TELEGRAM_ITSELF, FakeTelegram, FakeUser, Fault


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server
        assert server.complaints == []


async def test_a_command_is_answered_where_it_was_asked(telegram):
    desk, ann = Desk(status=Reply(title="All is well", header=HEADER)), telegram.person("Ann")

    async with running(telegram, desk):
        answer = await telegram.ask(ann, "/status")

    assert answer.text == f"{HEADER}\nAll is well"
    assert answer.chat == ann.chat


async def test_a_line_says_who_where_when_and_which_update(telegram):
    desk, ann = Desk(), telegram.person("Ann", username="ann")
    typed_at = datetime(2024, 8, 5, 11, 59, tzinfo=UTC)

    async with running(telegram, desk):
        update_id = telegram.say(ann, "/pause rsi", date=typed_at)
        await telegram.wait_for(lambda: desk.lines)

    line = desk.lines[0]
    assert (line.text, line.name, line.update_id) == ("/pause rsi", "Ann", str(update_id))
    assert (line.place.platform, line.place.user_id, line.place.chat_id) == ("telegram", *ids(ann))
    assert line.place.private
    assert line.sent_at == typed_at


async def test_plain_words_count_in_a_private_chat(telegram):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk):
        answer = await telegram.ask(ann, "status")

    assert answer.text.endswith("You said: status")


async def test_a_deep_link_arrives_as_it_was_typed(telegram):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk):
        await telegram.ask(ann, "/start K7QM-2XWD")

    assert desk.texts == ["/start K7QM-2XWD"]


async def test_in_a_group_only_commands_to_us_count(telegram):
    desk, ann, group = Desk(), telegram.person("Ann"), telegram.group("Desk")

    async with running(telegram, desk):
        telegram.say(ann, "good morning", chat=group)
        telegram.say(ann, "/status@another_bot", chat=group)
        answer = await telegram.ask(ann, "/status@Tradewind_Test_Bot now", chat=group)

    assert desk.texts == ["/status now"]
    assert not desk.lines[0].place.private
    assert person_of(desk.lines[0]) == (str(ann.id), str(group.id))
    assert answer.chat == group


async def test_an_answer_stays_in_its_topic(telegram):
    desk, ann, group = Desk(), telegram.person("Ann"), telegram.group("Desk")

    async with running(telegram, desk):
        answer = await telegram.ask(ann, "/status", chat=group, message_thread_id=7, is_topic_message=True)

    assert answer.thread == 7


async def test_an_edited_line_does_not_act(telegram):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk):
        telegram.edit(ann, "/close 100")
        await telegram.settled()

    assert desk.lines == []
    assert telegram.changes == []


async def test_a_forwarded_line_does_not_act(telegram):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk):
        telegram.forward(ann, "/kill !")
        await telegram.settled()

    assert desk.lines == []
    assert telegram.changes == []


@pytest.mark.parametrize("sender", [ANONYMOUS_ADMIN, TELEGRAM_ITSELF, FakeUser(555, "Robot", is_bot=True)])
async def test_nobody_in_particular_is_not_heard(telegram, sender):
    desk, group = Desk(), telegram.group("Desk")

    async with running(telegram, desk):
        telegram.say(sender, "/kill", chat=group)
        await telegram.settled()

    assert desk.lines == []
    assert telegram.changes == []


@pytest.mark.parametrize(
    "borrowed",
    [
        {"via_bot": FakeUser(555, "Robot", "robot", is_bot=True).json},
        {"sender_chat": {"id": -100123, "type": "channel", "title": "News"}},
        {"is_automatic_forward": True},
        {"quote": {"text": "/kill", "position": 0}},
        {"external_reply": {"origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Mallory"}}},
    ],
    ids=lambda borrowed: next(iter(borrowed)),
)
async def test_words_of_others_do_not_act(telegram, borrowed):
    desk, ann, group = Desk(), telegram.person("Ann"), telegram.group("Desk")

    async with running(telegram, desk):
        telegram.say(ann, "/kill", chat=group, **borrowed)
        await telegram.settled()

    assert desk.lines == []
    assert telegram.changes == []


async def test_a_caption_does_not_act(telegram):
    desk, ann = Desk(), telegram.person("Ann")
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]

    async with running(telegram, desk):
        telegram.deliver(message=telegram.message(ann, caption="/kill", photo=photo))
        await telegram.settled()

    assert desk.lines == []
    assert telegram.changes == []


async def test_a_channel_post_does_not_act(telegram):
    desk, channel = Desk(), telegram.group("News", type="channel")

    async with running(telegram, desk):
        telegram.deliver(channel_post=telegram.message(None, channel, text="/kill", sender_chat=channel.json))
        telegram.deliver(message=telegram.message(telegram.person("Ann"), channel, text="/kill"))
        await telegram.settled()

    assert desk.lines == []
    assert telegram.changes == []


async def test_a_stranger_gets_the_short_refusal_and_nothing_else(telegram):
    desk, ann, mallory = Desk(), telegram.person("Ann"), telegram.person("Mallory")
    desk.known = {str(ann.id)}

    async with running(telegram, desk):
        answer = await telegram.ask(mallory, "/balance")
        await telegram.settled()

    assert answer.text == "This desk is private."
    assert answer.buttons == []
    assert telegram.shown(mallory) == [answer]


async def test_a_foreigner_in_a_known_group_is_told_apart_by_their_own_id(telegram):
    desk, ann, mallory, group = (
        Desk(), telegram.person("Ann"), telegram.person("Ann"), telegram.group("Desk"),
    )  # fmt: skip
    desk.known = {str(ann.id)}

    async with running(telegram, desk):
        answer = await telegram.ask(mallory, "/balance", chat=group)

    assert answer.text == "This desk is private."


async def test_a_new_name_changes_nothing_about_who_somebody_is(telegram):
    desk, ann = Desk(), telegram.person("Ann", username="ann")
    renamed = FakeUser(ann.id, "Anna", "anna")

    async with running(telegram, desk):
        await telegram.ask(ann, "/status")
        await telegram.ask(renamed, "/status")

    assert {person_of(line) for line in desk.lines} == {ids(ann)}


async def test_an_update_that_comes_twice_is_the_same_update(telegram):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk):
        update_id = telegram.say(ann, "/status")
        await telegram.wait_for(lambda: telegram.shown(ann))
        for _ in range(3):
            telegram.again(update_id)
        await telegram.settled()

    assert desk.texts == ["/status"]
    assert len(telegram.shown(ann)) == 1


async def test_lines_sent_while_we_were_away_are_kept_with_their_age(telegram):
    desk, ann = Desk(), telegram.person("Ann")
    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
    telegram.say(ann, "/kill", date=long_ago)

    async with running(telegram, desk):
        await telegram.wait_for(lambda: desk.lines)

    assert [(line.text, line.sent_at) for line in desk.lines] == [("/kill", long_ago)]


async def test_no_other_kind_of_update_is_even_asked_for(telegram):
    async with running(telegram, Desk()):
        asked = telegram.calls_of("getUpdates")[0].fields

    assert asked["allowed_updates"] == '["message", "callback_query", "my_chat_member"]'
    assert telegram.calls_of("deleteWebhook")[0].fields.get("drop_pending_updates") is None


async def test_a_group_is_left_when_a_stranger_brought_us_there(telegram):
    desk, mallory, group = Desk(), telegram.person("Mallory"), telegram.group("Trap")
    desk.known = set()

    async with running(telegram, desk):
        telegram.invite(mallory, group)
        await telegram.wait_for(lambda: telegram.left)

    assert telegram.left == [group.id]
    assert telegram.changes == []


async def test_a_group_is_greeted_when_somebody_known_brought_us_there(telegram):
    desk, ann, group = Desk(help=Reply(title="What there is")), telegram.person("Ann"), telegram.group("Desk")
    desk.known = {str(ann.id)}

    async with running(telegram, desk):
        telegram.invite(ann, group)
        await telegram.wait_for(lambda: telegram.shown(group))

    assert telegram.last(group).text == "What there is"
    assert telegram.left == []


async def test_a_group_that_threw_us_out_at_once_troubles_nobody(telegram):
    desk, ann, group = Desk(), telegram.person("Ann"), telegram.group("Desk")

    async with running(telegram, desk):
        telegram.block(group)
        telegram.invite(ann, group)
        await telegram.wait_for(lambda: telegram.calls_of("sendMessage"))
        answer = await telegram.ask(ann, "/status")

    assert answer.text.endswith("/status")


async def test_a_channel_is_left_whoever_brought_us_there(telegram):
    desk, ann, channel = Desk(), telegram.person("Ann"), telegram.group("News", type="channel")

    async with running(telegram, desk):
        telegram.invite(ann, channel)
        await telegram.wait_for(lambda: telegram.left)

    assert telegram.left == [channel.id]
    assert desk.lines == []


async def test_the_menu_is_there_from_the_start_in_both_languages(telegram):
    async with running(telegram, Desk()):
        await telegram.wait_for(lambda: len(telegram.menus) == 2)

    assert [name for name, _ in telegram.menus["default", ""]] == ["start", "help", "status"]
    assert [name for name, _ in telegram.menus["default", "ko"]] == ["start", "help", "status"]
    assert telegram.menus["default", ""][2] == ("status", COMMANDS["status"].help)


async def test_an_owner_gets_a_fuller_menu_in_their_own_chat(telegram):
    ann = telegram.person("Ann")

    async with running(telegram, Desk()) as platform:
        await platform.publish_menu(str(ann.id), COMMANDS.values())

    names = [name for name, _ in telegram.menus[str(ann.id), "ko"]]
    assert names == ["start", "help", "status", "take_profit"]


async def test_the_page_is_behind_the_menu_button_of_private_chats_only(telegram):
    ann, group = telegram.person("Ann"), telegram.group("Desk")

    async with running(telegram, Desk()) as platform:
        await platform.offer_page(str(ann.id), "https://desk.example")
        await platform.offer_page(str(group.id), "https://desk.example")

    assert list(telegram.menu_buttons) == [ann.id]
    assert telegram.menu_buttons[ann.id]["web_app"] == {"url": "https://desk.example/"}


async def test_without_a_page_the_menu_button_lists_commands_again(telegram):
    ann = telegram.person("Ann")

    async with running(telegram, Desk()) as platform:
        await platform.offer_page(str(ann.id), "https://desk.example")
        await platform.offer_page(str(ann.id), "")

    assert telegram.menu_buttons[ann.id] == {"type": "commands"}


async def test_a_menu_that_telegram_refuses_is_said(telegram):
    telegram.fail("setMyCommands", Fault(400, "Bad Request: BOT_COMMAND_INVALID"))

    async with running(telegram, Desk()) as platform:
        await telegram.wait_for(lambda: telegram.calls_of("setMyCommands"))
        telegram.fail("setMyCommands", Fault(400, "Bad Request: BOT_COMMANDS_TOO_MUCH"))
        with pytest.raises(ConnectionError, match="Bot_commands_too_much"):
            await platform.publish_menu("1001", COMMANDS.values())


async def test_a_first_menu_that_is_refused_stops_nothing(telegram):
    desk, ann = Desk(), telegram.person("Ann")
    telegram.fail("setMyCommands", Fault(400, "Bad Request: BOT_COMMAND_INVALID"))

    async with running(telegram, desk):
        answer = await telegram.ask(ann, "/status")

    assert answer.text.endswith("/status")


async def test_a_menu_name_with_an_underscore_is_our_name_with_a_hyphen(telegram):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk):
        await telegram.ask(ann, "/take_profit BTC/USDT")

    assert "take-profit" in COMMANDS
    assert desk.texts == ["/take-profit BTC/USDT"]


async def test_a_reply_can_be_sent_unasked(telegram):
    ann, group = telegram.person("Ann"), telegram.group("Desk")

    async with running(telegram, Desk()) as platform:
        await platform.send(str(ann.id), Reply(title="The day in pictures", header=HEADER))
        await platform.send(str(group.id), Reply(title="The same for all", header=HEADER))

    assert telegram.last(ann).text == f"{HEADER}\nThe day in pictures"
    assert telegram.last(group).text == f"{HEADER}\nThe same for all"


async def test_a_platform_that_does_not_run_delivers_nothing_and_says_so(telegram):
    async with running(telegram, Desk()) as platform:
        pass

    with pytest.raises(Undelivered, match="not connected"):
        await platform.send("1001", Reply(title="Too late"))
    with pytest.raises(ConnectionError, match="not connected"):
        await platform.publish_menu(None, COMMANDS.values())
