"""A period of one account or backtest, put together: the same for terminal, JSON, pictures and chat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from trading.analysis import costs, portions
from trading.analysis.allocation import Floats, Ints, allocation
from trading.analysis.curves import Curve, Span, cut
from trading.analysis.metrics import measure, outcomes_of
from trading.analysis.trades import OpenTrip, split_trips
from trading.domain.events import Event, OrderRefused, TradingHalted
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Deal
from trading.domain.report import Benchmark, EquityPoint, Month, Report, RoundTrip, Stopped


def report(
    *,
    strategy: str,
    symbols: Sequence[str],
    timeframe: Timeframe,
    bars: int,
    start: datetime,
    end: datetime,
    initial_equity: Decimal,
    final_equity: Decimal,
    fills: Sequence[Deal],
    trips: tuple[tuple[RoundTrip, ...], tuple[OpenTrip, ...]] | None = None,
    equity: Sequence[EquityPoint],
    seconds: Mapping[str, float],
    notes: Sequence[str] = (),
    sleeves: Sequence[str] = (),
    prices: Mapping[str, Decimal] | None = None,
    fee_share: Decimal = Decimal(0),
    slippage_share: Decimal = Decimal(0),
    benchmark: Benchmark | None = None,
    glimpse: Sequence[Candle] = (),
    closes: Mapping[str, tuple[Ints, Floats]] | None = None,
    news: Sequence[Event] = (),
) -> Report:
    """The report of these fills and this curve. What is open is in the equity, not in the trades.

    `closes` (when, and at what) are those of each market, for what the money was in over time; `news` tell what the
    rules did. `trips` are what the fills come to, closed and open, where that is known already. `prices` are the last
    ones, `sleeves` and `symbols` everything that might have traded.
    """
    equity = _with_start(equity, float(initial_equity))
    trades, still_open = split_trips(fills) if trips is None else trips
    valued = prices or {trip.symbol: trip.entry_price for trip in still_open}
    money = costs.traded(fills)
    curve, outcomes = Curve.of(equity), outcomes_of(trades)
    metrics = measure(equity, trades, still_open, curve=curve, outcomes=outcomes)
    metrics["turnover"] = _turnover(money, equity, curve)
    return Report(
        strategy=strategy,
        symbols=tuple(symbols),
        timeframe=str(timeframe),
        bars=bars,
        start=start,
        end=end,
        initial_equity=initial_equity,
        final_equity=final_equity,
        fees=sum((fill.charged for fill in fills), Decimal(0)),
        trades=trades,
        equity=tuple(equity),
        metrics=metrics,
        seconds=dict(seconds),
        notes=tuple(notes),
        fee_share=fee_share,
        slippage_share=slippage_share,
        slippage=costs.slipped(fills, slippage_share),
        traded=money,
        by_symbol=portions.by_symbol(symbols, trades, still_open, valued, outcomes, metrics),
        by_strategy=portions.by_strategy(
            sleeves or _seen(trades), trades, still_open, valued, outcomes, metrics
        ),
        months=months_of(curve),
        benchmark=benchmark,
        glimpse=tuple(glimpse),
        allocation=allocation(fills, closes, equity) if closes and len(closes) > 1 else (),
        refused=_refused(news),
        refused_of=_refused_of(news),
        stopped=tuple(
            Stopped(n.at, n.halt.kind.value, n.halt.reason) for n in news if isinstance(n, TradingHalted)
        ),
    )


def _refused(news: Sequence[Event]) -> tuple[tuple[str, int], ...]:
    rules = Counter(n.decision.rule for n in news if isinstance(n, OrderRefused))
    return tuple(sorted(rules.items(), key=lambda pair: (-pair[1], pair[0])))


def _refused_of(news: Sequence[Event]) -> tuple[tuple[str, str, int], ...]:
    found = Counter((n.decision.rule, n.decision.intent.symbol) for n in news if isinstance(n, OrderRefused))
    rows = ((rule, symbol, count) for (rule, symbol), count in found.items())
    return tuple(sorted(rows, key=lambda row: (row[0], -row[2], row[1])))


def months_of(curve: Curve) -> tuple[Month, ...]:
    """Every calendar month (UTC) the curve touches."""
    return tuple(Month(p.start.year, p.start.month, p.change) for p in cut(curve, Span.MONTH))


def _with_start(equity: Sequence[EquityPoint], initial: float) -> Sequence[EquityPoint]:
    """The money at the start comes first, also where the very first point has paid a fee already."""
    if not equity or equity[0].equity == initial:
        return equity
    return (EquityPoint(equity[0].at - timedelta(microseconds=1), initial), *equity)


def _turnover(money: Decimal, equity: Sequence[EquityPoint], curve: Curve) -> float | None:
    if not equity:
        return None
    mean = sum(curve.equity.tolist()) / len(equity)
    days = (equity[-1].at - equity[0].at).total_seconds() / 86400
    return costs.yearly_turnover(money, mean, days)


def _seen(trades: Sequence[RoundTrip]) -> list[str]:
    return list(dict.fromkeys(trip.sleeve for trip in trades))
