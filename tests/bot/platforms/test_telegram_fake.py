"""The fake Telegram refuses what the real one refuses, so that passing against it means something."""

import io
import json

import aiohttp
import pytest

from tests.bot.platforms.telegram_desk import picture
from tests.fakes.telegram import FakeTelegram, Fault
from tests.fakes.telegram_html import BadMarkup, read

LONG_BUTTON = json.dumps({"inline_keyboard": [[{"text": "A", "callback_data": "/" + "x" * 64}]]})


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def call(telegram):
    async with aiohttp.ClientSession() as session:

        async def post(method, **fields):
            async with session.post(f"{telegram.url}/bot{telegram.token}/{method}", data=fields) as answer:
                return await answer.json(content_type=None)

        yield post


def test_html_is_read_as_telegram_reads_it():
    assert read("<b>1 &lt; 2</b> &amp; <i>x</i>")[0] == "1 < 2 & x"
    assert [(e.tag, e.text) for e in read("<b>a<i>b</i></b>")[1]] == [("i", "b"), ("b", "ab")]


@pytest.mark.parametrize(
    "markup", ["<b>open", "shut</b>", "<b><i>x</b></i>", "1 < 2", "<script>x</script>", "<br>"]
)
def test_html_that_telegram_cannot_read_is_refused(markup):
    with pytest.raises(BadMarkup):
        read(markup)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": " "}, "message text is empty"),
        ({"text": "x", "chat_id": 99}, "chat not found"),
        ({"text": "x", "reply_markup": LONG_BUTTON}, "BUTTON_DATA_INVALID"),
    ],
)  # fmt: skip
async def test_a_message_outside_the_limits_is_refused(telegram, call, fields, why):
    ann = telegram.person("Ann")

    answer = await call("sendMessage", **({"chat_id": ann.id} | fields))

    assert (answer["ok"], answer["error_code"]) == (False, 400)
    assert why in answer["description"]
    assert telegram.messages == []


async def test_a_caption_of_more_than_1024_characters_is_refused(telegram, call):
    ann = telegram.person("Ann")

    answer = await call("sendPhoto", chat_id=str(ann.id), photo=io.BytesIO(picture().png), caption="x" * 1025)

    assert "caption is too long" in answer["description"]


async def test_what_is_no_picture_is_refused_as_a_photo(telegram, call):
    ann = telegram.person("Ann")

    answer = await call("sendPhoto", chat_id=str(ann.id), photo=io.BytesIO(b"no picture"))

    assert answer["description"] == "Bad Request: IMAGE_PROCESS_FAILED"


async def test_an_edit_that_changes_nothing_is_refused(telegram, call):
    ann = telegram.person("Ann")
    sent = await call("sendMessage", chat_id=ann.id, text="same")
    edit = {"chat_id": ann.id, "message_id": sent["result"]["message_id"]}

    same = await call("editMessageText", text="same", **edit)
    other = await call("editMessageText", text="other", **edit)

    assert "message is not modified" in same["description"]
    assert (other["ok"], telegram.text(ann)) == (True, "other")


async def test_updates_stay_until_a_higher_offset_confirms_them(telegram, call):
    first = telegram.say(telegram.person("Ann"), "/one")
    second = telegram.say(telegram.person("Bob"), "/two")

    both = await call("getUpdates")
    again = await call("getUpdates")
    rest = await call("getUpdates", offset=second)

    assert [update["update_id"] for update in both["result"]] == [first, second]
    assert again == both
    assert [update["update_id"] for update in rest["result"]] == [second]


async def test_updates_cannot_be_asked_for_while_a_webhook_is_set(telegram, call):
    await call("setWebhook", url="https://desk.example/hook")

    answer = await call("getUpdates")

    assert (answer["error_code"], "webhook is active" in answer["description"]) == (409, True)


async def test_a_scripted_fault_happens_once(telegram, call):
    ann = telegram.person("Ann")
    telegram.fail("sendMessage", Fault.flood(5))

    flooded = await call("sendMessage", chat_id=ann.id, text="x")
    sent = await call("sendMessage", chat_id=ann.id, text="x")

    assert (flooded["error_code"], flooded["parameters"]) == (429, {"retry_after": 5})
    assert sent["ok"]


async def test_a_button_that_is_not_there_cannot_be_pressed(telegram):
    with pytest.raises(AssertionError, match="no button 'Sell'"):
        telegram.press(telegram.person("Ann"), "Sell")


async def test_a_wrong_token_is_unauthorised(telegram):
    async with aiohttp.ClientSession() as session, session.get(f"{telegram.url}/bot1:x/getMe") as answer:
        body = await answer.json()

    assert (answer.status, body["description"]) == (401, "Unauthorized")
