"""Incidents and undelivered messages, on both databases: counted, ended, remembered through a restart."""

from datetime import timedelta

import pytest

from trading.domain.errors import Refused
from trading.domain.notice import Kept, Notice, Said, Severity, Shown
from trading.incidents import Incidents
from trading.store.notices import NoticeStore

WORDS = {
    "en": Said(title="No fresh prices", facts=(("why", "silence"),)),
    "ko": Said(title="시세가 없습니다"),
}


@pytest.fixture
def notices(store) -> NoticeStore:
    return NoticeStore(store.database)


@pytest.fixture
def incidents(notices, clock) -> Incidents:
    return Incidents(notices, clock)


def a_notice(clock, **changes) -> Notice:
    known = {
        "severity": Severity.WARNING,
        "topic": "alerts",
        "title": "No fresh prices",
        "account": "main",
        "key": "no_prices",
        "at": clock(),
    }
    return Notice(**(known | changes))


async def test_the_same_trouble_is_one_incident_counted_and_ended(incidents, clock):
    first = incidents.see(a_notice(clock), WORDS)
    clock.advance(10)
    again = incidents.see(a_notice(clock), WORDS)
    over = incidents.over("main", "no_prices", clock())
    nothing_more = incidents.over("main", "no_prices", clock())

    assert (first.fresh, again.fresh) == (True, False)
    assert again.incident.id == first.incident.id
    assert (over.count, over.over_at) == (2, clock())
    assert nothing_more is None


async def test_so_soon_after_its_end_it_is_no_news_and_later_it_is(incidents, clock):
    cool = {"cool_down": timedelta(minutes=10)}
    first = incidents.see(a_notice(clock, **cool), WORDS).incident
    incidents.over("main", "no_prices", clock())
    clock.advance(timedelta(minutes=9))
    soon = incidents.see(a_notice(clock, **cool), WORDS)
    incidents.over("main", "no_prices", clock())
    clock.advance(timedelta(minutes=11))
    later = incidents.see(a_notice(clock, **cool), WORDS)

    assert (soon.fresh, soon.incident.id, soon.incident.is_open) == (False, first.id, True)
    assert later.fresh
    assert later.incident.id != first.id


async def test_what_becomes_worse_is_told_again_and_wants_a_new_acknowledgement(incidents, clock):
    mild = incidents.see(a_notice(clock), WORDS).incident
    await incidents.ack(mild.id, "ann")

    worse = incidents.see(a_notice(clock, severity=Severity.CRITICAL), WORDS)

    assert worse.fresh
    assert (worse.incident.id, worse.incident.acked_by) == (mild.id, None)


async def test_a_snoozed_one_stays_silent_even_when_it_begins_anew(incidents, clock):
    incident = incidents.see(a_notice(clock), WORDS).incident
    await incidents.snooze(incident.id, timedelta(hours=1), "ann")
    incidents.over("main", "no_prices", clock())
    clock.advance(timedelta(minutes=50))
    during = incidents.see(a_notice(clock), WORDS)
    incidents.over("main", "no_prices", clock())
    clock.advance(timedelta(minutes=20))
    after = incidents.see(a_notice(clock), WORDS)

    assert (during.fresh, after.fresh) == (False, True)


async def test_an_emergency_is_never_snoozed(incidents, clock):
    incident = incidents.see(a_notice(clock, severity=Severity.EMERGENCY), WORDS).incident

    with pytest.raises(Refused, match="cannot be snoozed"):
        await incidents.snooze(incident.id, timedelta(hours=1), "ann")
    with pytest.raises(Refused, match="There is no alert 'nnnnn'"):
        await incidents.ack("nnnnn", "ann")


async def test_it_ends_by_itself_when_it_is_not_seen_for_as_long_as_it_lasts(incidents, clock):
    incidents.see(a_notice(clock, lasts=timedelta(minutes=15)), WORDS)
    clock.advance(timedelta(minutes=14))
    not_yet = incidents.expire()
    clock.advance(timedelta(minutes=1))
    ended = incidents.expire()

    assert not_yet == []
    assert [incident.over_at for incident in ended] == [clock()]


async def test_a_restart_goes_on_counting_where_it_was(incidents, notices, clock):
    known = incidents.see(a_notice(clock, lasts=timedelta(hours=1)), WORDS).incident
    await incidents.ack(known.id, "ann")

    anew = Incidents(notices, clock)
    await anew.load()
    clock.advance(5)
    seen = anew.see(a_notice(clock), WORDS)
    listed = await anew.history({"main"}, open_only=True, limit=10, offset=0)
    of_others = await anew.history({"other"}, open_only=False, limit=10, offset=0)

    assert (seen.fresh, seen.incident.id, seen.incident.count) == (False, known.id, 2)
    assert listed == [seen.incident]
    assert (listed[0].acked_by, listed[0].lasts, listed[0].words("ko").title) == (
        "ann",
        timedelta(hours=1),
        "시세가 없습니다",
    )
    assert of_others == []


async def test_history_is_forgotten_after_ninety_days_together_with_its_messages(incidents, notices, clock):
    old = incidents.see(a_notice(clock), WORDS).incident
    incidents.over("main", "no_prices", clock())
    await incidents.keep()
    await notices.show([Shown(platform="web", chat="1", panel=f"incident/{old.id}/en UTC", ref="7")], clock())
    clock.advance(timedelta(days=91))

    await Incidents(notices, clock).load()

    assert await notices.incidents() == []
    assert await notices.shown("incident/") == []


async def test_what_must_arrive_is_kept_in_order_until_it_has(notices, clock):
    first, second = (Kept(id=name, address="web:1", at=clock(), parcel={"n": name}) for name in "ba")
    await notices.change_outbox([first, second], [])
    await notices.change_outbox([first], [])
    before = await notices.outbox()
    await notices.change_outbox([], ["b"])

    assert before == [first, second]
    assert await notices.outbox() == [second]


async def test_what_is_on_its_way_is_noted_and_the_rest_stays_as_it_is(notices, clock):
    rows = [Kept(id=name, address="web:1", at=clock(), parcel={"n": name}) for name in "ab"]
    await notices.change_outbox(rows, [])

    await notices.mark_outbox(["b", "gone"], tried=True)
    under_way = await notices.outbox()
    await notices.mark_outbox(["b"], tried=False)

    assert [row.parcel for row in under_way] == [{"n": "a"}, {"n": "b", "tried": True}]
    assert (await notices.outbox())[1].parcel == {"n": "b", "tried": False}


async def test_a_panel_stands_in_a_chat_until_it_is_hidden(notices, clock):
    panel = Shown(platform="telegram", chat="-100/7", panel="panel/main/1", ref="55")
    await notices.show([panel], clock())
    found = await notices.shown("panel/")
    await notices.hide(panel.address, "panel/main/")

    assert found == [panel]
    assert await notices.shown("panel/main/1") == []
