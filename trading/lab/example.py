"""What a strategy wants on example candles: the built-in market, where it had the most to say."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np

from trading.clock import Clock
from trading.core.frames import Columns
from trading.domain.market import Candle, Timeframe
from trading.domain.research import Example
from trading.market.simulated import SimulatedMarket
from trading.strategies import Strategy, evaluate_together

SYMBOLS = (
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
)  # the first is shown; one that compares markets sees all of them
SHOWN = 150  # candles of the picture
CHOSEN_FROM = 600  # the newest candles, of which the liveliest are shown
PATIENT = 1500  # candles of warm-up from which on days are shown instead
DAY = Timeframe(86400)


async def example(strategy: Strategy, params: Any, timeframe: Timeframe, seed: int, clock: Clock) -> Example:
    """150 candles of the built-in market and what the strategy wants at each of them."""
    if strategy.warmup(params, timeframe.seconds) > PATIENT:
        timeframe = DAY
    market = SimulatedMarket(seed, clock)
    end = timeframe.floor(clock())
    count = strategy.warmup(params, timeframe.seconds) + CHOSEN_FROM
    symbols = SYMBOLS if strategy.many else SYMBOLS[:1]
    candles = {s: await market.candles(s, timeframe, end - timeframe.length * count, end) for s in symbols}
    return await asyncio.to_thread(_shown, strategy, params, candles)


def _shown(strategy: Strategy, params: Any, candles: Mapping[str, list[Candle]]) -> Example:
    frames = {symbol: Columns.of(rows).frame() for symbol, rows in candles.items()}
    first = SYMBOLS[0]
    wanted = evaluate_together(strategy, params, frames)[first]
    start = _liveliest(wanted)
    window = slice(start, start + SHOWN)
    return Example(candles=tuple(candles[first][window]), wanted=tuple(wanted[window].tolist()))


def _liveliest(wanted: "np.ndarray[Any, np.dtype[np.float64]]") -> int:
    """Where the window begins in which the strategy changes its mind most often; the newest of equals."""
    last = len(wanted) - SHOWN
    first = max(last - CHOSEN_FROM + SHOWN, 0)
    changes = np.concatenate(([0], np.cumsum(np.diff(wanted) != 0)))
    starts = np.arange(first, last + 1)
    counts = changes[starts + SHOWN - 1] - changes[starts]
    return int(starts[np.flatnonzero(counts == counts.max())[-1]])
