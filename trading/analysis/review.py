"""A finished day, week or month of an account, put together from its curve, fills and orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.analysis import curves, portions
from trading.analysis.curves import Curve, Span
from trading.analysis.periods import by_period
from trading.analysis.reports import months_of
from trading.analysis.trades import split_trips
from trading.domain.order import Fill, Order
from trading.domain.report import EquityPoint, Portion
from trading.domain.review import Review, Slip
from trading.domain.view import Status

_NONE = Decimal(0)
_LABELS = {Span.DAY: "%Y-%m-%d", Span.WEEK: "%G-W%V", Span.MONTH: "%Y-%m"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything an account knows about itself that a review is made of, oldest first."""

    status: Status
    points: Sequence[EquityPoint]
    fills: Sequence[Fill]
    orders: Sequence[Order]
    prices: Mapping[str, Decimal]
    refused: Sequence[datetime]  # when risk rules refused an entry
    stops: Sequence[datetime]
    steps: Mapping[str, Decimal] | None = None  # the smallest amount of each market


def review(known: Known, length: str, zone: str, now: datetime) -> Review | None:
    """The newest complete day, week or month in this zone, or the running one where none is complete yet."""
    place, span = ZoneInfo(zone), Span(length)
    points = [point for point in known.points if point.at <= now]
    cut = curves.periods(points, span, place)
    if not cut:
        return None
    done = [period for period in cut if period.end <= now.astimezone(place).date()]
    chosen = (done or cut)[-1]
    start = max(datetime.combine(chosen.start, time(), place), points[0].at)
    end = min(datetime.combine(chosen.end, time(), place), now)
    trips, still_open = split_trips([f for f in known.fills if f.at <= now], known.steps)
    closed = tuple(trip for trip in trips if start < trip.exit_at <= end)
    inside = _inside(points, start, end)
    fills = [fill for fill in known.fills if start < fill.at <= end]
    values = [holding.value for holding in known.status.holdings]
    equity = known.status.equity
    slips = _slips([order for order in known.orders if start < order.changed_at <= end])
    seen = [(t.sleeve, t.symbol) for t in closed] + [(t.sleeve, t.symbol) for t in still_open]
    sleeves, symbols = (list(dict.fromkeys(pair[n] for pair in seen)) for n in (0, 1))
    return Review(
        account=known.status.account,
        currency=known.status.currency,
        length=length,
        label=chosen.start.strftime(_LABELS[span]),
        start=start,
        end=end,
        running=not done,
        first_equity=chosen.first_equity,
        last_equity=chosen.last_equity,
        flow=chosen.flow,
        profit=Decimal(str(round(chosen.profit, 8))),
        change=chosen.change,
        deepest_fall=float(curves.drawdowns(Curve.of(inside)).max(initial=0.0)),
        equity=tuple(inside),
        days=tuple(p for p in by_period(points, closed, start, end, "day", zone) if p.start < end),
        months=months_of(Curve.of([point for point in points if point.at <= end])),
        trades=closed,
        by_strategy=_ranked(portions.by_strategy(sleeves, closed, still_open, known.prices)),
        by_symbol=_ranked(portions.by_symbol(symbols, closed, still_open, known.prices)),
        traded=sum((fill.amount * fill.price for fill in fills), _NONE),
        fees=sum((fill.charged for fill in fills), _NONE),
        slippage=sum((slip.cost for slip in slips), _NONE),
        slips=slips,
        refused=sum(start < at <= end for at in known.refused),
        stops=sum(start < at <= end for at in known.stops),
        invested=float(sum((abs(value) for value in values), _NONE) / equity) if equity > 0 else 0.0,
        holdings=len(known.status.holdings),
    )


def _inside(points: Sequence[EquityPoint], start: datetime, end: datetime) -> list[EquityPoint]:
    """The curve from the newest point before the start; its own flow belongs to the time before."""
    before = [EquityPoint(point.at, point.equity) for point in points if point.at <= start][-1:]
    return [*before, *(point for point in points if start < point.at <= end)]


def _ranked(found: Sequence[Portion]) -> tuple[Portion, ...]:
    return tuple(sorted(found, key=lambda portion: -portion.profit))


def _slips(orders: Sequence[Order]) -> tuple[Slip, ...]:
    """Of every order that was filled, or a part of it."""
    found = [
        Slip(
            at=order.changed_at,
            symbol=order.intent.symbol,
            sleeve=order.intent.sleeve,
            side=order.intent.side,
            amount=order.filled,
            decided=order.intent.price_at_decision,
            filled=order.average_price,
        )
        for order in orders
        if order.average_price is not None and order.filled > 0 and order.intent.price_at_decision > 0
    ]
    return tuple(sorted(found, key=lambda slip: slip.at))
