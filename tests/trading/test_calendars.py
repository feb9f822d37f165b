"""Events of the settings and of an iCal file: margins, zones, repetitions, and files that are none."""

from datetime import UTC, datetime, timedelta

import pytest

from trading.calendars import closures_for
from trading.domain.errors import SettingsError
from trading.settings import load

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
{events}
END:VCALENDAR
"""


def settings_with(tmp_path, text: str, events: str = ""):
    file = tmp_path / "settings.toml"
    if events:
        ics = tmp_path / "events.ics"
        ics.write_text(CALENDAR.format(events=events).replace("\n", "\r\n"))
        text = f'[calendar]\nfile = "{ics}"\n' + text
    file.write_text(text)
    return load(file, {})


def spans(settings, account="main", **more):
    return [(c.name, c.since, c.until) for c in closures_for(settings, account, NOW, **more)]


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_an_event_has_margins_before_and_after(tmp_path):
    settings = settings_with(
        tmp_path,
        '[calendar]\nbefore = "1h"\nevents = [{ name = "CPI", at = 2026-03-11T12:30:00Z, length = "15m" }]',
    )

    assert spans(settings) == [("CPI", at(11, 11, 30), at(11, 13, 15))]


def test_a_time_without_an_offset_is_one_of_its_zone_also_when_the_clocks_change(tmp_path):
    event = '{{ name = "FOMC", at = 2026-03-{day}T14:00:00, zone = "America/New_York", before = "0m", after = "0m" }}'
    both = ", ".join(event.format(day=day) for day in ("06", "18"))
    settings = settings_with(tmp_path, f"[calendar]\nevents = [{both.replace('0m', '1m')}]")

    middles = [since + (until - since) / 2 for _, since, until in spans(settings)]

    assert middles == [at(6, 19), at(18, 18)]  # summer time began on the 8th


def test_an_event_may_be_about_some_accounts_only(tmp_path):
    settings = settings_with(
        tmp_path,
        '[calendar]\nevents = [{ name = "CPI", at = "2026-03-11T12:30:00Z", accounts = ["main"] }]\n'
        "[accounts.main]\n[accounts.other]\n[accounts.blind]\ncalendar = false",
    )

    assert [len(spans(settings, name)) for name in ("main", "other", "blind")] == [1, 0, 0]


def test_what_a_person_let_pass_is_left_out(tmp_path):
    settings = settings_with(
        tmp_path,
        '[calendar]\nevents = [{ name = "CPI", at = "2026-03-11T12:30:00Z" }, { name = "X", at = 2026-03-12 }]',
    )
    first = closures_for(settings, "main", NOW)[0]

    assert [name for name, *_ in spans(settings, skipped=[first.id])] == ["X"]
    assert closures_for(settings, "main", NOW)[0].id == first.id  # the same whenever it is read


def test_an_ical_file_gives_events_with_zones_lengths_and_whole_days(tmp_path):
    settings = settings_with(
        tmp_path,
        "",
        """BEGIN:VEVENT
UID:1
SUMMARY:Maintenance
DTSTART;TZID=Asia/Seoul:20260305T100000
DTEND;TZID=Asia/Seoul:20260305T120000
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Holiday
DTSTART;VALUE=DATE:20260306
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Called off
STATUS:CANCELLED
DTSTART:20260307T100000Z
END:VEVENT
BEGIN:VEVENT
UID:4
SUMMARY:Long ago
DTSTART:20200307T100000Z
DURATION:PT1H
END:VEVENT""",
    )

    half = timedelta(minutes=30)
    assert spans(settings) == [
        ("Maintenance", at(5, 1) - half, at(5, 3) + half),
        ("Holiday", at(6, 0) - half, at(7, 0) + half),
    ]


def test_repetitions_keep_their_hour_and_leave_out_what_was_moved(tmp_path):
    settings = settings_with(
        tmp_path,
        "",
        """BEGIN:VEVENT
UID:1
SUMMARY:Weekly
DTSTART;TZID=America/New_York:20260104T140000
RRULE:FREQ=WEEKLY;UNTIL=20260330T000000Z
EXDATE;TZID=America/New_York:20260308T140000
END:VEVENT
BEGIN:VEVENT
UID:1
SUMMARY:Weekly, later
RECURRENCE-ID;TZID=America/New_York:20260315T140000
DTSTART;TZID=America/New_York:20260315T160000
END:VEVENT""",
    )

    begins = [(name, since + timedelta(minutes=30)) for name, since, _ in spans(settings)]

    assert begins == [
        ("Weekly", at(1, 19)),
        ("Weekly, later", at(15, 20)),
        ("Weekly", at(22, 18)),
        ("Weekly", at(29, 18)),
    ]


def test_a_last_repetition_named_in_utc_still_happens_east_of_greenwich(tmp_path):
    settings = settings_with(
        tmp_path,
        "",
        """BEGIN:VEVENT
