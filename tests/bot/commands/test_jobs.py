"""Work under way as people meet it: a living message with an end button, a list, the same question again."""

import asyncio
from datetime import timedelta

import pytest

from bot.app import House
from bot.dispatcher import Line
from bot.reply import Reply
from tests.bot.desks import a_desk, leave
from trading.domain.people import Place, Role
from trading.lab.workers import Workers

MINA = Place(platform="web", user_id="9", chat_id="9", private=True)
JUN = Place(platform="web", user_id="10", chat_id="10", private=True)
LONG = "/backtest ema_cross fast=5 --timeframe 1m --symbols BTC/USDT --from 2024-06-01 --to 2024-06-30"


@pytest.fixture
async def house(tmp_path, clock):
    """A desk with one worker process; the owner and a viewer sit at browsers."""
    built = await a_desk(
        tmp_path, clock, TRADEWIND__RESEARCH__WORKERS="1", TRADEWIND__RESEARCH__PER_PERSON="2"
    )
    built.trading.lab.workers = Workers()
    await built.trading.start()
    await built.people.link("web", "9", built.owner.id)
    code = await built.people.new_code(None, {Role.VIEWER}, valid_for=timedelta(hours=1))
    await built.people.pair(JUN, "Jun", code)
    yield built
    await leave(built)


async def listen(house: House, text: str, place: Place = MINA, into: list[Reply] | None = None) -> Reply:
    line = Line(text=text, place=place, name="x", update_id=None, sent_at=None)
    heard = [] if into is None else into
    async for reply in house.dispatcher.handle(line):
        heard.append(reply)
    return heard[-1]


async def begun(house: House, number: int = 1) -> str:
    """The id of the newest job, once there are so many."""
    while len(house.trading.lab.queue.views()) < number:
        await asyncio.sleep(0.02)
    return house.trading.lab.queue.views()[-1].id


async def test_a_living_message_ends_its_own_work_at_a_press(house):
    shown: list[Reply] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(house, LONG, into=shown))
        job = await begun(house)
        while not shown:
            await asyncio.sleep(0.02)
        (button,) = shown[0].buttons[0]

        pressed = await listen(house, button.command)

    assert button.command == f"/stop-job {job}"
    assert pressed.title == "backtest ema_cross is being ended."
    assert shown[-1].failed
    assert shown[-1].title == "Stopped by owner."
    listed = await listen(house, "/jobs")
    assert [(row.label, row.value) for row in listed.rows] == [(f"{job} · backtest ema_cross", "stopped")]


async def test_others_wait_their_turn_and_nobody_ends_another_ones_work(house):
    first: list[Reply] = []
    second: list[Reply] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(house, LONG, into=first))
        job = await begun(house)
        group.create_task(listen(house, LONG, JUN, second))
        await begun(house, 2)
        while not second:
            await asyncio.sleep(0.02)

        assert second[0].text == "Next in the queue."
        refused = await listen(house, f"/stop-job {job}", JUN)
        assert refused.failed
        assert "belongs to owner" in refused.title
        mine = await listen(house, "/jobs", JUN)
        assert [row.value for row in mine.rows] == ["place 1"]
        everything = await listen(house, "/jobs")
        assert everything.title == "At work: 1, waiting: 1"
        await listen(house, f"/stop-job {job}")

    assert first[-1].title == "Stopped by owner."
    assert not second[-1].failed


async def test_a_job_is_called_as_it_was_asked_for(house):
    await listen(
        house,
        "/biascheck ema_cross fast=5 --timeframe 1h --symbols BTC/USDT --from 2024-06-01 --to 2024-07-01",
    )

    jobs = await listen(house, "/jobs")

    assert [row.label.partition(" · ")[2] for row in jobs.rows] == ["biascheck ema_cross"]


async def test_a_long_line_is_asked_again_by_its_number(house):
    first = await listen(house, f"{LONG} --fee 0.002")
    again = next(b.command for row in first.buttons for b in row if b.label == "Again")

    second = await listen(house, again)

    assert again == f"/again {house.trading.lab.queue.views()[-1].id}"
    assert second.data["metrics"] == first.data["metrics"]
    assert (await listen(house, again, JUN)).failed


async def test_a_search_that_is_ended_keeps_what_it_tried_and_says_how_to_go_on(house):
    shown: list[Reply] = []
    asked = "/optimise rsi --trials 100000 --study mine --symbols BTC/USDT"
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(house, asked, into=shown))
        job = await begun(house)
        while not any(reply.text.startswith("Best so far") for reply in shown):
            await asyncio.sleep(0.1)

        await listen(house, f"/stop-job {job}")

    assert shown[-1].title == "Stopped by owner. What it tried is kept; --join mine goes on with it."
    assert [b.command for b in shown[-2].buttons[0]] == [f"/stop-job {job}"]
