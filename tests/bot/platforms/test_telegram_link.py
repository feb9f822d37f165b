"""The connection: bad tokens and rivals switch Telegram off, outages do not, secrets stay secret."""

import asyncio
import logging
from contextlib import suppress

import pytest

from bot.platforms import PlatformOff
from bot.platforms.telegram import TelegramPlatform
from bot.platforms.telegram_delivery import Undelivered
from bot.platforms.telegram_link import Link
from bot.reply import Reply
from tests.bot.platforms.telegram_desk import COMMANDS, Desk, Pauses, running
from tests.fakes.clock import HandClock
from tests.fakes.telegram import TOKEN, FakeTelegram, Fault


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server


def platform_of(telegram, desk=None, pause=None, **settings):
    handle = (desk or Desk()).handle
    return TelegramPlatform(telegram.settings(**settings), handle, COMMANDS, HandClock(), pause or Pauses())


async def why_off(platform):
    with pytest.raises(PlatformOff) as off:
        await asyncio.wait_for(platform.run(), 5)
    return off.value


def everything_in(error):
    """Each exception of a chain, as text and as its arguments."""
    said = []
    while error is not None:
        said.append(f"{error} {error!r} {error.args}")
        error = error.__cause__ or error.__context__
    return "\n".join(said)


async def test_a_token_that_telegram_rejects_switches_it_off_in_one_sentence(telegram):
    telegram.token_is_good = False

    off = await why_off(platform_of(telegram))

    assert str(off) == "Telegram rejected telegram.token; @BotFather shows the right one."
    assert TOKEN not in everything_in(off)


@pytest.mark.parametrize("token", ["", "hunter2", "123:abc/../getMe", "123:abc def", "123 :abc\n"])
async def test_what_cannot_be_a_token_never_reaches_the_network(telegram, token):
    off = await why_off(platform_of(telegram, token=token))

    assert str(off).startswith("telegram.token is not a bot token")
    assert not token or token not in str(off)
    assert telegram.calls == []


async def test_a_token_revoked_while_running_switches_it_off(telegram):
    running_platform = asyncio.create_task(platform_of(telegram).run())
    await telegram.wait_for(lambda: telegram.calls_of("getUpdates"))

    telegram.fail("getUpdates", Fault(401, "Unauthorized"))
    telegram.say(telegram.person("Ann"), "/status")

    with pytest.raises(PlatformOff, match="Telegram rejected"):
        await asyncio.wait_for(running_platform, 5)


async def test_a_server_that_answers_as_another_bot_switches_it_off(telegram):
    telegram.bot = telegram.person("Impostor", username="impostor_bot", is_bot=True)

    off = await why_off(platform_of(telegram))

    assert str(off) == "telegram.base_url answered as bot 1001, which is not the bot of telegram.token."


async def test_another_program_with_our_token_stops_us_and_is_named_once(telegram):
    running_platform = asyncio.create_task(platform_of(telegram).run())
    await telegram.wait_for(lambda: telegram.calls_of("getUpdates"))

    await telegram.another_poller()

    with pytest.raises(PlatformOff, match="409 Conflict"):
        await asyncio.wait_for(running_platform, 5)
    polls = len(telegram.calls_of("getUpdates"))
    await telegram.settled()
    assert len(telegram.calls_of("getUpdates")) == polls


async def test_the_newer_of_two_processes_takes_over(telegram):
    ann, old, new = telegram.person("Ann"), Desk(), Desk()
    older = asyncio.create_task(platform_of(telegram, old).run())
    await telegram.wait_for(lambda: telegram.calls_of("getUpdates"))

    async with running(telegram, new):
        with pytest.raises(PlatformOff):
            await asyncio.wait_for(older, 5)
        await telegram.ask(ann, "/status")

    assert (old.texts, new.texts) == ([], ["/status"])


async def test_an_outage_at_the_start_is_waited_out(telegram):
    await telegram.go_down()
    pauses, desk, ann = Pauses(), Desk(), telegram.person("Ann")
    platform = asyncio.create_task(platform_of(telegram, desk, pauses).run())
    await telegram.wait_for(lambda: len(pauses.seconds) > 3)

    await telegram.come_back()
    answer = await telegram.ask(ann, "/status")
    platform.cancel()

    assert answer.text.endswith("/status")
    with suppress(asyncio.CancelledError):
        await platform


async def test_an_outage_in_between_is_waited_out_and_nothing_is_lost(telegram):
    pauses, desk, ann = Pauses(), Desk(), telegram.person("Ann")

    async with running(telegram, desk, pause=pauses) as platform:
        await telegram.ask(ann, "/before")
        await telegram.go_down()
        telegram.say(ann, "/during")
        await telegram.wait_for(lambda: len(pauses.seconds) > 7)
        with pytest.raises(Undelivered):
            await platform.send(str(ann.id), Reply(title="Nobody hears this"))
        await telegram.come_back()
        await telegram.wait_for(lambda: len(telegram.shown(ann)) == 2)

    assert desk.texts == ["/before", "/during"]


