"""How much of a sleeve's budget each market may have, worked out from candles like a strategy's answer.

So the board computes it once for all accounts, a backtest sees it for every moment at once, and neither can look
ahead. Weights change at the beginning of a period and hold until the next; sizes follow every candle, in steps.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trading.domain.sizing import AtrSize, VolatilitySize, Weighing
from trading.indicators import atr, bar_seconds, period, stdev
from trading.portfolio.weights import FEWEST, METHODS, covariance
from trading.strategies import Strategy
from trading.strategies.shapes import kept, settled
from trading.windows import Floats, Ints

DAY = 86_400
YEAR = 365 * DAY  # crypto trades every day
SAMPLE = 3600  # weights look at returns of an hour, or of one candle where that is longer
SILENT = 3  # hours a market may be without a price before it gets nothing
STEP = 0.05  # sizes move in steps, so that a calm market is not traded at every candle
ATR_BARS = 14


def size_strategy(size: VolatilitySize | AtrSize) -> Strategy:
    """What answers how much of a market's budget may be used: 0 ... 1, 0 until it is known."""
    return VOLATILITY_SIZE if isinstance(size, VolatilitySize) else ATR_SIZE


def begins_period(weighing: Weighing, bar: int, opened: int) -> bool:
    """Whether the candle that opened then (seconds) is the first of its period."""
    length = _bars(weighing.every, bar) * bar
    return opened // length != (opened - bar) // length


def beginnings(weighing: Weighing, bar: int, opened: Ints) -> Ints:
    """Those of these opening times at which a period begins."""
    length = _bars(weighing.every, bar) * bar
    return np.asarray(opened[opened // length != (opened - bar) // length])


def _bars(days: float, bar: int) -> int:
    return max(1, round(days * DAY / bar))


def _stride(bar: int) -> int:
    return max(1, SAMPLE // bar)


def _weights(frames: Mapping[str, pd.DataFrame], p: Weighing) -> dict[str, pd.Series]:
    longest = max(frames.values(), key=len)
    bar = bar_seconds(longest)
    stride, look = _stride(bar), _bars(p.days, bar)
    closes = pd.DataFrame({symbol: frames[symbol]["close"] for symbol in sorted(frames)})
    closes = closes.ffill(limit=SILENT * stride)
    numbers = period(closes, _bars(p.every, bar))
    begins = np.flatnonzero(np.diff(numbers, prepend=numbers[:1]) != 0)
    prices = closes.to_numpy()
    weights = np.zeros(prices.shape)
    for row in begins[begins >= look].tolist():
        window = prices[row - look // stride * stride : row + 1 : stride]
        weights[row] = _of_window(window, p.method)
    spread = pd.DataFrame(weights, index=closes.index, columns=closes.columns)
    return {
        symbol: kept(spread[symbol], numbers).reindex(frame.index).fillna(0.0)
        for symbol, frame in frames.items()
    }


def _of_window(prices: np.ndarray, method: str) -> Floats:
    """Weights of the markets that had a price all along and moved; the others get nothing."""
    weights = np.zeros(prices.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.diff(np.log(prices), axis=0)
    usable = np.isfinite(returns).all(axis=0) & (returns.std(axis=0) > 0)
    if len(returns) < FEWEST or not usable.any():
        return weights
    weights[usable] = METHODS[method](covariance(returns[:, usable]))
    return weights


def _by_volatility(candles: pd.DataFrame, p: VolatilitySize) -> pd.Series:
    bar = bar_seconds(candles)
    swing = stdev(np.log(candles["close"]).diff(), max(2, _bars(p.days, bar))) * np.sqrt(YEAR / bar)
    return _in_steps(p.target / swing.where(swing > 0))


def _by_atr(candles: pd.DataFrame, p: AtrSize) -> pd.Series:
    reach = p.multiple * atr(candles, ATR_BARS) / candles["close"]
    return _in_steps(p.risk / reach.where(reach > 0))


def _in_steps(size: pd.Series) -> pd.Series:
    stepped: pd.Series = (size.clip(upper=1.0).fillna(0.0) / STEP).apply(np.floor) * STEP
    return stepped.round(6)


WEIGHTS = Strategy(
    name="weights",
    summary="What share of a sleeve's budget each of its markets gets; nothing until there are enough returns.",
    Params=Weighing,
    parameters=(),
    exposure=lambda candles, p: _weights({"": candles}, p)[""],
    bars=lambda p, bar: _bars(p.days, bar) + _bars(p.every, bar) + SILENT * _stride(bar) + 1,
    together=_weights,
)
VOLATILITY_SIZE = Strategy(
    name="volatility size",
    summary="How much of a budget keeps its volatility at a target.",
    Params=VolatilitySize,
    parameters=(),
    exposure=_by_volatility,
    bars=lambda p, bar: max(2, _bars(p.days, bar)) + 1,
)
SWING = Strategy(
    name="ATR",
    summary="The average true range of 14 candles: a price, not an exposure.",
    Params=type(None),
    parameters=(),
    exposure=lambda candles, _: atr(candles, ATR_BARS),
    bars=lambda _, __: settled(2 * ATR_BARS),
    measure=True,
)
ATR_SIZE = Strategy(
    name="ATR size",
    summary="How much of a budget risks a given share of it.",
    Params=AtrSize,
    parameters=(),
    exposure=_by_atr,
    bars=lambda p, _: settled(2 * ATR_BARS),
)
