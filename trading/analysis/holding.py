"""The simplest rival: buy at the first open, hold to the last close, pay the same costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from trading.analysis.curves import Curve, Floats
from trading.analysis.metrics import measure_curve
from trading.domain.report import Benchmark, EquityPoint

Ints = npt.NDArray[np.int64]
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Prices:
    """One market: when its candles closed (seconds), what the first opened at, and every close."""

    closed: Ints
    first_open: float
    close: Floats


def buy_and_hold(markets: Sequence[Prices], cash: float, fee: float, slippage: float) -> Benchmark | None:
    """Equal parts of the money in every market; None where there is no price to buy at."""
    markets = [market for market in markets if len(market.close) and market.first_open > 0]
    if not markets:
        return None
    times = markets[0].closed if len(markets) == 1 else np.unique(np.concatenate([m.closed for m in markets]))
    worth = np.zeros(len(times))
    for market in markets:
        part = cash / len(markets)
        units = part / (market.first_open * (1 + slippage) * (1 + fee))
        row = np.searchsorted(market.closed, times, "right") - 1
        worth += np.where(row >= 0, units * market.close[np.maximum(row, 0)], part)
    seconds = np.concatenate(([times[0] - 1], times)).astype(np.float64)
    equity = np.concatenate(([cash], worth))
    curve = Curve(seconds, equity, np.zeros(len(equity)), equity / cash)
    found = measure_curve(curve)
    return Benchmark(
        total_return=float(equity[-1] / cash) - 1,
        cagr=found["cagr"],
        volatility=found["volatility"],
        sharpe=found["sharpe"],
        max_drawdown=found["max_drawdown"],
        equity=_daily(seconds, equity),
    )


def _daily(seconds: Floats, equity: Floats) -> tuple[EquityPoint, ...]:
    """The first point, the last of each day, and the last of all."""
    last = np.flatnonzero(np.diff(seconds // _DAY, append=np.inf) != 0)
    rows = np.unique(np.concatenate(([0], last)))
    return tuple(
        EquityPoint(datetime.fromtimestamp(float(at), UTC), float(worth))
        for at, worth in zip(seconds[rows], equity[rows], strict=True)
    )
