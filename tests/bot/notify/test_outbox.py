"""What must arrive arrives, once, in order, through outages and restarts; nobody is flooded; nothing urgent waits."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.notify import lane, outbox
from bot.notify.lane import Pace
from bot.reply import Button, File, Image, Reply, Row, Tone
from tests.bot.notify.desk import Post, told_in, until
from trading.domain.notice import Severity

INFO, WARNING, CRITICAL, EMERGENCY = Severity


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A second between two messages is ten milliseconds here."""
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(outbox, "INK_PAUSE_SECONDS", 0.02)


@pytest.fixture
def post() -> Post:
    return Post()


# --- a storm ----------------------------------------------------------------------------------------------


async def test_a_thousand_warnings_in_a_minute_are_five_messages_and_nothing_critical_is_lost(post):
    minute = 3.0  # seconds, here; the storm is over before it is, on a slow machine, too
    post.pace = Pace(seconds=minute)
    loop = asyncio.get_running_loop()
    asked: dict[str, float] = {}

    async with post.open() as desk:
        began = loop.time()
        for n in range(1000):
            desk.put(post.parcel(f"warning {n}"))
            if n % 100 == 50:
                desk.put(post.parcel(f"critical {n}", CRITICAL))
            if n % 250 == 100:
                asked[f"approval {n}"] = loop.time()
                desk.put(post.parcel(f"approval {n}", WARNING, urgent=True))
            await asyncio.sleep(max(began + n * minute * 0.5 / 1000 - loop.time(), 0))
        minutes = 1 + int((loop.time() - began) / minute)  # one, unless the machine is very busy
        await until(lambda: desk.waiting == 0, within=20)

    messages = post.platform.messages
    ordinary = [m for m in messages if m.reply.title.startswith("warning")]
    assert len(ordinary) <= 4 * minutes + 1
    assert sum(told_in(m.reply) for m in ordinary) == 1000
    assert [t for t in post.platform.titles() if t.startswith("critical")] == [
        f"critical {n}" for n in range(50, 1000, 100)
    ]
    waited = [m.at - asked[m.reply.title] for m in messages if m.reply.title in asked]
    assert len(waited) == 4
    assert max(waited) < minute / 4  # an approval never stands behind the storm
    assert post.ears.lost == []


async def test_an_emergency_is_a_message_of_its_own_at_once_whatever_waits(post):
    post.pace = Pace(most=1, seconds=30)

    async with post.open() as desk:
        for n in range(50):
            desk.put(post.parcel(f"fill {n}", INFO))
        await until(lambda: len(post.platform.messages) == 1)
        for n in range(50):
            desk.put(post.parcel(f"late fill {n}", INFO))
        desk.put(post.parcel("KILLED", EMERGENCY))
        await until(lambda: "KILLED" in post.platform.titles())

    assert len(post.platform.messages) == 2


async def test_what_comes_together_is_told_together_the_worst_first(post):
    async with post.open() as desk:
        desk.put(post.parcel("Bought 1 BTC", INFO, silent=True))
        desk.put(post.parcel("No fresh prices", WARNING, mention="@here"))
        desk.put(post.parcel("Sold 1 ETH", INFO, silent=True))
        await until(lambda: post.platform.messages)

    (message,) = post.platform.messages
    assert message.reply.title == "No fresh prices"
    assert [row.label for row in message.reply.rows] == ["Bought 1 BTC", "Sold 1 ETH"]
    assert (message.silent, message.mention, message.reply.header) == (False, "@here", "PAPER · main")


async def test_pictures_and_reports_are_never_swallowed_by_others(post):
    picture = Reply(title="The day", images=(Image(b"png", "day.png", "alt"),))
    report = Reply(title="I was away", rows=(Row("Orders filled", "3"),))

    async with post.open() as desk:
        desk.put(post.parcel("Bought 1 BTC", INFO))
        for reply, alone in ((picture, False), (report, True)):
            told = post.parcel("", INFO, alone=alone)
            desk.put(replace(told, reply=reply))
        await until(lambda: len(post.platform.messages) == 3)

    assert post.platform.titles() == ["Bought 1 BTC", "The day", "I was away"]


