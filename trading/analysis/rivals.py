"""Strategies and accounts over the same window, measured alike."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from trading.analysis.curves import Curve, drawdowns
from trading.domain.replay import Rival
from trading.domain.report import EquityPoint, RoundTrip


def rival(name: str, points: Sequence[EquityPoint], trades: int) -> Rival:
    """One curve, measured; deposits are not growth."""
    curve = Curve.of(points)
    return Rival(
        name=name,
        points=tuple(points),
        change=float(curve.growth[-1]) - 1.0 if len(curve) else 0.0,
        deepest_fall=float(drawdowns(curve).max(initial=0.0)),
        trades=trades,
    )


def strategies(
    names: Iterable[str], trips: Iterable[RoundTrip], points: Sequence[EquityPoint]
) -> tuple[Rival, ...]:
    """What each strategy's closed trades added to the account's equity at the start of the window, best first.

    A strategy that closed nothing stays where it began; one that has left the account since is there, too.
    """
    if not points or points[0].equity <= 0:
        return ()
    start, base, end = points[0].at, points[0].equity, points[-1].at
    closed: dict[str, list[RoundTrip]] = defaultdict(list)
    for trip in trips:
        if start < trip.exit_at <= end:
            closed[trip.sleeve].append(trip)
    found = []
    for name in dict.fromkeys([*names, *closed]):
        mine = closed[name]
        curve, money = [EquityPoint(start, base)], base
        for trip in mine:
            money += float(trip.pnl)
            curve.append(EquityPoint(trip.exit_at, money))
        if curve[-1].at < end:
            curve.append(EquityPoint(end, money))
        found.append(rival(name, curve, len(mine)))
    return ranked(found)


def ranked(found: Iterable[Rival]) -> tuple[Rival, ...]:
    """Best first; of equals the one that fell less."""
    return tuple(sorted(found, key=lambda one: (-one.change, one.deepest_fall, one.name)))