async def test_waiting_between_tries_grows_to_half_a_minute_and_no_further(telegram):
    await telegram.go_down()
    pauses = Pauses()
    platform = asyncio.create_task(platform_of(telegram, pause=pauses).run())
    await telegram.wait_for(lambda: len(pauses.seconds) >= 9)
    platform.cancel()
    with suppress(asyncio.CancelledError):
        await platform

    assert 0.5 <= pauses.seconds[0] <= 1
    assert 4 <= pauses.seconds[3] <= 8
    assert all(15 <= seconds <= 30 for seconds in pauses.seconds[5:9])


@pytest.mark.parametrize(
    "fault", [Fault.proxy_page(404), Fault.proxy_page(502), Fault.server_error(), Fault.flood(3)]
)
async def test_an_answer_that_is_not_telegrams_no_is_waited_out(telegram, fault):
    desk, ann = Desk(), telegram.person("Ann")
    telegram.fail("getMe", fault)
    telegram.fail("getUpdates", fault)

    async with running(telegram, desk, pause=Pauses()):
        answer = await telegram.ask(ann, "/status")

    assert answer.text.endswith("/status")


async def test_an_outage_is_said_once_and_so_is_its_end(telegram, capsys):
    pauses = Pauses()

    async with running(telegram, Desk(), pause=pauses):
        await telegram.go_down()
        await telegram.wait_for(lambda: len(pauses.seconds) > 5)
        await telegram.come_back()
        polls = len(telegram.calls_of("getUpdates"))
        await telegram.wait_for(lambda: len(telegram.calls_of("getUpdates")) > polls)
        telegram.say(telegram.person("Ann"), "/status")
        await telegram.settled()

    said = capsys.readouterr().out
    assert said.count("telegram_unreachable") == 1
    assert said.count("telegram_reached_again") == 1


async def test_stopping_does_not_wait_for_a_long_command(telegram, monkeypatch):
    monkeypatch.setattr("bot.platforms.telegram.GRACE", 0.2)
    ended = []

    async def forever(line):
        try:
            await asyncio.sleep(600)
            yield Reply(title="Never")
        finally:
            ended.append(line.text)

    desk = Desk(backtest=forever)
    async with running(telegram, desk):
        telegram.say(telegram.person("Ann"), "/backtest")
        await telegram.wait_for(lambda: desk.lines)
        stopping_at = telegram.now()

    assert telegram.now() - stopping_at < 2
    assert ended == ["/backtest"]


async def test_stopping_lets_an_answer_under_way_arrive(telegram):
    async def soon(line):
        await asyncio.sleep(0.3)
        yield Reply(title="Just in time")

    desk, ann = Desk(status=soon), telegram.person("Ann")
    async with running(telegram, desk):
        telegram.say(ann, "/status")
        await telegram.wait_for(lambda: desk.lines)

    assert telegram.text(ann) == "Just in time"


async def test_a_failure_of_our_own_is_logged_and_the_next_line_is_answered(telegram, capsys):
    async def broken(line):
        raise RuntimeError(f"lost {TOKEN}")
        yield

    ann = telegram.person("Ann")

    async with running(telegram, Desk(status=broken)):
        telegram.say(ann, "/status")
        answer = await telegram.ask(ann, "/help")

    assert answer.text.endswith("/help")
    said = capsys.readouterr().out
    assert "telegram_update_failed" in said
    assert TOKEN not in said


async def test_the_token_is_in_no_log_and_no_exception_whatever_happens(telegram, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    ann, pauses = telegram.person("Ann"), Pauses()
    telegram.fail(
        "sendMessage", Fault.server_error(), Fault.proxy_page(502), Fault.flood(1), Fault.bad_markup()
    )

    async with running(telegram, Desk(), pause=pauses) as platform:
        await telegram.ask(ann, "/status")
        telegram.block(ann)
        with pytest.raises(ConnectionError) as blocked:
            await platform.send(str(ann.id), Reply(title="x"))
        await telegram.go_down()
        with pytest.raises(ConnectionError) as unreachable:
            await platform.send(str(ann.id), Reply(title="x"))
    await telegram.come_back()
    telegram.token_is_good = False
    off = await why_off(platform_of(telegram))
    link = Link(telegram.settings(), pauses)

    written = caplog.text + "".join(capsys.readouterr()) + f"{link.app!r} {link.app.bot!r} {vars(platform)}"
    written += "".join(everything_in(error) for error in (blocked.value, unreachable.value, off))
    assert "telegram_started" in written
    assert TOKEN not in written
    assert TOKEN.partition(":")[2] not in written
