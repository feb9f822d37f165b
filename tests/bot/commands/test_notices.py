"""/alerts, /ack, /snooze and /panel as people meet them; and the panel that keeps itself up to date."""

import asyncio
from datetime import timedelta

import pytest

from bot.app import House
from bot.notify.build import notices
from bot.panel import Panels
from bot.reply import Tone
from tests.bot.desks import answered
from tests.bot.notify.desk import FakePlatform, until
from trading.domain.notice import Notice, Said, Severity
from trading.domain.people import Place, Role

ON_TELEGRAM = Place(platform="telegram", user_id="7", chat_id="7", private=True)


def wrong(house: House, key: str, severity: Severity = Severity.WARNING, account: str = "main"):
    """An incident by this key, in two languages."""
    notice = Notice(severity=severity, topic="alerts", title=key, account=account, key=key, at=house.clock())
    said = {"en": Said(title=f"{key} is wrong"), "ko": Said(title=f"{key} 문제")}
    return house.trading.incidents.see(notice, said).incident


async def on_telegram(house: House, *roles: Role, language: str = "en") -> None:
    code = await house.people.new_code(None, set(roles), timedelta(hours=1))
    person = await house.people.pair(ON_TELEGRAM, "봄", code)
    await house.people.set_language(person.id, language)


# --- alerts -------------------------------------------------------------------------------------------------


async def test_alerts_are_open_or_history_with_buttons_for_those_who_may_act(house):
    first, second = wrong(house, "first"), wrong(house, "second", Severity.CRITICAL)
    house.trading.incidents.over("main", "first", house.clock())

    now, ever = await answered(house, "/alerts"), await answered(house, "/alerts all")

    assert now.title == "Open alerts: 1"
    assert [(row.label, row.value) for row in now.rows] == [("!! second is wrong", f"open #{second.id}")]
    assert now.buttons[0][0].command == f"/ack {second.id}"
    assert {row.value for row in ever.rows} == {f"over #{first.id}", f"open #{second.id}"}


async def test_nothing_wrong_is_said_so_and_fifty_come_in_pages(house):
    nothing = await answered(house, "/alerts")
    for n in range(50):
        wrong(house, f"trouble {n:02}")
        house.clock.advance(1)
    first, last = await answered(house, "/alerts all"), await answered(house, "/alerts all 7")

    assert (nothing.title, nothing.tone) == ("Nothing is wrong.", Tone.PLAIN)
    assert first.rows[0].label == "! trouble 49 is wrong"
    assert [b.command for b in first.buttons[-2]] == ["/alerts all 2"]
    assert ([row.label for row in last.rows], [b.command for b in last.buttons[-2]]) == (
        ["! trouble 01 is wrong", "! trouble 00 is wrong"],
        ["/alerts all 6"],
    )


async def test_ack_and_snooze_answer_with_the_alert_as_it_is_now(house):
    incident = wrong(house, "prices")

    acked = await answered(house, f"/ack {incident.id}")
    snoozed = await answered(house, f"/snooze {incident.id} 2h")
    nonsense = await answered(house, f"/snooze {incident.id} soon")

    assert acked.text == "owner takes care of it, since 5 Aug 12:00."
    assert snoozed.text.endswith("Snoozed until 5 Aug 14:00.")
    assert nonsense.title == "'soon' is no length of time; write for instance 30m, 4h or 2d."
    assert house.trading.incidents.current(incident.id).acked_by == "owner"


async def test_a_viewer_reads_alerts_in_their_language_and_cannot_silence_them(house):
    await on_telegram(house, Role.VIEWER, language="ko")
    incident = wrong(house, "prices")

    read, refused = (
        await answered(house, "/alerts", ON_TELEGRAM),
        await answered(house, f"/ack {incident.id}", ON_TELEGRAM),
    )

    assert read.rows[0].label == "! prices 문제"
    assert not any("/ack" in b.command for row in read.buttons for b in row)
    assert refused.failed
    assert house.trading.incidents.current(incident.id).acked_by is None


async def test_what_concerns_the_house_or_others_is_hidden_from_those_it_does_not_concern(house):
    await on_telegram(house, Role.TRADER)
    disk = wrong(house, "disk", Severity.CRITICAL, account="")

    listed = await answered(house, "/alerts", ON_TELEGRAM)
    mine = await answered(house, "/alerts")

    assert listed.title == "Nothing is wrong."
    assert [row.value for row in mine.rows] == [f"open #{disk.id}"]


