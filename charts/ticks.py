"""Where the marks of an axis stand: few, on round numbers, and on the reader's own clock."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from charts.format import Say, day, month, plain

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
_DAYS = (1, 2, 4, 7, 14)
_MONTHS = (1, 2, 3, 6)
_YEARS = (1, 2, 5, 10, 20, 50, 100)


def number_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers from `low` to `high`, evenly apart, such that about `count` steps fit."""
    rough = (high - low) / max(count, 1)
    if not math.isfinite(rough) or rough <= 0:
        return [low]
    scale = 10.0 ** math.floor(math.log10(rough))
    step = min((scale * r for r in _ROUND), key=lambda step: abs(math.log(step / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def time_ticks(
    start: float, end: float, zone: str, say: Say = plain, count: int = 5, *, least: float = 60
) -> list[tuple[float, str]]:
    """About `count` round local times between two moments (seconds since 1970), with their labels."""
    local = ZoneInfo(zone)
    first = datetime.fromtimestamp(start, UTC).astimezone(local).replace(tzinfo=None)
    last = datetime.fromtimestamp(end, UTC).astimezone(local).replace(tzinfo=None)
    ticks = []
    for at, label in _marks(first, last, max(least, (end - start) / max(count, 1)), say):
        seconds = at.replace(tzinfo=local).timestamp()
        if start <= seconds <= end:
            ticks.append((seconds, label))
    return ticks


def _marks(first: datetime, last: datetime, rough: float, say: Say) -> Iterator[tuple[datetime, str]]:
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    for minutes in _MINUTES:
        if minutes * 60 >= rough:
            return _every_minutes(midnight, first, last, minutes, say)
    for days in _DAYS:
        if days * 86400 >= rough:
            return _every_days(midnight, last, days, say)
    for months in _MONTHS:
        if months * 30.4 * 86400 >= rough:
            return _every_months(midnight, last, months, say)
    years = next((y for y in _YEARS if y * 365 * 86400 >= rough), _YEARS[-1])
    new_year = midnight.replace(month=1, day=1)
    return ((new_year.replace(year=y), str(y)) for y in range(first.year, last.year + 1) if y % years == 0)


def _every_minutes(
    midnight: datetime, first: datetime, last: datetime, minutes: int, say: Say
) -> Iterator[tuple[datetime, str]]:
    step = timedelta(minutes=minutes)
    at = midnight + step * ((first - midnight) // step)
    while at <= last:
        yield at, day(at.date(), say=say) if at.hour == at.minute == 0 else f"{at:%H:%M}"
        at += step


def _every_days(midnight: datetime, last: datetime, days: int, say: Say) -> Iterator[tuple[datetime, str]]:
    at = midnight - timedelta(days=(midnight.toordinal() - 1) % days)  # weeks begin on Mondays
    while at <= last:
        yield at, day(at.date(), say=say)
        at += timedelta(days=days)


def _every_months(
    midnight: datetime, last: datetime, months: int, say: Say
) -> Iterator[tuple[datetime, str]]:
    for index in range(midnight.year * 12 + midnight.month - 1, last.year * 12 + last.month):
        if index % months == 0:
            at = midnight.replace(year=index // 12, month=index % 12 + 1, day=1)
            yield at, str(at.year) if at.month == 1 else month(at.month, say)
