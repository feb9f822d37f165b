"""The first conversation with a new desk, word for word the same on Telegram, on Discord and in the browser."""

from datetime import UTC, datetime

import pytest

from tests.story.chats import EVERYWHERE, PNG, Answer, Chat
from tests.story.house import House, RunningClock, a_house

NOON = datetime(2025, 3, 10, 12, 0, 20, tzinfo=UTC)  # a day on which the new account holds something
everywhere = pytest.mark.parametrize("chat", EVERYWHERE.values(), ids=EVERYWHERE.keys())


class Conversation:
    """Says lines and presses buttons, and keeps what was answered."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.heard: list[Answer] = []

    async def says(self, line: str) -> Answer:
        self.heard.append(await self.chat.say(line))
        return self.heard[-1]

    async def presses(self, answer: Answer, label: str) -> Answer:
        self.heard.append(await self.chat.press(answer, label))
        return self.heard[-1]


@everywhere
async def test_the_first_conversation(chat, tmp_path):
    async with chat() as chat:
        clock, ann = RunningClock(NOON), Conversation(chat)
        async with a_house(tmp_path, clock, **chat.sections) as house:
            await chat.connect(house)

            await _a_stranger_learns_nothing(chat)
            ann.heard.append(await chat.pair(house))
            status = await _looks_around(ann)
            tuned = await _tunes_a_strategy(ann, house)
            await _kills(ann, house)

        async with a_house(tmp_path, clock, **chat.sections) as house:
            await chat.connect(house)

            await _finds_it_still_killed(ann, house, status, tuned)
            await _lifts_the_kill(ann, house)

    assert "Welcome to your desk" in ann.heard[0].text
    assert [a.text for a in ann.heard if "PAPER · main" not in a.text.splitlines()[0]] == []


async def _a_stranger_learns_nothing(chat: Chat) -> None:
    seen = await chat.as_a_stranger("/status")

    assert "pairing code" in seen
    assert "USDT" not in seen
    assert "PAPER" not in seen


async def _looks_around(ann: Conversation) -> Answer:
    status = await ann.says("/status")
    balance = await ann.says("/balance")
    trades = await ann.says("/trades")
    equity = await ann.says("/equity")
    chart = await ann.says("/chart BTC/USDT")
    lost = await ann.says("/statsu")

    assert "Loss left today" in status.text
    assert "Free cash" in balance.text
    closed = next(line for line in trades.text.splitlines() if "closed trades" in line)
    assert int(closed.split()[0]) >= 20
    assert [p[:8] for p in (*equity.pictures, *chart.pictures)] == [PNG, PNG]
    assert "Equity" in equity.text
    assert {"15m", "1h", "4h", "1d"} <= set(chart.labels)
    assert "Did you mean /status?" in lost.text
    return status


async def _tunes_a_strategy(ann: Conversation, house: House) -> Answer:
    tuned = await ann.says("/set ema_cross fast=11")
    while_tuned = await _fast(house)
    undone = await ann.presses(tuned, "Undo")

    assert "9 → 11" in tuned.text
    assert while_tuned == 11
    assert "11 → 9" in undone.text
    assert await _fast(house) == 9
    return undone


async def _kills(ann: Conversation, house: House) -> None:
    before = await house.facts("status")
    asked = await ann.says("/kill too hot today")
    waiting = await house.facts("status")
    killed = await ann.presses(asked, asked.labels[0])
    after = await house.facts("status")

    assert len(before["holdings"]) > 0
    assert asked.labels[0].startswith("Sell everything ≈ ")
    assert waiting["holdings"] == before["holdings"]
    assert [halt["kind"] for halt in waiting["halts"]] == ["pause"]
    assert "Everything is flat" in killed.text
    assert (after["holdings"], [halt["kind"] for halt in after["halts"]]) == ([], ["pause", "kill"])
    assert "No open positions" in (await ann.says("/positions")).text


async def _finds_it_still_killed(ann: Conversation, house: House, status: Answer, tuned: Answer) -> None:
    refreshed = await ann.presses(status, "Refresh")
    redone = await ann.presses(tuned, "Undo")

    assert "KILLED by" in refreshed.text
    assert "too hot today" in refreshed.text
    assert "Lift the kill" in refreshed.labels
    assert "9 → 11" in redone.text
    assert await _fast(house) == 11
    assert (await house.facts("positions")) == []


async def _lifts_the_kill(ann: Conversation, house: House) -> None:
    """A yes in the browser that the terminal's link opened is enough; elsewhere it takes the terminal itself."""
    asked = await ann.says("/unkill")
    still = await house.facts("status")
    lifted = await ann.presses(asked, "Lift the kill and trade again")

    assert "kill" in [halt["kind"] for halt in still["halts"]]
    if "The kill is lifted" not in lifted.text:
        assert "a yes from this chat alone is not enough" in lifted.text
        assert (await house.facts("status"))["halts"] == still["halts"]
        assert (await house.asked("unkill", "!")).title.startswith("The kill is lifted")
    assert (await house.facts("status"))["halts"] == []


async def _fast(house: House) -> int:
    sleeves = (await house.facts("status"))["sleeves"]
    return next(s["params"]["fast"] for s in sleeves if s["name"] == "ema_cross")
