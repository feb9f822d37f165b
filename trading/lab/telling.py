"""What a report says beside the book itself: its rival, a stretch of candles to look at, and what must be known."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from trading.analysis.holding import Prices, buy_and_hold
from trading.core.frames import Columns, Series
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Deal
from trading.domain.report import Benchmark, EquityPoint
from trading.market.archive import Recorded

LOOKED_AT = 150  # candles that are still told apart on a phone
MOST_POINTS = 4000  # of a curve that is handed to another process: more cannot be seen
AFTER = 8  # of them after the last trade


def rival(traded: Sequence[Recorded], cash: float, fee: float, slippage: float) -> Benchmark | None:
    """Buying the same markets and holding them."""
    markets = []
    for r in traded:
        columns = Columns.of_frame(r.frame)
        if len(columns):
            closed = columns.opened + r.timeframe.seconds
            markets.append(Prices(closed, float(columns.open[0]), columns.close))
    return buy_and_hold(markets, cash, fee, slippage)


def stretch(recorded: Sequence[Recorded], timeframe: Timeframe, fills: Sequence[Deal]) -> tuple[Candle, ...]:
    """Up to 150 candles of the market that traded most, ending soon after its last trade."""
    traded = Counter(fill.symbol for fill in fills)
    chosen = max(recorded, key=lambda r: traded[r.symbol])
    series = Series(chosen.timeframe, timeframe)
    series.extend(Columns.of_frame(chosen.frame))
    columns = series.columns
    last = max((f.at for f in fills if f.symbol == chosen.symbol), default=None)
    end = len(columns)
    if last is not None:
        end = min(int(np.searchsorted(columns.opened, int(last.timestamp()), "right")) + AFTER, end)
    start = max(end - LOOKED_AT, 0)
    return tuple(columns.candle(chosen.symbol, timeframe, row) for row in range(start, end))


def thinned(equity: Sequence[EquityPoint]) -> tuple[EquityPoint, ...]:
    """At most about 4,000 points: both ends, and of each stretch the lowest, the highest and every cash flow.

    Tops and falls stay as deep as they were; what is measured on all points is measured before.
    """
    if len(equity) <= MOST_POINTS:
        return tuple(equity)
    worth = np.array([point.equity for point in equity])
    starts = np.linspace(0, len(equity), MOST_POINTS // 2, endpoint=False).astype(np.int64)
    kept = {0, len(equity) - 1} | {n for n, point in enumerate(equity) if point.flow}
    for first, stop in pairwise([*starts.tolist(), len(equity)]):
        part = worth[first:stop]
        kept |= {first + int(part.argmin()), first + int(part.argmax())}
    return tuple(equity[n] for n in sorted(kept))


def notes(recorded: Sequence[Recorded], begin: datetime | None, warm_at: datetime | None) -> list[str]:
    """What is missing in the candles, and what signals had to wait for."""
    found: list[str] = []
    for r in recorded:
        gaps = [gap for gap in r.gaps if begin is None or gap.end > begin]
        missing = sum(gap.missing for gap in gaps)
        if missing == 1:
            found.append(f"{r.symbol}: 1 candle is missing; it was not filled in.")
        elif missing and len(gaps) == 1:
            found.append(f"{r.symbol}: {missing} candles are missing in 1 gap; nothing was filled in.")
        elif missing:
            found.append(
                f"{r.symbol}: {missing} candles are missing in {len(gaps)} gaps; nothing was filled in."
            )
    if warm_at is not None:
        found.append(
            f"The signals needed the first candles to warm up; they begin on {warm_at:%Y-%m-%d %H:%M} UTC."
        )
    return found