# --- an outage and a restart --------------------------------------------------------------------------------


async def test_an_hour_without_the_chat_and_a_restart_lose_nothing_and_repeat_nothing(post):
    post.platform.away = True
    async with post.open() as desk:
        for n in range(3):
            desk.put(post.parcel(f"critical {n}", CRITICAL, incident=f"abc{n}"))
        for n in range(8):
            desk.put(post.parcel(f"warning {n}"))
            desk.put(post.parcel(f"fill {n}", INFO))
        await until(lambda: post.platform.tries > 5 and len(post.ink.rows) == 11)

    post.clock.advance(timedelta(hours=1))
    async with post.open() as desk:
        await until(lambda: post.platform.tries > 10)
        post.platform.away = False
        await until(lambda: desk.waiting == 0 and not post.ink.rows)

    async with post.open() as desk:
        await asyncio.sleep(0.05)

    critical = [title for title in post.platform.titles() if title.startswith("critical")]
    (warnings,) = [m.reply for m in post.platform.messages if m.reply.title.startswith("warning")]
    assert critical == ["critical 0", "critical 1", "critical 2"]
    assert [warnings.title, *(row.label for row in warnings.rows)] == [f"warning {n}" for n in range(8)]
    assert len(post.platform.messages) == 4  # of the fills nothing was written down: they were good to know


async def test_what_was_on_its_way_when_the_process_died_is_sent_again_and_says_so(post):
    post.platform.silent_after = True
    async with post.open() as desk:
        desk.put(post.parcel("critical", CRITICAL))
        await until(lambda: post.platform.titles() == ["critical"])

    post.platform.silent_after = False
    async with post.open() as desk:
        desk.put(post.parcel("the next", CRITICAL))
        await until(lambda: len(post.platform.messages) == 3 and not post.ink.rows)

    assert [(m.reply.title, m.reply.footer) for m in post.platform.messages] == [
        ("critical", ""),
        ("critical", "This may have been sent before: the desk stopped while sending."),
        ("the next", ""),
    ]


async def test_what_surely_did_not_arrive_says_nothing_of_the_kind_after_a_restart(post):
    post.platform.away = True
    async with post.open() as desk:
        desk.put(post.parcel("critical", CRITICAL))
        await until(lambda: post.platform.tries > 2)
        await until(lambda: [row.parcel["tried"] for row in post.ink.rows.values()] == [False])

    post.platform.away = False
    async with post.open():
        await until(lambda: post.platform.messages and not post.ink.rows)

    (message,) = post.platform.messages
    assert (message.reply.title, message.reply.footer) == ("critical", "")


async def test_without_ink_a_message_goes_out_all_the_same(post):
    post.ink.broken = True
    async with post.open() as desk:
        desk.put(post.parcel("KILLED", EMERGENCY))
        await until(lambda: post.platform.titles() == ["KILLED"])


async def test_what_is_written_down_comes_back_as_it_was(post):
    post.platform.away = True
    reply = Reply(
        title="Kill?",
        text="0.4 BTC",
        rows=(Row("fee", "1", "of all"),),
        buttons=((Button("Yes", "/kill !", danger=True),),),
        tone=Tone.DANGER,
        header="LIVE · main",
        footer="#abcde",
        files=(File("a.txt", b"x"),),
    )
    known = post.parcel("", CRITICAL, mention="42", language="ko", zone="Asia/Seoul", incident="abcde")
    known = replace(known, reply=reply)
    async with post.open() as desk:
        desk.put(known)
        await until(lambda: post.ink.rows)

    post.platform.away = False
    async with post.open():
        await until(lambda: post.platform.messages)

    (message,) = post.platform.messages
    assert message.mention == "42"
    assert message.reply == replace(reply, files=())


