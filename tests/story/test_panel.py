"""One panel in each chat: sent once, pinned, changed in place, and still the same after a restart."""

from datetime import UTC, datetime

import pytest

from bot import panel
from tests.story.chats import InTheBrowser, OnDiscord, OnTelegram
from tests.story.house import RunningClock, a_house, an_account, until

NOON = datetime(2025, 3, 10, 12, 0, 5, tzinfo=UTC)
NOTHING = {"accounts": an_account(symbols=["BTC/USDT"])}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(panel, "LOOK_SECONDS", 0.1)


async def test_the_panel_lives_in_every_chat_and_through_a_restart(tmp_path):
    clock = RunningClock(NOON)
    async with OnTelegram() as telegram, OnDiscord() as discord, InTheBrowser() as browser:
        chats = {**telegram.sections, **discord.sections}
        async with a_house(tmp_path, clock, **chats, **NOTHING) as house:
            await discord.connect(house)
            await browser.connect(house)
            await browser.pair(house)
            await telegram.pair(house)
            await discord.pair(house, (await house.facts("link"))["code"])
            said = [await chat.say("/panel") for chat in (telegram, discord, browser)]
            first = await until(lambda: _pinned(telegram, discord))
            await house.asked("pause", "lunch")
            await until(lambda: all("lunch" in message.text for message in first))
            paused = await browser.told(lambda m: _is_panel(m) and "lunch" in m["text"])
            await house.asked("resume")
            resumed = await browser.told(lambda m: _is_panel(m) and "lunch" not in m["text"])
            await house.asked("pause", "dinner")
            await until(lambda: all("dinner" in message.text for message in first))
        async with a_house(tmp_path, clock, **chats, **browser.sections, **NOTHING) as house:
            await house.asked("resume")
            await until(lambda: not any("dinner" in message.text for message in first))
            await until(lambda: all("Next report" in message.text for message in first))
            second = _pinned(telegram, discord)
            await browser.connect(house)
            await house.asked("pause", "supper")
            later = await browser.told(lambda m: _is_panel(m) and "supper" in m["text"])

            said_off = [await chat.say("/panel off") for chat in (telegram, discord, browser)]
            await until(lambda: all("ended at" in message.text for message in first))
            ended = await browser.told(lambda m: _is_panel(m) and "ended at" in m["footer"])

    assert all("The panel stays as it is" in answer.text for answer in said_off)
    assert (paused["pinned"], later["pinned"], ended["pinned"]) == (True, True, False)
    assert all("Your panel comes in a moment." in answer.text for answer in said)
    assert first == second
    assert all("Loss left today" in m.text and "Next report" in m.text for m in first)
    assert paused["id"] == resumed["id"] == later["id"]


def _pinned(telegram: OnTelegram, discord: OnDiscord) -> list:
    """The pinned message of each chat, once both have exactly one."""
    found = [
        [m for m in telegram.telegram.shown(telegram.ann) if m.pinned],
        [m for m in discord.discord.messages if m.pinned],
    ]
    assert all(len(pinned) <= 1 for pinned in found)
    return [pinned[0] for pinned in found] if all(found) else []


def _is_panel(message: dict) -> bool:
    return message["title"].startswith("Equity") and any(row["label"] == "Health" for row in message["rows"])
