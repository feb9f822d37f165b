"""Events that entries keep away from: those of the settings and of an iCal file, as closures of an account."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from trading.domain.errors import SettingsError
from trading.domain.risk import Closure
from trading.settings import Settings
from trading.settings_notify import duration
from trading.settings_risk import CalendarSettings

BEFORE, AHEAD = timedelta(days=2), timedelta(days=400)  # how far back and ahead events are looked for
MOST = 5000  # occurrences of one event that are worked out
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event at one time, before the calendar's margins are added."""

    name: str
    since: datetime
    until: datetime
    before: timedelta
    after: timedelta


def closures_for(
    settings: Settings, account: str, now: datetime, skipped: Collection[str] = ()
) -> tuple[Closure, ...]:
    """When this account buys nothing, from two days ago to 400 days ahead; `skipped` are ids a person let pass.

    Raises SettingsError for a file that cannot be read or is no calendar.
    """
    if not settings.accounts[account].calendar:
        return ()
    found = [*_own(settings.calendar, account), *_from_file(settings, now)]
    made = [_closure(h) for h in found if now - BEFORE <= h.until and h.since <= now + AHEAD]
    kept = {closure.id: closure for closure in made if closure.id not in skipped}
    return tuple(sorted(kept.values(), key=lambda c: (c.since, c.until, c.id)))


def _closure(happening: Happening) -> Closure:
    key = f"{happening.name}\x1f{happening.since.isoformat()}\x1f{happening.until.isoformat()}"
    return Closure(
        id=hashlib.sha256(key.encode()).hexdigest()[:6],
        name=happening.name,
        since=happening.since - happening.before,
        until=happening.until + happening.after,
        begins=happening.since,
        ends=happening.until,
    )


def _own(calendar: CalendarSettings, account: str) -> Iterator[Happening]:
    for event in calendar.events:
        if event.accounts and account not in event.accounts:
            continue
        since = _in_utc(event.at, event.zone)
        yield Happening(
            name=event.name,
            since=since,
            until=since + (duration(event.length) or NOTHING),
            before=_margin(event.before, calendar.before),
            after=_margin(event.after, calendar.after),
        )


def _margin(own: str, usual: str) -> timedelta:
    return duration(own or usual) or NOTHING


def _in_utc(moment: datetime, zone: str) -> datetime:
    local = moment.replace(tzinfo=ZoneInfo(zone)) if moment.tzinfo is None else moment
    return local.astimezone(UTC)


# --- iCal -------------------------------------------------------------------------------------------------


def _from_file(settings: Settings, now: datetime) -> Iterator[Happening]:
    calendar = settings.calendar
    if not calendar.file:
        return
    path, where = Path(calendar.file).expanduser(), settings.where(("calendar", "file"))
    try:
        changed = path.stat().st_mtime_ns
        events = _read(path, changed)
    except OSError as error:
        raise SettingsError(f"{where}: {path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise SettingsError(f"{where}: {path} is no iCal file: {error}.") from None
    before, after = _margin("", calendar.before), _margin("", calendar.after)
    for name, since, until in _happenings(events, settings.zone, now):
        yield Happening(name, since, until, before, after)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> tuple[Any, ...]:
    """The events of a file, read once as long as it stays as it is. Raises OSError, or ValueError for another file."""
    from icalendar import Calendar

    calendars = Calendar.from_ical(path.read_bytes(), multiple=True)
    if not calendars:
        raise ValueError("it holds no calendar")
    return tuple(event for calendar in calendars for event in calendar.walk("VEVENT"))


def _happenings(
    events: tuple[Any, ...], zone: str, now: datetime
) -> Iterator[tuple[str, datetime, datetime]]:
    """Every occurrence near now, in UTC; moved and cancelled ones as the file says."""
    moved = {
        (str(event.get("UID", "")), _utc(event["RECURRENCE-ID"].dt, zone))
        for event in events
        if "RECURRENCE-ID" in event
    }
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED" or "DTSTART" not in event:
            continue
        name, length = str(event.get("SUMMARY", "")).strip() or "event", _length(event, zone)
        for since in _starts(event, zone, now):
            if "RECURRENCE-ID" in event or (str(event.get("UID", "")), since) not in moved:
                yield name[:60], since, since + length


def _starts(event: Any, zone: str, now: datetime) -> Iterator[datetime]:
    first = event["DTSTART"].dt
    if "RRULE" not in event or "RECURRENCE-ID" in event:
        yield _utc(first, zone)
        return
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    begins = _local(first, zone)
    rule = event["RRULE"].to_ical().decode()
    # In wall-clock time without a zone: an event at 14:00 stays at 14:00 when the clocks change.
    naive = rrulestr(_without_zone(rule), dtstart=begins.replace(tzinfo=None))
    left_out = {_utc(moment.dt, zone) for moment in _listed(event.get("EXDATE"))}
    low = (now - BEFORE - timedelta(days=1)).replace(tzinfo=None)
    for number, moment in enumerate(naive.xafter(low, inc=True)):
        since = moment.replace(tzinfo=begins.tzinfo).astimezone(UTC)
        if since > now + AHEAD or number >= MOST:
            return
        if since not in left_out:
            yield since


def _without_zone(rule: str) -> str:
    """UNTIL in UTC would clash with wall-clock time; a day later never matters to what is yearly or weekly."""
    parts = [
        part[:-1] if part.startswith("UNTIL=") and part.endswith("Z") else part for part in rule.split(";")
    ]
    return ";".join(parts)


def _listed(dates: Any) -> Iterator[Any]:
    for group in dates if isinstance(dates, list) else [dates] if dates is not None else []:
        yield from group.dts


def _length(event: Any, zone: str) -> timedelta:
    if "DTEND" in event:
        return max(_utc(event["DTEND"].dt, zone) - _utc(event["DTSTART"].dt, zone), NOTHING)
    if "DURATION" in event:
        lasts: timedelta = event["DURATION"].dt
        return max(lasts, NOTHING)
    return NOTHING if isinstance(event["DTSTART"].dt, datetime) else timedelta(days=1)


def _local(moment: date | datetime, zone: str) -> datetime:
    """A whole day begins at midnight in `zone`, which also counts where the file names none."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), ZoneInfo(zone))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def _utc(moment: date | datetime, zone: str) -> datetime:
    return _local(moment, zone).astimezone(UTC)
