"""Slow work: Telegram says that something comes, progress lives in one message, and no outage holds it up."""

import asyncio
from dataclasses import replace

import pytest

from bot.reply import Button, Reply
from tests.bot.platforms.telegram_desk import COMMANDS, Desk, Pauses, picture, running
from tests.fakes.clock import HandClock
from tests.fakes.telegram import FakeTelegram, Fault

DONE = Reply(title="Backtest: +4.2%")


@pytest.fixture(autouse=True)
def quick_stop(monkeypatch):
    monkeypatch.setattr("bot.platforms.telegram.GRACE", 0.1)


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server
        assert server.complaints == []


async def test_quick_work_needs_no_hint(telegram):
    ann = telegram.person("Ann")

    async with running(telegram, Desk()):
        await telegram.ask(ann, "/status")
        await telegram.settled()

    assert telegram.hints == []


async def test_work_of_more_than_a_second_shows_typing(telegram):
    async def slow(line):
        await asyncio.sleep(1.3)
        yield DONE

    ann = telegram.person("Ann")

    async with running(telegram, Desk(backtest=slow)):
        answer = await telegram.ask(ann, "/backtest")

    assert telegram.hints == [(ann.id, "typing")]
    assert answer.text == "Backtest: +4.2%"


async def test_a_chart_that_takes_long_is_announced_as_a_picture(telegram):
    async def slow(line):
        await asyncio.sleep(1.3)
        yield Reply(title="Equity", images=(picture(),))

    ann = telegram.person("Ann")
    commands = COMMANDS | {"equity": replace(COMMANDS["status"], name="equity", group="pictures")}

    async with running(telegram, Desk(equity=slow), commands=commands):
        await telegram.ask(ann, "/equity 7d")

    assert telegram.hints == [(ann.id, "upload_photo")]


async def test_a_hint_that_fails_costs_nothing(telegram):
    async def slow(line):
        await asyncio.sleep(1.3)
        yield DONE

    ann = telegram.person("Ann")
    telegram.fail("sendChatAction", Fault.server_error())

    async with running(telegram, Desk(backtest=slow)):
        answer = await telegram.ask(ann, "/backtest")

    assert answer.text == "Backtest: +4.2%"


async def test_progress_lives_in_one_message_that_the_answer_replaces(telegram):
    clock = HandClock()
    seen: list[str] = []

    async def work(line):
        for done in (0.0, 0.5):
            yield Reply(title="Backtest", progress=done)
            await telegram.wait_for(lambda done=done: f"{done:.0%}" in telegram.text(ann))
            seen.append(telegram.last(ann).text)
            clock.advance(2)
        yield DONE

    ann = telegram.person("Ann")

    async with running(telegram, Desk(backtest=work), clock=clock):
        telegram.say(ann, "/backtest")
        await telegram.wait_for(lambda: telegram.text(ann) == "Backtest: +4.2%")

    assert seen == ["Backtest\n▱▱▱▱▱▱▱▱▱▱ 0%", "Backtest\n▰▰▰▰▰▱▱▱▱▱ 50%"]
    assert len(telegram.shown(ann)) == 1
    assert telegram.last(ann).edits == 2


async def test_progress_is_drawn_at_most_every_two_seconds(telegram):
    clock = HandClock()

    async def work(line):
        for percent in range(100):
            yield Reply(title="Backtest", progress=percent / 100)
            clock.advance(0.1)
            await asyncio.sleep(0.002)
        yield DONE

    ann = telegram.person("Ann")

    async with running(telegram, Desk(backtest=work), clock=clock):
        telegram.say(ann, "/backtest")
        await telegram.wait_for(lambda: telegram.text(ann) == "Backtest: +4.2%")

    assert 2 <= telegram.last(ann).edits <= 6


async def test_a_picture_as_the_answer_takes_the_place_of_progress(telegram):
    async def work(line):
        yield Reply(title="Drawing", progress=0.0)
        await telegram.wait_for(lambda: telegram.shown(ann))
        yield Reply(title="Equity", images=(picture(),))

    ann = telegram.person("Ann")

    async with running(telegram, Desk(equity=work)):
        telegram.say(ann, "/equity")
        await telegram.wait_for(lambda: telegram.calls_of("deleteMessage"))

    assert [message.kind for message in telegram.shown(ann)] == ["photo"]


async def test_progress_that_somebody_deleted_is_not_missed(telegram):
    async def work(line):
        yield Reply(title="Drawing", progress=0.0)
        await telegram.wait_for(lambda: telegram.shown(ann))
        telegram.last(ann).deleted = True
        yield Reply(title="Equity", images=(picture(),))

    ann = telegram.person("Ann")

    async with running(telegram, Desk(equity=work)):
        telegram.say(ann, "/equity")
        await telegram.wait_for(lambda: telegram.calls_of("deleteMessage"))
        answer = await telegram.ask(ann, "/status")

    assert answer.text.endswith("/status")


async def test_progress_of_a_pressed_button_is_shown_in_the_pressed_message(telegram):
    async def work(line):
        yield Reply(title="Backtest", progress=0.5)
        await telegram.wait_for(lambda: telegram.last(ann).edits == 1)
        yield DONE

    ann = telegram.person("Ann")
    panel = Reply(title="Panel", buttons=((Button("Backtest", "/backtest"),),))

    async with running(telegram, Desk(backtest=work, status=panel)):
        await telegram.ask(ann, "/status")
        telegram.press(ann, "Backtest")
        await telegram.wait_for(lambda: telegram.last(ann).edits == 2)

    assert [message.text for message in telegram.shown(ann)] == ["Backtest: +4.2%"]


async def test_several_answers_are_several_messages(telegram):
    ann = telegram.person("Ann")
    answers = [Reply(title="First"), Reply(title="Second")]

    async with running(telegram, Desk(status=answers)):
        telegram.say(ann, "/status")
        await telegram.wait_for(lambda: len(telegram.shown(ann)) == 2)

    assert [message.text for message in telegram.shown(ann)] == ["First", "Second"]


async def test_a_command_runs_to_its_end_while_telegram_takes_nothing(telegram):
    sold = asyncio.Event()

    async def kill(line):
        yield Reply(title="Cancelling", progress=0.1)
        yield Reply(title="Selling", progress=0.6)
        sold.set()
        yield Reply(title="Everything is sold")

    ann = telegram.person("Ann")
    telegram.fail("sendMessage", *[Fault.flood(100)] * 3)

    async with running(telegram, Desk(kill=kill)):
        telegram.say(ann, "/kill")
        await asyncio.wait_for(sold.wait(), 2)

    assert telegram.shown(ann) == []


async def test_an_answer_that_cannot_be_delivered_does_not_stop_the_next_line(telegram):
    ann = telegram.person("Ann")
    telegram.fail("sendMessage", *[Fault.server_error()] * 4)

    async with running(telegram, Desk(), pause=Pauses()):
        telegram.say(ann, "/first")
        await telegram.wait_for(lambda: len(telegram.calls_of("sendMessage")) == 4)
        answer = await telegram.ask(ann, "/second")

    assert answer.text.endswith("/second")
    assert len(telegram.shown(ann)) == 1


async def test_a_long_command_in_one_chat_holds_up_nobody_else(telegram):
    async def forever(line):
        await asyncio.sleep(60)
        yield DONE

    ann = telegram.person("Ann")

    async with running(telegram, Desk(backtest=forever)):
        telegram.say(ann, "/backtest")
        answer = await telegram.ask(ann, "/kill")

    assert answer.text.endswith("/kill")
