"""A storm of warnings, and an hour without the chat with a restart in it: counted on real platforms' wires."""

import asyncio
import re
import time
from datetime import UTC, datetime
from functools import partial

import pytest

from bot import app
from bot.notify import announcer, build, outbox
from bot.notify.lane import Pace
from bot.notify.outbox import Outbox
from bot.platforms import telegram_delivery
from tests.builders import an_intent, an_order
from tests.story.chats import OnDiscord, OnTelegram
from tests.story.house import House, RunningClock, a_house, an_account, settings_for, until
from trading.domain.events import OrderChanged, SleeveFailed
from trading.domain.order import OrderStatus

NOON = datetime(2025, 3, 10, 12, 0, 5, tzinfo=UTC)
MINUTE = 4.0  # seconds of the story
NOTHING = {"accounts": an_account(symbols=["BTC/USDT"]), "notify": {"escalate_after": ""}}


@pytest.fixture
def told(monkeypatch):
    """The house's notices, at twenty times their pace, as soon as there is a house."""
    known: list[build.Notices] = []

    def wire(*parts):
        known.append(build.notices(*parts))
        return known[-1]

    monkeypatch.setattr(app, "notices", wire)
    monkeypatch.setattr(build, "Outbox", partial(Outbox, pace=Pace(seconds=MINUTE)))
    monkeypatch.setattr(announcer, "GATHER_SECONDS", 1.5 * MINUTE / 60)
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", MINUTE / 60)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_SECONDS", MINUTE)
    return known


def counted(text: str) -> int:
    """How many warnings one message stands for."""
    more = re.search(r"(\d+) more are not listed", text)
    return len(re.findall(r"Order for S\d+/USDT", text)) + (int(more[1]) if more else 0)


async def test_a_thousand_warnings_in_a_minute_are_five_messages_in_each_chat_and_answers_come_at_once(
    tmp_path, told
):
    clock = RunningClock(NOON)
    async with OnTelegram() as telegram, OnDiscord() as discord:
        chats = {**telegram.sections, **discord.sections}
        async with a_house(tmp_path, clock, **chats, **NOTHING) as house:
            await discord.connect(house)
            await telegram.pair(house)
            await discord.pair(house, (await house.facts("link"))["code"])
            before = len(telegram.telegram.shown(telegram.ann)), len(discord.discord.seen_by(discord.ann))
            storm = asyncio.create_task(_storm(told[0].announcer.hear, clock))
            await asyncio.sleep(MINUTE / 4)
            asked = time.monotonic()
            await telegram.say("/version")
            await until(lambda: any("Tradewind" in m.text for m in _since(telegram, before[0])))
            answered = time.monotonic() - asked
            began = await storm
            await until(lambda: told[0].announcer.waiting == 0)
            minutes = 1 + int((time.monotonic() - began) / MINUTE)  # one, unless the machine is very busy
            await until(lambda: told[0].outbox.waiting == 0)
            await asyncio.sleep(0.3)
            on_telegram = [m.text for m in _since(telegram, before[0])]
            on_discord = [m.text for m in discord.discord.seen_by(discord.ann)][before[1] :]
        complaints = telegram.telegram.complaints, discord.discord.rejected

    for texts in (on_telegram, on_discord):
        warnings = [text for text in texts if "Order for" in text]
        assert len(warnings) <= 4 * minutes + 1
        assert sum(counted(text) for text in warnings) == 1000
        assert sorted(re.findall(r"(s\d+) failed and buys nothing", "\n".join(texts))) == sorted(
            f"s{n}" for n in range(0, 1000, 200)
        )
    assert answered < MINUTE  # most of it is the test's own waiting for silence
    assert complaints == ([], [])


def _since(telegram: OnTelegram, before: int) -> list:
    """What stands in the chat since there were so many messages."""
    return telegram.telegram.shown(telegram.ann)[before:]


async def _storm(hear, clock) -> float:
    """A thousand orders of a thousand markets refused within a minute, five strategies failing meanwhile.

    When it began.
    """
    began = time.monotonic()
    for n in range(1000):
        order = an_order(
            an_intent(client_id=f"tw-{n}", symbol=f"S{n}/USDT"), status=OrderStatus.REFUSED, note="no money"
        )
        hear("main", OrderChanged(clock(), order))
        if n % 200 == 0:
            hear("main", SleeveFailed(clock(), f"s{n}", "division by zero"))
        await asyncio.sleep(max(began + n * MINUTE * 0.5 / 1000 - time.monotonic(), 0))
    return began


async def test_an_hour_without_telegram_and_a_restart_in_it_lose_no_alert_and_repeat_none(
    tmp_path, told, monkeypatch
):
    monkeypatch.setattr(telegram_delivery, "TRIES", 1)  # so that the outage outlasts single tries
    clock = RunningClock(NOON)
    async with OnTelegram() as telegram:
        async with a_house(tmp_path, clock, **telegram.sections, **NOTHING) as house:
            await telegram.pair(house)
            before = len(telegram.telegram.shown(telegram.ann))
            await telegram.telegram.go_down()
            for n in range(6):
                await house.asked("pause", f"reason {n}")
                await house.asked("resume")
            await house.asked("kill", "enough", "!")
            clock.leap(minutes=30)
        second = House(settings_for(tmp_path, **telegram.sections, **NOTHING), clock)
        await second.until_it_said("/unkill")
        clock.leap(minutes=30)
        await telegram.telegram.come_back()
        shown = await until(lambda: _texts(telegram, before, "KILLED", "reason 5"))
        await asyncio.sleep(MINUTE)  # nothing comes twice
        later = _texts(telegram, before, "KILLED", "reason 5")
        await second.close()
        third = House(settings_for(tmp_path, **telegram.sections, **NOTHING), clock)
        await third.until_it_said("/unkill")
        await asyncio.sleep(0.5)
        after = "\n".join(_texts(telegram, before, "KILLED"))
        await third.close()

    assert shown
    everything = "\n".join(later)
    assert [everything.count(f"by owner: reason {n}") for n in range(6)] == [1] * 6
    assert everything.index("KILLED by owner: enough") >= 0
    assert after.count("KILLED by owner: enough") == everything.count("KILLED by owner: enough") == 1
    order = [everything.index(f"by owner: reason {n}") for n in range(6)]
    assert order == sorted(order)


def _texts(telegram: OnTelegram, before: int, *words: str) -> list[str]:
    """What has been shown since, once all of these words are in it."""
    texts = [m.text for m in telegram.telegram.shown(telegram.ann)][before:]
    return texts if all(any(word in text for text in texts) for word in words) else []
