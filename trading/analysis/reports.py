"""A period of one account or backtest, put together: the same for terminal, JSON, pictures and chat."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from trading.analysis import costs, portions
from trading.analysis.curves import Span, periods
from trading.analysis.metrics import measure
from trading.analysis.trades import split_trips
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill
from trading.domain.report import Benchmark, EquityPoint, Month, Report, RoundTrip


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
    fills: Sequence[Fill],
    equity: Sequence[EquityPoint],
    seconds: Mapping[str, float],
    notes: Sequence[str] = (),
    sleeves: Sequence[str] = (),
    prices: Mapping[str, Decimal] | None = None,
    fee_share: Decimal = Decimal(0),
    slippage_share: Decimal = Decimal(0),
    benchmark: Benchmark | None = None,
    glimpse: Sequence[Candle] = (),
) -> Report:
    """The report of these fills and this curve. What is open is in the equity, not in the trades.

    `prices` are the last ones, `sleeves` and `symbols` everything that might have traded.
    """
    trades, still_open = split_trips(fills)
    valued = prices or {trip.symbol: trip.entry_price for trip in still_open}
    money = costs.traded(fills)
    metrics = measure(equity, trades, still_open)
    metrics["turnover"] = _turnover(money, equity)
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
        by_symbol=portions.by_symbol(symbols, trades, still_open, valued),
        by_strategy=portions.by_strategy(sleeves or _seen(trades), trades, still_open, valued),
        months=months_of(equity),
        benchmark=benchmark,
        glimpse=tuple(glimpse),
    )


def months_of(equity: Sequence[EquityPoint]) -> tuple[Month, ...]:
    """Every calendar month (UTC) the curve touches."""
    return tuple(Month(p.start.year, p.start.month, p.change) for p in periods(equity, Span.MONTH))


def _turnover(money: Decimal, equity: Sequence[EquityPoint]) -> float | None:
    if not equity:
        return None
    mean = sum(point.equity for point in equity) / len(equity)
    days = (equity[-1].at - equity[0].at).total_seconds() / 86400
    return costs.yearly_turnover(money, mean, days)


def _seen(trades: Sequence[RoundTrip]) -> list[str]:
    return list(dict.fromkeys(trip.sleeve for trip in trades))