async def test_many_criticals_after_an_outage_share_messages_and_every_title_is_there(post):
    post.platform.away = True
    async with post.open() as desk:
        for n in range(40):
            desk.put(post.parcel(f"critical {n}", CRITICAL))
        await until(lambda: post.platform.tries > 2)
        post.platform.away = False
        await until(lambda: desk.waiting == 0)

    told = [t for m in post.platform.messages for t in (m.reply.title, *(r.label for r in m.reply.rows))]
    assert sorted(told) == sorted(f"critical {n}" for n in range(40))
    assert len(post.platform.messages) < 10


async def test_a_disk_that_takes_nothing_keeps_no_message_from_going_out(post):
    post.ink.broken = True

    async with post.open() as desk:
        desk.put(post.parcel("no room on the disk", CRITICAL))
        await until(lambda: post.platform.messages)
        post.platform.away = True
        desk.put(post.parcel("and the chat is gone", CRITICAL))
        await asyncio.sleep(0.05)
        post.ink.broken = False
        await until(lambda: post.ink.rows)

    assert [kept.parcel["title"] for kept in post.ink.rows.values()] == ["and the chat is gone"]


async def test_what_waits_is_bounded_and_says_what_it_dropped(post):
    post.platform.away = True
    async with post.open() as desk:
        for n in range(900):
            desk.put(post.parcel(f"fill {n}", INFO))
        desk.put(post.parcel("critical", CRITICAL))
        waiting = desk.waiting
        post.platform.away = False
        await until(lambda: desk.waiting == 0)

    assert waiting == lane.MOST_WAITING + 1
    assert sum(told_in(m.reply) for m in post.platform.messages) == 901


async def test_after_half_a_day_old_fills_are_no_news_and_alerts_still_are(post):
    post.platform.away = True
    async with post.open() as desk:
        desk.put(post.parcel("Bought 1 BTC", INFO))
        desk.put(post.parcel("No fresh prices"))
        post.clock.advance(timedelta(hours=12))
        await until(lambda: post.ears.lost)
        post.platform.away = False
        await until(lambda: post.platform.messages)

    assert post.platform.titles() == ["No fresh prices"]
    assert post.ears.lost == [("Bought 1 BTC", "it has waited too long", False)]


# --- bad chats ----------------------------------------------------------------------------------------------


async def test_a_chat_that_is_gone_is_reported_and_holds_up_nobody_else(post):
    post.platform.closed.add("1")

    async with post.open() as desk:
        desk.put(post.parcel("No fresh prices", chat="1"))
        desk.put(post.parcel("No fresh prices", chat="2"))
        await until(lambda: post.platform.messages and post.ears.lost and not post.ink.rows)

    assert post.ears.lost == [("No fresh prices", "1 was deleted", True)]
    assert post.platform.titles("2") == ["No fresh prices"]


async def test_what_a_platform_will_not_show_is_told_in_short(post):
    post.platform.longest = 250

    async with post.open() as desk:
        desk.put(post.parcel("x" * 400, CRITICAL))
        await until(lambda: post.platform.messages)

    assert post.platform.titles() == ["x" * 200]
    assert post.ears.lost == []


# --- quiet hours --------------------------------------------------------------------------------------------


async def test_what_is_kept_while_it_is_quiet_survives_a_restart_and_comes_as_one(post):
    morning = post.clock() + timedelta(hours=8)
    async with post.open() as desk:
        for n in range(20):
            desk.put(post.parcel(f"fill {n}", INFO, not_before=morning))
        desk.put(post.parcel("KILLED", EMERGENCY))
        await until(lambda: len(post.ink.rows) == 20)
    at_night = post.platform.titles()

    post.clock.advance(timedelta(hours=8))
    async with post.open() as desk:
        await until(lambda: desk.waiting == 0)

    digest = post.platform.messages[-1].reply
    assert at_night == ["KILLED"]
    assert digest.text.startswith("20 messages were kept while it was quiet.")
    assert told_in(digest) == 20
