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
    times = markets[0].closed
    together = all(np.array_equal(market.closed, times) for market in markets)
    if not together:
        times = np.unique(np.concatenate([market.closed for market in markets]))
    equity = np.zeros(len(times) + 1)  # the money itself comes first
    equity[0] = cash
    for market in markets:
        part = cash / len(markets)
        units = part / (market.first_open * (1 + slippage) * (1 + fee))
        if together:
            equity[1:] += units * market.close
            continue
        row = np.searchsorted(market.closed, times, "right") - 1
        equity[1:] += np.where(row >= 0, units * market.close[np.maximum(row, 0)], part)
    seconds = np.empty(len(equity))
    seconds[0], seconds[1:] = times[0] - 1, times
    curve = Curve(seconds, equity, np.broadcast_to(0.0, len(equity)), equity / cash)
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
