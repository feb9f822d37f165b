"""The webhook: only who knows the secret gets an update in, and nothing else gets far."""

import asyncio
import json
import logging
import socket

import aiohttp
import pytest

from bot.platforms import PlatformOff
from bot.platforms.telegram import TelegramPlatform
from tests.bot.platforms.telegram_desk import COMMANDS, Desk, Pauses, running
from tests.fakes.clock import HandClock
from tests.fakes.telegram import FakeTelegram, Fault

SECRET = "only-telegram-knows_this"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def hook(port):
    url = f"http://127.0.0.1:{port}/telegram/hook"
    return {"webhook_url": url, "webhook_secret": SECRET, "webhook_port": port}


def update_of(telegram, ann, text="/status"):
    return {"update_id": 900, "message": telegram.message(ann, text=text)}


async def post(url, body, **headers):
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=body, headers=headers) as answer:
            return answer.status


async def test_telegram_delivers_and_is_answered(telegram, hook):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk, **hook):
        answer = await telegram.ask(ann, "/status")

    assert answer.text.endswith("/status")
    assert telegram.webhook_answers == [200]
    assert telegram.calls_of("getUpdates") == []


async def test_the_webhook_is_registered_with_its_secret_and_stays_when_we_stop(telegram, hook):
    async with running(telegram, Desk(), **hook):
        await telegram.wait_for(lambda: telegram.webhook)

    assert telegram.webhook == {"url": hook["webhook_url"], "secret": SECRET}
    asked = telegram.calls_of("setWebhook")[0].fields
    assert asked["allowed_updates"] == '["message", "callback_query", "my_chat_member"]'
    assert "drop_pending_updates" not in asked


async def test_without_a_secret_in_the_settings_there_is_one_all_the_same(telegram, hook):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk, **(hook | {"webhook_secret": ""})):
        await telegram.wait_for(lambda: telegram.webhook)
        status = await post(hook["webhook_url"], json.dumps(update_of(telegram, ann)), **{HEADER: ""})
        await telegram.ask(ann, "/status")

    assert len(telegram.webhook["secret"]) >= 32
    assert status == 401
    assert desk.texts == ["/status"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: "wrong"},
        {HEADER: SECRET + "x"},
        {HEADER: SECRET[:-1]},
        {HEADER: "x" * 8000},
        {HEADER: "é"},
    ],
    ids=["missing", "wrong", "longer", "shorter", "very long", "not ascii"],
)
async def test_without_the_right_secret_nothing_gets_in_or_is_written_down(
    telegram, hook, headers, caplog, capsys
):
    caplog.set_level(logging.DEBUG)
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk, **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        status = await post(hook["webhook_url"], json.dumps(update_of(telegram, ann)), **headers)
        await telegram.settled()

    assert status == 401
    assert desk.lines == []
    written = caplog.text + "".join(capsys.readouterr())
    assert SECRET[:-1] not in written
    assert not headers or headers[HEADER] not in written


async def test_the_right_secret_gets_an_update_in(telegram, hook):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk, **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        status = await post(hook["webhook_url"], json.dumps(update_of(telegram, ann)), **{HEADER: SECRET})
        await telegram.wait_for(lambda: desk.lines)

    assert status == 200
    assert desk.lines[0].update_id == "900"


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", "null", '"text"', '{"update_id": 1, "message": 7}']
)
async def test_what_is_no_update_is_refused_and_the_next_one_taken(telegram, hook, body):
    desk, ann = Desk(), telegram.person("Ann")

    async with running(telegram, desk, **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        status = await post(hook["webhook_url"], body, **{HEADER: SECRET})
        await telegram.ask(ann, "/status")

    assert status == 400
    assert desk.texts == ["/status"]


async def test_a_body_of_more_than_a_megabyte_is_refused(telegram, hook):
    async with running(telegram, Desk(), **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        status = await post(hook["webhook_url"], b" " * 1_000_001, **{HEADER: SECRET})

    assert status == 413


async def test_a_body_that_never_ends_is_not_waited_for(telegram, hook, port, monkeypatch):
    monkeypatch.setattr("bot.platforms.telegram_webhook.SLOWEST_UPDATE", 0.1)

    async with running(telegram, Desk(), **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /telegram/hook HTTP/1.1\r\nHost: x\r\n{HEADER}: {SECRET}\r\nContent-Length: 50\r\n\r\n{{"
        )
        writer.write(head.encode())
        answer = await asyncio.wait_for(reader.readline(), 3)
        writer.close()
        await writer.wait_closed()

    assert b"408" in answer


async def test_other_paths_and_methods_lead_nowhere(telegram, hook, port):
    async with running(telegram, Desk(), **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        other_path = await post(f"http://127.0.0.1:{port}/", "{}", **{HEADER: SECRET})
        async with aiohttp.ClientSession() as session, session.get(hook["webhook_url"]) as answer:
            other_method = answer.status

    assert (other_path, other_method) == (404, 405)


async def test_an_outage_while_registering_is_waited_out(telegram, hook):
    desk, ann = Desk(), telegram.person("Ann")
    telegram.fail("setWebhook", Fault.server_error(), Fault.dropped(), Fault.flood(2))

    async with running(telegram, desk, pause=Pauses(), **hook):
        await telegram.wait_for(lambda: telegram.webhook)
        await telegram.ask(ann, "/status")

    assert desk.texts == ["/status"]


async def off_with(telegram, **settings):
    platform = TelegramPlatform(telegram.settings(**settings), Desk().handle, COMMANDS, HandClock(), Pauses())
    with pytest.raises(PlatformOff) as off:
        await asyncio.wait_for(platform.run(), 5)
    return str(off.value)


async def test_a_busy_port_switches_it_off_in_one_sentence(telegram, hook, port):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        busy.listen()
        why = await off_with(telegram, **hook)

    assert why == (
        f"telegram.webhook_listen and webhook_port: 127.0.0.1:{port} cannot be used (Address already in use)."
    )
    assert telegram.calls_of("setWebhook") == []


async def test_an_address_that_telegram_refuses_switches_it_off(telegram, hook):
    why = await off_with(telegram, **(hook | {"webhook_url": "http://desk.example/hook"}))

    assert why.startswith("Telegram refused telegram.webhook_url: ")
    assert "https url must be provided" in why


async def test_a_secret_with_other_signs_switches_it_off_without_saying_it(telegram, hook):
    why = await off_with(telegram, **(hook | {"webhook_secret": "not good!"}))

    assert why == "telegram.webhook_secret may have 1 to 256 letters, digits, _ and - only."


async def test_the_port_is_free_again_when_we_stop(telegram, hook):
    desk, ann = Desk(), telegram.person("Ann")
    async with running(telegram, desk, **hook):
        await telegram.ask(ann, "/one")

    async with running(telegram, desk, **hook):
        await telegram.ask(ann, "/two")

    assert desk.texts == ["/one", "/two"]
