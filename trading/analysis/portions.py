"""Who earned it: trades and open positions by symbol, by strategy, or by whatever else they have in common."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from trading.analysis.metrics import Metrics, measure_trades
from trading.analysis.trades import OpenTrip
from trading.domain.report import Portion, RoundTrip

_NONE = Decimal(0)


def by_symbol(
    names: Sequence[str],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    prices: Mapping[str, Decimal],
    whole: Metrics | None = None,
) -> tuple[Portion, ...]:
    """One portion for each of these symbols, in their order; one that never traded has zeros.

    `whole` are the metrics of all these trades, where they are known already.
    """
    return _portions(names, trips, still_open, prices, lambda trip: trip.symbol, whole)


def by_strategy(
    names: Sequence[str],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    prices: Mapping[str, Decimal],
    whole: Metrics | None = None,
) -> tuple[Portion, ...]:
    """As `by_symbol`, by the sleeve that traded."""
    return _portions(names, trips, still_open, prices, lambda trip: trip.sleeve, whole)


def _portions(
    names: Sequence[str],
    trips: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    prices: Mapping[str, Decimal],
    of: Callable[[RoundTrip | OpenTrip], str],
    whole: Metrics | None,
) -> tuple[Portion, ...]:
    found, by_name = [], defaultdict(list)
    for trip in trips:
        by_name[of(trip)].append(trip)
    for name in names:
        mine = by_name[name]
        held = [trip for trip in still_open if of(trip) == name]
        figures = whole if whole is not None and len(mine) == len(trips) else measure_trades(mine)
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
