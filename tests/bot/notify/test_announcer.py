"""Who hears of what, how loudly and in which place; what is one incident; who is called when nobody cares."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.notify import announcer, living, outbox
from bot.notify.acting import ACTING
from bot.notify.build import Notices, notices
from bot.reply import Reply, Tone
from tests.bot.notify.desk import FakePlatform, a_database, until
from tests.builders import a_fill
from tests.fakes.clock import HandClock
from trading.domain.events import (
    FeedLost,
    FeedRestored,
    OrderFilled,
    SleeveFailed,
    TradingHalted,
    TradingResumed,
)
from trading.domain.notice import Severity
from trading.domain.people import Person, Quiet, Role
from trading.domain.risk import Halt, HaltKind
from trading.incidents import Incidents
from trading.settings import Notify
from trading.store.notices import NoticeStore
from trading.store.store import Store

OWNER = Person(id=1, name="ann", roles=frozenset({Role.OWNER}), language="en", zone="UTC", account="main")
TRADER = Person(
    id=2, name="봄", roles=frozenset({Role.TRADER}), language="ko", zone="Asia/Seoul", account="main"
)


@dataclass
class People:
    """Chats by address, and whose they are."""

    chats: dict[str, Person] = field(default_factory=lambda: {"telegram:1": OWNER, "telegram:2": TRADER})

    async def readers(self, topic: str, account: str) -> list[tuple[str, Person]]:
        return list(self.chats.items())

    async def owner(self) -> Person:
        return OWNER


@dataclass
class Desk:
    """Notices on a real database and a chat of plain lists."""

    notices: Notices
    telegram: FakePlatform
    discord: FakePlatform
    mail: FakePlatform
    clock: HandClock
    incidents: Incidents
    people: People

    def hear(self, *events: Any, asked_in: str = "") -> None:
        token = ACTING.set(asked_in)
        for event in events:
            self.notices.announcer.hear("main", event)
        ACTING.reset(token)

    async def told(self, count: int) -> list[str]:
        """The titles of all messages once there are so many."""
        await until(lambda: len(self.telegram.messages) + len(self.discord.messages) >= count)
        await asyncio.sleep(0.05)
        return [f"{m.chat}: {m.reply.title}" for m in (*self.telegram.messages, *self.discord.messages)]


class Identities(NoticeStore):
    """The owner is 1 on Telegram and 77 on Discord, the trader 2 on Telegram."""

    async def identities(self, person_id: int) -> dict[str, str]:
        return {1: {"telegram": "1", "discord": "77"}, 2: {"telegram": "2"}}[person_id]


@asynccontextmanager
async def a_desk(folder, **settings: Any):
    url = a_database(folder)
    clock, people = HandClock(), People()
    store = await Store.open(url, clock)
    incidents = Incidents(Identities(store.database), clock)
    trading = SimpleNamespace(
        settings=SimpleNamespace(notify=Notify(**settings)),
        incidents=incidents,
        clock=clock,
        header=lambda account: f"PAPER · {account}",
        listen=lambda hear: None,
    )
    telegram, discord, mail = (FakePlatform(name) for name in ("telegram", "discord", "apprise"))
    wired = notices(trading, people, {"telegram": telegram, "discord": discord, "apprise": mail})
    loops = [asyncio.create_task(loop()) for loop in (wired.announcer.run, wired.outbox.run)]
    try:
        yield Desk(wired, telegram, discord, mail, clock, incidents, people)
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await store.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(announcer, "GATHER_SECONDS", 0.02)
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", 0.01)


def halted(desk: Desk, kind: HaltKind = HaltKind.PAUSE, by: str = "ann") -> TradingHalted:
    now = desk.clock()
    return TradingHalted(now, Halt(kind=kind, reason="lunch", by=by, since=now))


# --- who and how --------------------------------------------------------------------------------------------


async def test_info_is_silent_and_worse_is_loud_in_each_language(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(OrderFilled(desk.clock(), a_fill(at=desk.clock())))
        await desk.told(2)
        desk.hear(FeedLost(desk.clock(), "silence"))
        titles = await desk.told(4)

    assert [m.silent for m in desk.telegram.messages] == [True, True, False, False]
    assert titles[2:] == ["1: No fresh prices: silence", "2: 시세 끊김: silence"]
    assert {m.reply.header for m in desk.telegram.messages} == {"PAPER · main"}


async def test_routes_lead_by_severity_and_topic_with_mentions_and_every_chat_once(tmp_path):
    settings = {
        "places": {"log": "discord:500", "alerts": "discord:600"},
        "routes": {
            "info": ["log"],
            "warning": ["alerts @here"],
            "emergency": ["alerts @owner", "discord:owner", "telegram:owner"],
            "trades": ["log", "telegram:-100/7"],
            "reports": ["apprise:mail", "discord:owner"],
        },
        "services": {"mail": "mailtos://user:password@example.org"},
    }
    async with a_desk(tmp_path, **settings) as desk:
        desk.people.chats = {"telegram:1": OWNER}
        desk.hear(OrderFilled(desk.clock(), a_fill(at=desk.clock())))
        await desk.told(3)
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(5)
        desk.hear(halted(desk, HaltKind.KILL))
        await desk.told(8)
        await desk.notices.announcer.tell("main", "reports", a_report, Severity.INFO)
        await desk.told(11)

    assert [m.chat for m in desk.telegram.messages] == ["1", "-100/7", "1", "1", "1"]
    assert [(m.chat, m.reply.title) for m in desk.mail.messages] == [("mail", "The day, for ann")]
    assert [(m.chat, m.mention, m.silent) for m in desk.discord.messages] == [
        ("500", "", True),
        ("600", "@here", False),
        ("600", "77", False),
        ("dm:77", "", False),
        ("500", "", True),  # a report is information, too
        ("dm:77", "", True),
    ]


async def a_report(person: Person) -> Reply:
    return Reply(title=f"The day, for {person.name}")


async def test_a_report_goes_only_to_those_it_is_meant_for(tmp_path):
    async with a_desk(tmp_path) as desk:
        tell = desk.notices.announcer.tell
        await tell("main", "reports", a_report, Severity.INFO, whom=lambda person: person.zone != "UTC")
        told = await desk.told(1)

    assert told == ["2: The day, for 봄"]


async def test_what_somebody_did_is_no_news_to_the_chat_they_did_it_in(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(halted(desk), asked_in="telegram:1")
        first = await desk.told(1)
        desk.hear(TradingResumed(desk.clock(), HaltKind.PAUSE, "봄"), asked_in="telegram:2")
        both = await desk.told(2)

    assert first == ["2: 신규 진입 정지 (ann): lunch"]
    assert both[1].startswith("1: Entries are open again")


async def test_a_rule_may_be_switched_off_or_made_louder(tmp_path):
    rules = {"paused": "off", "no_prices": "critical"}
    async with a_desk(tmp_path, rules=rules) as desk:
        desk.hear(halted(desk), FeedLost(desk.clock(), "silence"))
        await desk.told(2)

    assert [i.severity for i in desk.incidents.open()] == [Severity.CRITICAL]
    assert len(desk.telegram.messages) == 2


async def test_in_quiet_hours_fills_wait_warnings_are_silent_and_the_critical_is_loud(tmp_path):
    async with a_desk(tmp_path) as desk:
        night = Quiet(start=time(11), end=time(13))
        sleeper = Person(
            id=1,
            name="ann",
            roles=frozenset({Role.OWNER}),
            language="en",
            zone="UTC",
            account="main",
            quiet=night,
        )
        desk.people.chats = {"telegram:1": sleeper}
        desk.hear(OrderFilled(desk.clock(), a_fill(at=desk.clock())))
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(1)
        desk.hear(SleeveFailed(desk.clock(), "rsi", "division by zero"))
        at_noon = await desk.told(2)
        desk.clock.advance(timedelta(hours=1))
        desk.hear(FeedRestored(desk.clock(), 60))
        after = await desk.told(3)

    assert [title.split(":")[1][:9] for title in at_noon] == [" No fresh", " rsi fail"]
    assert [m.silent for m in desk.telegram.messages[:2]] == [True, False]
    digest = desk.telegram.messages[2].reply
    assert len(after) == 3
    assert digest.text == "2 messages were kept while it was quiet."


# --- one incident, one message ------------------------------------------------------------------------------


async def test_what_is_seen_again_changes_its_message_until_it_is_over(tmp_path, monkeypatch):
    async with a_desk(tmp_path) as desk:
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(2)
        for _ in range(40):
            desk.clock.advance(10)
            desk.hear(FeedLost(desk.clock(), "silence"))
        await until(lambda: desk.incidents.open()[0].count == 41)
        await desk.notices.living.draw()
        going_on = desk.telegram.messages[0].reply
        desk.clock.advance(20)
        desk.hear(FeedRestored(desk.clock(), 2))
        await until(lambda: not desk.incidents.open())
        await desk.notices.living.draw()
        (incident,) = await desk.incidents.store.incidents()

    over = desk.telegram.messages[0].reply
    assert len(desk.telegram.messages) == 2
    assert going_on.text == "Seen 41×, last at 5 Aug 12:06."
    assert [b.label for b in going_on.buttons[0]] == ["Acknowledge", "Snooze 1 h"]
    assert over.title == "Over: No fresh prices: silence"
    assert over.text == "Seen 41×, last at 5 Aug 12:06.\nIt lasted 7 min, until 5 Aug 12:07."
    assert desk.telegram.messages[1].reply.title == "종료: 시세 끊김: silence"
    assert over.footer == f"#{incident.id}"


async def test_who_takes_care_of_it_is_seen_in_every_chat_and_nothing_is_edited_without_need(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(2)
        await desk.notices.living.draw()
        untouched = [m.edits for m in desk.telegram.messages]
        await desk.incidents.ack(desk.incidents.open()[0].id, "봄")
        for _ in range(3):
            await desk.notices.living.draw()

    assert untouched == [0, 0]
    assert [m.edits for m in desk.telegram.messages] == [1, 1]
    assert desk.telegram.messages[0].reply.text == "봄 takes care of it, since 5 Aug 12:00."
    assert [b.label for b in desk.telegram.messages[0].reply.buttons[0]] == ["Snooze 1 h"]


async def test_an_edit_that_fails_is_made_later_and_a_deleted_message_is_left_alone(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(2)
        desk.hear(FeedLost(desk.clock(), "silence"))
        await until(lambda: desk.incidents.open()[0].count == 2)
        desk.telegram.away = True
        await desk.notices.living.draw()
        desk.telegram.away = False
        await desk.notices.living.draw()
        edited = [m.edits for m in desk.telegram.messages]
        desk.telegram.messages.clear()
        desk.hear(FeedLost(desk.clock(), "silence"))
        await until(lambda: desk.incidents.open()[0].count == 3)
        await desk.notices.living.draw()

        assert edited == [1, 1]
        assert await desk.incidents.store.shown("incident/") == []


async def test_a_message_in_a_chat_that_is_closed_is_let_go_and_not_edited_for_ever(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(2)
        desk.telegram.closed.add("2")
        desk.hear(FeedLost(desk.clock(), "silence"))
        await until(lambda: desk.incidents.open()[0].count == 2)
        await desk.notices.living.draw()
        shown = [s.chat for s in await desk.incidents.store.shown("incident/")]

    assert shown == ["1"]
    assert [m.edits for m in desk.telegram.messages] == [1, 0]


MILD = {"strategy_failed": "warning"}  # so that several share a message


async def test_a_message_of_several_incidents_changes_with_each_of_them(tmp_path):
    async with a_desk(tmp_path, rules=MILD) as desk:
        desk.people.chats = {"telegram:1": OWNER}
        desk.telegram.away = True
        desk.hear(*(SleeveFailed(desk.clock(), name, "no") for name in ("rsi", "macd", "grid")))
        await until(lambda: desk.notices.outbox.waiting == 3)
        desk.telegram.away = False
        await desk.told(1)
        (together,) = desk.telegram.messages
        told = [together.reply.title, *(row.label for row in together.reply.rows)]
        desk.clock.advance(60)
        desk.hear(SleeveFailed(desk.clock(), "macd", "no"))
        await until(lambda: any(i.count == 2 for i in desk.incidents.open()))
        await desk.notices.living.draw()
        again = together.reply
        for incident in desk.incidents.open():
            desk.incidents.over(incident.account, incident.key, desk.clock())
        await desk.notices.living.draw()

    assert len(desk.telegram.messages) == 1
    assert [text.split()[0] for text in told] == ["rsi", "macd", "grid"]
    assert [(row.label.split()[0], row.detail) for row in again.rows] == [
        ("macd", "Seen 2×, last at 5 Aug 12:01."),
        ("grid", ""),
    ]
    assert together.edits == 2  # once a round, however many of them have changed
    assert [row.label.split()[:2] for row in together.reply.rows] == [["Over:", "macd"], ["Over:", "grid"]]
    assert together.reply.tone is Tone.GOOD


async def test_fills_are_not_put_among_alerts_that_will_change(tmp_path):
    async with a_desk(tmp_path, rules=MILD) as desk:
        desk.people.chats = {"telegram:1": OWNER}
        desk.telegram.away = True
        desk.hear(
            SleeveFailed(desk.clock(), "rsi", "no"),
            OrderFilled(desk.clock(), a_fill()),
            SleeveFailed(desk.clock(), "macd", "no"),
        )
        await until(lambda: desk.notices.outbox.waiting == 3)
        desk.telegram.away = False
        titles = await desk.told(2)

    alerts, fill = desk.telegram.messages
    assert [len(alerts.reply.rows), "macd failed" in alerts.reply.rows[0].label] == [1, True]
    assert "Bought" in titles[1]
    assert fill.reply.tone is Tone.PLAIN


# --- when nobody cares --------------------------------------------------------------------------------------


async def test_a_critical_alert_calls_the_owner_then_others_until_somebody_acknowledges(tmp_path):
    async with a_desk(tmp_path, escalate_to=["discord:900"]) as desk:
        desk.people.chats = {"telegram:-5": OWNER, "telegram:2": TRADER}
        desk.hear(SleeveFailed(desk.clock(), "rsi", "division by zero"))
        await desk.told(2)
        counts = []
        for minutes, messages in ((4, 2), (2, 4), (5, 8), (60, 8)):
            desk.clock.advance(timedelta(minutes=minutes))
            await desk.notices.escalation.look()
            await desk.told(messages)
            await asyncio.sleep(0.1)  # time enough for one too many
            counts.append([m.chat for m in (*desk.telegram.messages[2:], *desk.discord.messages)])

    assert counts[0] == []
    assert sorted(counts[1]) == ["1", "dm:77"]
    assert sorted(counts[2]) == sorted(["1", "dm:77", "1", "2", "dm:77", "900"])
    assert counts[3] == counts[2]  # twice is enough for what is not an emergency
    assert desk.discord.messages[0].reply.title.startswith("Nobody has acknowledged: rsi failed")


async def test_an_acknowledged_or_snoozed_alert_calls_nobody(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(SleeveFailed(desk.clock(), "rsi", "x"), SleeveFailed(desk.clock(), "macd", "y"))
        await desk.told(4)
        first, second = desk.incidents.open()
        await desk.incidents.ack(first.id, "봄")
        await desk.incidents.snooze(second.id, timedelta(hours=2), "봄")
        desk.clock.advance(timedelta(hours=1))
        await desk.notices.escalation.look()
        await asyncio.sleep(0.1)

    assert len(desk.telegram.messages) == 4


async def test_an_emergency_is_repeated_until_it_is_acknowledged(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(halted(desk, HaltKind.KILL))
        await desk.told(2)
        for _ in range(5):
            desk.clock.advance(timedelta(minutes=5))
            await desk.notices.escalation.look()
        await until(lambda: len(desk.discord.messages) == 6)
        await desk.incidents.ack(desk.incidents.open()[0].id, "ann")
        desk.clock.advance(timedelta(minutes=30))
        await desk.notices.escalation.look()
        await asyncio.sleep(0.1)

    assert len(desk.discord.messages) == 6  # once, and five times again


async def test_who_killed_the_desk_is_not_called_because_of_it_and_others_see_who_it_was(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.hear(halted(desk, HaltKind.KILL), asked_in="telegram:1")
        await desk.told(2)
        desk.clock.advance(timedelta(hours=1))
        await desk.notices.escalation.look()
        await asyncio.sleep(0.1)

    (message,) = desk.telegram.messages
    assert (message.chat, message.reply.text) == ("2", "담당: ann (8월 5일 21:00부터).")
    assert [m.chat for m in desk.discord.messages] == ["dm:77"]  # in private, as every emergency, and once


# --- bad chats ----------------------------------------------------------------------------------------------


async def test_a_lost_chat_is_told_once_elsewhere_and_is_over_when_it_comes_back(tmp_path):
    async with a_desk(tmp_path) as desk:
        desk.telegram.closed.add("2")
        for reason in ("one", "two"):
            desk.hear(SleeveFailed(desk.clock(), reason, "x"))
            await asyncio.sleep(0.15)
        await until(lambda: any("takes no messages" in title for title in desk.telegram.titles("1")))
        titles = await desk.told(3)
        lost = [i.key for i in desk.incidents.open() if i.key.startswith("chat_lost")]
        desk.telegram.closed.clear()
        desk.hear(SleeveFailed(desk.clock(), "three", "x"))
        await until(lambda: not [i for i in desk.incidents.open() if i.key.startswith("chat_lost")])
        await until(lambda: sum("failed" in title for title in desk.telegram.titles("1")) >= 3)

    assert lost == ["chat_lost:telegram:2"]
    told = [t for t in titles if "takes no messages any more" in t]
    assert told == ["1: telegram:2 takes no messages any more, so others are told instead"]
    assert sum("failed" in m.reply.title for m in desk.telegram.messages if m.chat == "1") == 3


async def test_a_topic_that_is_gone_is_told_once_and_what_was_meant_for_it_arrives(tmp_path):
    gone = "The topic 7 of the Telegram group is gone, so it was sent to the group itself."
    async with a_desk(tmp_path) as desk:
        desk.people.chats = {"discord:-5/7": OWNER, "telegram:1": OWNER}
        desk.discord.note = gone
        for name in ("rsi", "macd", "grid"):
            desk.hear(SleeveFailed(desk.clock(), name, "x"))
            await until(lambda name=name: any(name in m.reply.title for m in desk.discord.messages))
        await until(lambda: any("went elsewhere" in m.reply.title for m in desk.telegram.messages))
        await asyncio.sleep(0.2)

    arrived = [m for m in desk.discord.messages if "failed" in m.reply.title]
    told = [m.reply.title for m in desk.telegram.messages if "went elsewhere" in m.reply.title]
    assert len(arrived) == 3
    assert told == ["A message for discord:-5/7 went elsewhere"]


async def test_edit_rounds_are_run_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(living, "EDIT_SECONDS", 0.05)
    async with a_desk(tmp_path) as desk:
        running = asyncio.create_task(desk.notices.living.run())
        desk.hear(FeedLost(desk.clock(), "silence"))
        await desk.told(2)
        desk.hear(FeedLost(desk.clock(), "silence"))
        await until(lambda: all(m.edits == 1 for m in desk.telegram.messages))
        running.cancel()

    assert "Seen 2×" in desk.telegram.messages[0].reply.text
