"""A period of one account or backtest, put together: the same for terminal, JSON, pictures and chat."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from trading.analysis.metrics import measure
from trading.analysis.trades import split_trips
from trading.domain.market import Timeframe
from trading.domain.order import Fill
from trading.domain.report import EquityPoint, Report


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
) -> Report:
    """The report of these fills and this curve. What is open is in the equity, not in the trades."""
    trades, still_open = split_trips(fills)
    return Report(
        strategy=strategy,
        symbols=tuple(symbols),
        timeframe=str(timeframe),
        bars=bars,
        start=start,
        end=end,
        initial_equity=initial_equity,
        final_equity=final_equity,
        fees=sum((fill.fee for fill in fills), Decimal(0)),
        trades=trades,
        equity=tuple(equity),
        metrics=measure(equity, trades, still_open),
        seconds=dict(seconds),
        notes=tuple(notes),
    )
