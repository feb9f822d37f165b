"""Hours in which a person is left alone, and when they end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trading.domain.people import Person


def quiet_until(person: Person, now: datetime) -> datetime | None:
    """When this person's quiet hours end; None while there are none."""
    if person.quiet is None or not person.quiet.holds(now, person.zone):
        return None
    zone = ZoneInfo(person.zone)
    today = now.astimezone(zone).date()
    end = datetime.combine(today, person.quiet.end, zone).astimezone(UTC)
    if end <= now:
        end = datetime.combine(today + timedelta(days=1), person.quiet.end, zone).astimezone(UTC)
    return end
