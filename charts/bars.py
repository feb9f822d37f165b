"""Candles as arrays that fit on a page, and where trades stand among them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from charts.series import Floats
from trading.domain.market import Candle
from trading.domain.order import Fill, Side
from trading.domain.report import RoundTrip

MOST = 240  # bars that can still be told apart on a phone
_WANTED = 160
_HUGE = 1e18


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What is drawn: every candle, or `each` neighbours made into one where there are too many."""

    at: Floats  # opening times, seconds since 1970
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    ends: float  # when the last one closed
    each: int
    gaps: tuple[int, ...]  # bars before which candles are missing

    def __len__(self) -> int:
        return len(self.at)

    def place(self, at: datetime) -> int | None:
        """The bar in which something happened; None for what happened before or after the picture.

        What happened while the next candle is still open stands at the last one: it has just happened.
        """
        seconds = at.timestamp()
        if not len(self) or not self.at[0] <= seconds < 2 * self.ends - self.at[-1]:
            return None
        return int(np.searchsorted(self.at, seconds, side="right")) - 1


@dataclass(frozen=True, slots=True)
class Mark:
    """All buying, or all selling, within one bar, at its average price."""

    bar: int
    side: Side
    price: float


def bars(candles: Sequence[Candle]) -> Bars:
    """The candles in order of time; those with a price that is not a number are left out."""
    good = sorted((c for c in candles if _is_whole(c)), key=lambda c: c.opened_at)
    if not good:
        none = np.zeros(0)
        return Bars(none, none, none, none, none, none, 0.0, 1, ())
    each = 1 if len(good) <= MOST else math.ceil(len(good) / _WANTED)
    starts = np.arange(0, len(good), each)
    table = np.array([(c.opened_at.timestamp(), c.open, c.high, c.low, c.close, c.volume) for c in good])
    table[:, 1:] = np.clip(np.nan_to_num(table[:, 1:]), -_HUGE, _HUGE)
    at, opened, high, low, close, volume = table.T
    length = good[0].timeframe.seconds
    missing = np.flatnonzero(np.diff(at) > 1.5 * length) + 1
    return Bars(
        at=at[starts],
        open=opened[starts],
        high=np.maximum.reduceat(high, starts),
        low=np.minimum.reduceat(low, starts),
        close=close[np.minimum(starts + each, len(good)) - 1],
        volume=np.add.reduceat(np.maximum(volume, 0.0), starts),
        ends=float(at[-1]) + length,
        each=each,
        gaps=tuple(sorted({int(index) // each for index in missing})),
    )


def _is_whole(candle: Candle) -> bool:
    return all(map(math.isfinite, (candle.open, candle.high, candle.low, candle.close)))


def aligned(values: Sequence[float], candles: Sequence[Candle], each: int) -> Floats:
    """One value for each bar from one for each candle: the last of its neighbours; unknown ones are NaN."""
    if len(values) != len(candles):
        raise ValueError(f"an overlay needs one value for each candle: {len(candles)}, found {len(values)}")
    pairs = sorted(zip(candles, values, strict=True), key=lambda pair: pair[0].opened_at)
    kept = np.array([value for candle, value in pairs if _is_whole(candle)], dtype=float)
    ends = np.minimum(np.arange(0, len(kept), each) + each, len(kept)) - 1
    return np.where(np.isfinite(kept[ends]) & (np.abs(kept[ends]) < _HUGE), kept[ends], np.nan)


def marks(shown: Bars, fills: Sequence[Fill], trips: Sequence[RoundTrip]) -> list[Mark]:
    """Where was bought and sold, latest first; taken from the trips when there are no fills."""
    deals = [(f.at, f.side, f.price, f.amount) for f in fills] or [
        deal for trip in trips for deal in _ends(trip)
    ]
    sums: dict[tuple[int, Side], tuple[Decimal, Decimal]] = {}
    for at, side, price, amount in deals:
        bar = shown.place(at)
        if bar is None or not price.is_finite() or not amount.is_finite() or amount <= 0:
            continue
        cost, total = sums.get((bar, side), (Decimal(0), Decimal(0)))
        sums[bar, side] = (cost + price * amount, total + amount)
    found = [Mark(bar, side, float(cost / total)) for (bar, side), (cost, total) in sums.items()]
    return sorted(found, key=lambda mark: -mark.bar)


def _ends(trip: RoundTrip) -> tuple[tuple[datetime, Side, Decimal, Decimal], ...]:
    back = Side.SELL if trip.side is Side.BUY else Side.BUY
    return (
        (trip.entry_at, trip.side, trip.entry_price, trip.amount),
        (trip.exit_at, back, trip.exit_price, trip.amount),
    )