# --- the panel ----------------------------------------------------------------------------------------------


@pytest.fixture
def telegram():
    return FakePlatform("telegram")


def panels(house: House, telegram: FakePlatform) -> Panels:
    return Panels(house.trading, house.people, {"telegram": telegram}, lambda account, person: house.clock())


async def test_the_panel_is_sent_once_pinned_and_edited_only_when_something_changed(house, telegram):
    await on_telegram(house, Role.OWNER)
    asked = await answered(house, "/panel", ON_TELEGRAM)
    board = panels(house, telegram)
    for _ in range(3):
        await board.look()
    unchanged = telegram.messages[0].edits
    await answered(house, "/pause lunch")
    wrong(house, "prices")
    await board.look()

    (message,) = telegram.messages
    labels = [row.label for row in message.reply.rows]
    assert asked.title == "Your panel comes in a moment."
    assert (message.pinned, message.silent, unchanged, message.edits) == (True, True, 0, 1)
    assert message.reply.title.startswith("Equity ")
    assert message.reply.text.startswith("PAUSED by owner since 5 Aug 12:00: lunch.")
    assert [labels[0], *labels[-3:]] == ["Today", "Next report", "Health", "Open alerts"]
    assert {"Loss left today", "Drawdown left", "Open positions"} <= set(labels)


async def test_a_restart_goes_on_with_the_same_message_and_a_deleted_one_comes_anew(house, telegram):
    await on_telegram(house, Role.OWNER)
    await answered(house, "/panel", ON_TELEGRAM)
    await panels(house, telegram).look()
    await panels(house, telegram).look()
    after_restart = [m.edits for m in telegram.messages]
    telegram.messages.clear()
    await panels(house, telegram).look()

    assert after_restart == [1]
    assert [m.pinned for m in telegram.messages] == [True]


async def test_a_panel_ends_when_told_so_when_its_chat_is_gone_or_its_reader_may_not_look(house, telegram):
    await on_telegram(house, Role.OWNER)
    store = house.trading.incidents.store
    await answered(house, "/panel", ON_TELEGRAM)
    await answered(house, "/panel off", ON_TELEGRAM)
    told_off = await store.shown("panel/")
    await answered(house, "/panel", ON_TELEGRAM)
    telegram.closed.add("7")
    await panels(house, telegram).look()

    assert told_off == []
    assert await store.shown("panel/") == []
    assert telegram.messages == []


async def test_a_chat_where_nothing_may_be_pinned_is_told_so_once(house, telegram):
    await on_telegram(house, Role.OWNER, language="ko")
    telegram.unpinnable = True
    await answered(house, "/panel", ON_TELEGRAM)
    board = panels(house, telegram)
    for _ in range(3):
        await board.look()

    assert [m.reply.title for m in telegram.messages][1:] == [
        "패널을 고정하지 못했습니다. 이 대화방에서 메시지를 고정할 권한이 봇에게 필요합니다."
    ]


async def test_an_outage_of_the_chat_delays_the_panel_only(house, telegram):
    await on_telegram(house, Role.OWNER)
    await answered(house, "/panel", ON_TELEGRAM)
    board = panels(house, telegram)
    telegram.away = True
    await board.look()
    telegram.away = False
    await board.look()

    assert len(telegram.messages) == 1


# --- what no event tells ------------------------------------------------------------------------------------


async def test_conditions_are_told_when_they_begin_and_over_when_they_end(house, monkeypatch, telegram):
    await on_telegram(house, Role.OWNER)
    wired = notices(house.trading, house.people, {"telegram": telegram})
    incidents, trouble = house.trading.incidents, house.trading.trouble
    wrong(house, "paused:")  # of a run that died before it heard the end
    monkeypatch.setattr("bot.notify.watch.LOW", 10**18)
    trouble["main"] = "kraken did not answer"
    await wired.watch.look()
    await wired.watch.look()
    await wired.announcer.drain()
    during = sorted(i.key for i in incidents.open())
    monkeypatch.setattr("bot.notify.watch.LOW", 0)
    monkeypatch.setattr("bot.notify.watch.ENOUGH", 0)
    trouble.clear()
    await wired.watch.look()
    await wired.announcer.drain()
    running = asyncio.create_task(wired.outbox.run())
    await until(lambda: len(telegram.messages) == 2)
    running.cancel()

    assert during == ["account_down:", "disk_low:"]
    assert incidents.open() == []
    assert telegram.messages[0].reply.title == "main cannot trade: kraken did not answer"
