"""Events that entries keep away from: those of the settings and of an iCal file, as closures of an account."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
NOTHING, DAY = timedelta(0), timedelta(days=1)

Stretch = tuple[datetime, datetime]


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
    made = [_closure(h) for h in (*_own(settings.calendar, account), *_from_file(settings, now))]
    near = [closure for closure in made if now - BEFORE <= closure.until and closure.since <= now + AHEAD]
    kept = {closure.id: closure for closure in near if closure.id not in skipped}
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
    try:
        found = list(_happenings(events, settings.zone, (now - BEFORE - after, now + AHEAD + before)))
    except ValueError as error:
        raise SettingsError(f"{where}: {path}: {error}") from None
    for name, since, until in found:
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
    events: tuple[Any, ...], zone: str, near: Stretch
) -> Iterator[tuple[str, datetime, datetime]]:
    """Every occurrence that is near, in UTC; moved and cancelled ones as the file says.

    Raises ValueError that names an event nobody can read: one passed over would leave entries open.
    """
    moved = set()
    for event in events:
        if "RECURRENCE-ID" in event:
            with _named(event):
                moved.add((str(event.get("UID", "")), _of(event, "RECURRENCE-ID", zone)))
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED" or "DTSTART" not in event:
            continue
        with _named(event):
            length = _length(event, zone)
            starts = list(_starts(event, zone, (near[0] - length, near[1])))
        for since in starts:
            if "RECURRENCE-ID" in event or (str(event.get("UID", "")), since) not in moved:
                yield _name(event), since, since + length


def _name(event: Any) -> str:
    return (str(event.get("SUMMARY", "")).strip() or "event")[:60]


@contextmanager
def _named(event: Any) -> Iterator[None]:
    """A ValueError while this event is read says which one it is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"the event '{_name(event)}' cannot be read ({error}).") from None


def _starts(event: Any, zone: str, near: Stretch) -> Iterator[datetime]:
    first = _only(event, "DTSTART")
    if "RECURRENCE-ID" in event:
        yield _of(event, "DTSTART", zone)
        return
    begins, rules = _local(first, zone), _every(event, "RRULE")
    found = {_utc(begin[0] if isinstance(begin, tuple) else begin, zone) for begin in _listed(event, "RDATE")}
    for rule in rules:
        found.update(_repeated(rule, begins, near))
    if not rules:
        found.add(_utc(begins, zone))
    yield from sorted(found - {_utc(moment, zone) for moment in _listed(event, "EXDATE")})


def _repeated(rule: Any, begins: datetime, near: Stretch) -> Iterator[datetime]:
    """In wall-clock time without a zone: an event at 14:00 stays at 14:00 when the clocks change."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    written = rule.to_ical().decode()
    if {"SECONDLY", "MINUTELY"} & set(rule.get("FREQ", ())) or min(rule.get("INTERVAL", [1])) < 1:
        raise ValueError(f"it should repeat once an hour at most; found {written}")
    naive = rrulestr(_ending_there(written, begins), dtstart=begins.replace(tzinfo=None))
    low = (near[0] - DAY).replace(tzinfo=None)
    for number, moment in enumerate(naive.xafter(low, inc=True)):
        since = moment.replace(tzinfo=begins.tzinfo).astimezone(UTC)
        if since > near[1] or number >= MOST:
            return
        yield since


def _ending_there(rule: str, begins: datetime) -> str:
    """The rule with its UNTIL by the clock of the event's own zone; a day as UNTIL is that whole day."""
    parts = rule.split(";")
    for number, part in enumerate(parts):
        name, _, until = part.partition("=")
        if name == "UNTIL" and until.endswith("Z"):
            last = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(begins.tzinfo)
            parts[number] = f"UNTIL={last:%Y%m%dT%H%M%S}"
        elif name == "UNTIL" and "T" not in until:
            parts[number] = f"UNTIL={until}T235959"
    return ";".join(parts)


def _every(event: Any, what: str) -> list[Any]:
    """All there are of a line that may stand there several times."""
    found = event.get(what)
    return found if isinstance(found, list) else [found] if found is not None else []


def _listed(event: Any, what: str) -> Iterator[Any]:
    """Dates of RDATE or EXDATE. Raises ValueError for what is none."""
    for group in _every(event, what):
        yield from (moment.dt for moment in group.dts)


def _only(event: Any, what: str) -> Any:
    """What stands there once. Raises ValueError for several, and for a zone that nobody knows."""
    found = event[what]
    if isinstance(found, list):
        raise ValueError(f"{what} stands there {len(found)} times")
    moment = found.dt
    named = found.params.get("TZID")
    if named and isinstance(moment, datetime) and moment.tzinfo is None:
        raise ValueError(f"its zone {named} is not known")
    return moment


def _of(event: Any, what: str, zone: str) -> datetime:
    return _utc(_only(event, what), zone)


def _length(event: Any, zone: str) -> timedelta:
    if "DTEND" in event:
        return max(_of(event, "DTEND", zone) - _of(event, "DTSTART", zone), NOTHING)
    if "DURATION" in event:
        lasts: timedelta = _only(event, "DURATION")
        return max(lasts, NOTHING)
    return NOTHING if isinstance(_only(event, "DTSTART"), datetime) else DAY


def _local(moment: date | datetime, zone: str) -> datetime:
    """A whole day begins at midnight in `zone`, which also counts where the file names none."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), ZoneInfo(zone))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def _utc(moment: date | datetime, zone: str) -> datetime:
    return _local(moment, zone).astimezone(UTC)
