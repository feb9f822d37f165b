"""Who earned it: trades and open positions by symbol, by strategy, or by whatever else they have in common."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter

from trading.analysis.metrics import Metrics, Outcome, measure_trades, outcomes_of
from trading.analysis.trades import OpenTrip
from trading.domain.report import Portion, RoundTrip

_NONE = Decimal(0)


def by_symbol(
    names: Sequence[str],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    prices: Mapping[str, Decimal],
    outcomes: Sequence[Outcome] | None = None,
    whole: Metrics | None = None,
) -> tuple[Portion, ...]:
    """One portion for each of these symbols, in their order; one that never traded has zeros.

    `outcomes` are those of all these trades and `whole` is what they measure, where these are known already.
    """
    return _portions(names, trips, still_open, prices, attrgetter("symbol"), outcomes, whole)


def by_strategy(
    names: Sequence[str],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    prices: Mapping[str, Decimal],
    outcomes: Sequence[Outcome] | None = None,
    whole: Metrics | None = None,
) -> tuple[Portion, ...]:
    """As `by_symbol`, by the sleeve that traded."""
    return _portions(names, trips, still_open, prices, attrgetter("sleeve"), outcomes, whole)


def _portions(
    names: Sequence[str],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    prices: Mapping[str, Decimal],
    of: Callable[[RoundTrip | OpenTrip], str],
    outcomes: Sequence[Outcome] | None,
    whole: Metrics | None,
) -> tuple[Portion, ...]:
    found, by_name = [], defaultdict[str, list[tuple[RoundTrip, Outcome]]](list)
    for trip, outcome in zip(trips, outcomes_of(trips) if outcomes is None else outcomes, strict=True):
        by_name[of(trip)].append((trip, outcome))
    for name in names:
        mine = [trip for trip, _ in by_name[name]]
        held = [trip for trip in still_open if of(trip) == name]
        known = whole if len(mine) == len(trips) else None
        figures = measure_trades([outcome for _, outcome in by_name[name]]) if known is None else known
        paid = [trip.fees for trip in mine] + [trip.fees for trip in held]
        found.append(
            Portion(
                name=name,
                trades=len(mine),
                win_rate=figures["win_rate"],
                profit_factor=figures["profit_factor"],
                profit=sum((trip.pnl for trip in mine), _NONE),
                open_profit=sum((trip.worth(prices[trip.symbol]) for trip in held), _NONE),
                fees=sum(paid, _NONE),
                best=figures["best_trade"],
                worst=figures["worst_trade"],
            )
        )
    return tuple(found)
