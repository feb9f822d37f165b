"""Markets that have broken strategies before: quiet, wild, flat, gapped, one-way and simply wrong."""

from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd

from tests.builders import candles, walk

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@cache
def market(name: str) -> pd.DataFrame:
    """The market of that name; never change what you get."""
    return MARKETS[name]()


def _flat() -> pd.DataFrame:
    return candles([100.0] * BARS)


def _flat_after_a_spike() -> pd.DataFrame:
    closes = np.full(BARS, 100.0)
    closes[300:303] = (100_000.0, 130.0, 100.0)
    return candles(closes)


def _spiky() -> pd.DataFrame:
    """A market with a few absurd prints, such as thin exchanges have."""
    closes = walk(BARS, 3)["close"].to_numpy(copy=True)
    closes[[200, 700, 1500]] *= (300.0, 0.01, 20.0)
    return candles(closes)


def _gapped() -> pd.DataFrame:
    """Bars are missing: one here, a day there, and once a month."""
    frame = walk(BARS + 800, 4)
    dice = np.random.default_rng(4)
    kept = dice.random(len(frame)) > 0.02
    kept[500:524] = False
    kept[1200:1920] = False
    return frame[kept][:BARS]


def _stairs() -> pd.DataFrame:
    """Long flats with jumps between them, as on a halted or illiquid market."""
    dice = np.random.default_rng(5)
    return candles(np.repeat(100 * np.exp(np.cumsum(dice.normal(0, 0.05, BARS // 40 + 1))), 40)[:BARS])


def _reborn() -> pd.DataFrame:
    """A coin that dies and comes back under the same name at a hundred thousand times the price."""
    dying = walk(BARS // 2, 8, drift=-0.012)["close"].to_numpy()
    return candles(np.concatenate((dying, walk(BARS - len(dying), 9)["close"].to_numpy() * 1e3)))


BARS = 2600
MARKETS = {
    "hourly": lambda: walk(BARS, 1),
    "minutes": lambda: walk(BARS, 2, step=timedelta(minutes=15), swing=0.003),
    "daily": lambda: walk(BARS, 6, step=DAY, swing=0.035),
    "rising": lambda: walk(BARS, 10, drift=0.002),
    "falling": lambda: walk(BARS, 11, drift=-0.002),
    "straight": lambda: candles(100 * 1.001 ** np.arange(BARS)),
    "flat": _flat,
    "flat after a spike": _flat_after_a_spike,
    "spiky": _spiky,
    "gapped": _gapped,
    "stairs": _stairs,
    "reborn": _reborn,
    "dust": lambda: walk(BARS, 12).mul([1e-9] * 4 + [1.0]),
    "huge": lambda: walk(BARS, 13).mul([1e9] * 4 + [1.0]),
}
