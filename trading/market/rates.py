"""Daily rates out of recorded candles: only what is beyond doubt, and nothing for a day that is not there."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from trading.domain.archive import SeriesName
from trading.market.candle_checks import impossible, misplaced
from trading.market.shelf import Shelf


def daily_closes(shelf: Shelf, name: SeriesName) -> dict[str, Decimal]:
    """The close of each daily candle by the UTC day on which it closes, at 0 o'clock: 09:00 of that day in Seoul.

    Rows that cannot be, or whose day is there twice, are left out. Raises Refused for a file that cannot be read.
    """
    rows = shelf.load(name)
    if not len(rows):
        return {}
    _, place, count = np.unique(rows.times, return_inverse=True, return_counts=True)
    good = ~impossible(dict(rows.columns)) & ~misplaced(rows.times, name.timeframe) & (count[place] == 1)
    sound, length = rows.where(good), name.timeframe.seconds
    return {
        datetime.fromtimestamp(opened + length, UTC).date().isoformat(): Decimal(str(close))
        for opened, close in zip(sound.times.tolist(), sound.columns["close"].tolist(), strict=True)
    }