UID:1
SUMMARY:Maintenance
DTSTART;TZID=Asia/Seoul:20260302T200000
RRULE:FREQ=DAILY;UNTIL=20260304T110000Z
END:VEVENT""",
    )

    begins = [since + timedelta(minutes=30) for _, since, _ in spans(settings)]

    assert begins == [at(2, 11), at(3, 11), at(4, 11)]  # 20:00 in Seoul; the last one on the very second


def test_a_repeated_event_that_goes_on_for_days_stays_until_its_end(tmp_path):
    settings = settings_with(
        tmp_path,
        "",
        """BEGIN:VEVENT
UID:1
SUMMARY:Holidays
DTSTART;VALUE=DATE:20250222
DTEND;VALUE=DATE:20250304
RRULE:FREQ=YEARLY;COUNT=2
END:VEVENT""",
    )

    half = timedelta(minutes=30)
    assert spans(settings) == [("Holidays", at(22, 0, month=2) - half, at(4, 0) + half)]


def test_a_long_margin_counts_to_its_end(tmp_path):
    settings = settings_with(
        tmp_path,
        '[calendar]\nevents = [{ name = "Fork", at = 2026-02-26T00:00:00Z, after = "5d" },'
        ' { name = "Far", at = 2027-04-08T00:00:00Z, before = "5d" }]',
    )

    assert spans(settings) == [
        ("Fork", at(25, 23, 30, month=2), at(3, 0)),
        ("Far", datetime(2027, 4, 3, tzinfo=UTC), datetime(2027, 4, 8, 0, 30, tzinfo=UTC)),
    ]


def test_further_dates_and_several_rules_count_too(tmp_path):
    settings = settings_with(
        tmp_path,
        "",
        """BEGIN:VEVENT
UID:1
SUMMARY:Auction
DTSTART:20260302T100000Z
RDATE:20260305T100000Z,20260307T120000Z
RRULE:FREQ=DAILY;COUNT=2
RRULE:FREQ=WEEKLY;COUNT=2
EXDATE:20260303T100000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Fork
DTSTART:20260310T100000Z
RDATE:20260311T100000Z
END:VEVENT""",
    )

    begins = [(name, since + timedelta(minutes=30)) for name, since, _ in spans(settings)]

    assert begins == [
        ("Auction", at(2, 10)),
        ("Auction", at(5, 10)),
        ("Auction", at(7, 12)),
        ("Auction", at(9, 10)),
        ("Fork", at(10, 10)),
        ("Fork", at(11, 10)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART:20260302T100000Z\nDTSTART:20260303T100000Z",
        "DTSTART:20260302T100000Z\nRRULE:FREQ=DAILY;COUNT=5;BYDAY=NOPE",
        "DTSTART:20200302T100000Z\nRRULE:FREQ=DAILY;INTERVAL=0",
        "DTSTART:20200302T100000Z\nRRULE:FREQ=SECONDLY",
        "DTSTART:soon",
        "DTSTART;TZID=Mars/Olympus:20260302T100000",
        "DTSTART:20260302T100000Z\nDTEND:never",
        "DTSTART:20260302T100000Z\nRDATE:whenever",
    ],
)
def test_an_event_that_cannot_be_read_is_named_and_not_passed_over(tmp_path, line):
    settings = settings_with(tmp_path, "", f"BEGIN:VEVENT\nUID:1\nSUMMARY:Fork\n{line}\nEND:VEVENT")

    with pytest.raises(SettingsError) as error:
        closures_for(settings, "main", NOW)

    assert "Fork" in error.value.tell


@pytest.mark.parametrize(("content", "words"), [("hello", "is no iCal file"), (None, "cannot be read")])
def test_a_file_that_is_no_calendar_stops_the_start(tmp_path, content, words):
    file = tmp_path / "x.ics"
    if content is not None:
        file.write_text(content)
    settings = settings_with(tmp_path, f'[calendar]\nfile = "{file}"')

    with pytest.raises(SettingsError) as error:
        closures_for(settings, "main", NOW)

    assert words in error.value.tell
    assert "settings.toml line 2" in error.value.tell


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[calendar]\nbefore = "soon"', "should be a length of time like 30m or 2h; found 'soon'"),
        ('[calendar]\nbefore = ""', "should have before and after"),
        ('[calendar]\nevents = [{ name = "X", at = "later" }]', "should be a time like 2026-12-16T19:00:00Z"),
        ('[calendar]\nevents = [{ name = "X", at = 7 }]', "should be a time like 2026-12-16T19:00:00Z"),
    ],
)
def test_a_wrong_event_is_named(tmp_path, text, words):
    with pytest.raises(SettingsError) as error:
        settings_with(tmp_path, text)

    assert words in error.value.tell
