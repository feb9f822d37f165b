"""Days, weeks and months of an account, cut at midnight in the reader's zone; cash flows are not profit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.domain.report import EquityPoint, RoundTrip
from trading.domain.view import Period


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
    """Every period from `since` on that has equity in it; profit is the change of equity less its cash flows."""
    periods = []
    start = since
    while start <= now:
        end = _next(start, length)
        inside = [p for p in points if start < p.at <= end]
        if inside:
            periods.append(_period(points, inside, trips, start, end, length))
        start = end
    return periods


def _period(
    points: Sequence[EquityPoint],
    inside: Sequence[EquityPoint],
    trips: Sequence[RoundTrip],
    start: datetime,
    end: datetime,
    length: str,
) -> Period:
    before = next((p for p in reversed(points) if p.at <= start), None)
    first = before.equity if before else 0.0
    growth, equity = 1.0, first
    for point in inside:
        worth = point.equity - point.flow
        growth *= worth / equity if equity > 0 else 1.0
        equity = point.equity
    profit = inside[-1].equity - first - sum(p.flow for p in inside)
    return Period(
        label=_label(start, length),
        start=start,
        profit=Decimal(str(round(profit, 8))),
        change=growth - 1,
        trades=sum(start < t.exit_at <= end for t in trips),
    )


def _start_of(local: datetime, length: str) -> datetime:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if length == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if length == "month" else midnight


def _next(start: datetime, length: str) -> datetime:
    if length == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if length == "week" else 1)


def _label(start: datetime, length: str) -> str:
    return start.strftime({"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[length])
