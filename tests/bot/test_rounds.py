"""Reports go out when it is time on the reader's own clock: each day, on Mondays, on the first; once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.jobs import report_daily
from bot.reply import Reply
from bot.rounds import Rounds, due, next_report
from trading.domain.people import Person, Role


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 7, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "since", "until", "found"),
    [
        pytest.param("UTC", utc(2, 0, 0), utc(2, 0, 15), {"day"}, id="a Tuesday"),
        pytest.param("UTC", utc(8, 0, 0), utc(8, 0, 15), {"day", "week"}, id="a Monday"),
        pytest.param("UTC", utc(1, 0, 0), utc(1, 0, 15), {"day", "week", "month"}, id="a Monday, the first"),
        pytest.param("UTC", utc(2, 0, 5), utc(2, 0, 20), set(), id="was sent the round before"),
        pytest.param("UTC", utc(2, 12), utc(2, 12, 15), set(), id="noon"),
        pytest.param("Asia/Seoul", utc(7, 15, 0), utc(7, 15, 15), {"day", "week"}, id="Monday in Seoul"),
        pytest.param("Asia/Seoul", utc(8, 0, 0), utc(8, 0, 15), set(), id="nine in the morning in Seoul"),
        pytest.param("Asia/Kathmandu", utc(2, 18, 15), utc(2, 18, 20), {"day"}, id="a zone of quarters"),
        pytest.param("UTC", utc(2, 0, 5), utc(9, 0, 5), {"day", "week"}, id="after a week asleep, each once"),
    ],
)
def test_what_is_due_depends_on_the_readers_midnight(zone, since, until, found):
    assert due("00:05", zone, since, until) == found


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Europe/Berlin"])
@pytest.mark.parametrize("at", ["00:05", "02:30", "23:50"])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_each_day_is_due_once_also_where_clocks_change(zone, at, month):
    place = ZoneInfo(zone)
    moment = datetime(2026, month, 1, tzinfo=place).astimezone(UTC)
    end = datetime(2026, month, 29, tzinfo=place).astimezone(UTC)

    found = 0
    while moment < end:
        later = min(moment + timedelta(minutes=15), end)
        found += "day" in due(at, zone, moment, later)
        moment = later

    assert found == 28


def test_the_next_report_is_by_the_readers_clock():
    assert next_report("08:30", "Asia/Seoul", utc(1, 12)) == utc(1, 23, 30)
    assert next_report("08:30", "Asia/Seoul", utc(1, 23, 30)) == utc(2, 23, 30)
    assert next_report("08:30", "UTC", utc(1, 0)) == utc(1, 8, 30)


def test_rounds_are_made_at_the_quarters_the_time_lies_on():
    class Scheduler:
        def add_job(self, job, trigger, **how):
            self.trigger, self.how = trigger, how

    scheduler = Scheduler()

    report_daily(scheduler, "main", "08:50", lambda: None)

    assert (scheduler.trigger, scheduler.how["minute"]) == ("cron", "5,20,35,50")


class Announcer:
    """Keeps what it would send to two people."""

    PEOPLE = tuple(
        Person(id=n, name=name, roles=frozenset({Role.OWNER}), language="en", zone=zone, account="main")
        for n, (name, zone) in enumerate((("Mina", "Asia/Seoul"), ("Ann", "UTC")), 1)
    )

    def __init__(self) -> None:
        self.sent: list[tuple[str, Reply]] = []

    async def tell(self, account, topic, word, severity, *, urgent=False, whom):
        self.sent += [(p.name, await word(p)) for p in self.PEOPLE if whom(p)]


async def test_everybody_gets_the_day_at_their_own_time_and_only_once(house, clock):
    announcer = Announcer()
    send = Rounds(house.trading, house.studio, announcer).job("main")  # Monday noon, UTC

    heard = []
    for _ in range(3):
        clock.advance(timedelta(hours=7))
        await send()
        heard.append([name for name, _ in announcer.sent])

    assert heard == [["Mina"], ["Mina", "Ann"], ["Mina", "Ann"]]
    assert announcer.sent[0][1].title.startswith("2024-08-05: ")


async def test_the_week_comes_on_monday_with_its_pages(house, clock):
    announcer = Announcer()
    send = Rounds(house.trading, house.studio, announcer).job("main")
    clock.advance(timedelta(days=6, hours=3, minutes=10))  # Sunday, 15:10 in London, Monday in Seoul

    await send()

    weekly = [(name, reply) for name, reply in announcer.sent if reply.files]
    assert [name for name, _ in weekly] == ["Mina"]
    assert [f.name for f in weekly[0][1].files] == ["main-2024-W32.pdf", "main-2024-W32.xlsx"]
