"""Days, weeks and months of an account, cut at midnight in the reader's zone; cash flows are not profit."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.analysis import curves
from trading.analysis.curves import Span
from trading.domain.report import EquityPoint, RoundTrip
from trading.domain.view import Period

_LABELS = {Span.DAY: "%Y-%m-%d", Span.WEEK: "%G-W%V", Span.MONTH: "%Y-%m"}


def first_start(now: datetime, length: str, count: int, zone: str) -> datetime:
    """Where the oldest of the newest `count` periods begins."""
    start = _start_of(now.astimezone(ZoneInfo(zone)), length)
    for _ in range(count - 1):
        start = _start_of(start - timedelta(hours=12), length)
    return start


def by_period(
    points: Sequence[EquityPoint],
    trips: Sequence[RoundTrip],
    since: datetime,
    now: datetime,
    length: str,
    zone: str,
) -> list[Period]:
    """Every period from `since` to `now` that the curve covers; profit is change of equity less flows.

    A period is measured from the newest point before it, the very first one from the first point.
    """
    place, span = ZoneInfo(zone), Span(length)
    known = [point for point in points if point.at <= now]
    first = since.astimezone(place).date()
    return [_shown(p, trips, span, place) for p in curves.periods(known, span, place) if p.start >= first]


def _shown(period: curves.Period, trips: Sequence[RoundTrip], span: Span, place: tzinfo) -> Period:
    start = datetime.combine(period.start, time(), place)
    end = datetime.combine(period.end, time(), place)
    return Period(
        label=period.start.strftime(_LABELS[span]),
        start=start,
        profit=Decimal(str(round(period.profit, 8))),
        change=period.change,
        trades=sum(start < trip.exit_at <= end for trip in trips),
    )


def _start_of(local: datetime, length: str) -> datetime:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if length == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if length == "month" else midnight
