"""At installation: the compiled gear's loops are made once (`python -m trading.lab.ready`), so that no search waits."""

from pathlib import Path

import numpy as np

from trading.core.frames import Columns
from trading.domain.market import Timeframe
from trading.lab import compiled
from trading.lab.compiled import Market, Rules
from trading.market.archive import Recorded
from trading.strategies import find

HOURS = 200


def make_ready() -> None:
    """Trade a few made-up candles: a loop is compiled when it is first called, for one kind of arrays."""
    prices, hour = 100 + np.sin(np.arange(HOURS) / 9), Timeframe(3600)
    candles = Columns(np.arange(HOURS, dtype=np.int64) * hour.seconds, *([prices] * 5))
    recorded = Recorded(
        symbol="BTC/USDT", timeframe=hour, frame=candles.frame(), gaps=(), source=Path("made here")
    )
    strategy = find("ema_cross")
    rules = Rules(cash=10_000.0, fee=0.001, slippage=0.0005)
    compiled.run_many(Market.of(recorded, hour), strategy, [strategy.params({})], rules)


if __name__ == "__main__":
    make_ready()
