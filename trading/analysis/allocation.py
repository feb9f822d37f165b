"""What the money was in, over time: each market's share of the equity, from fills and closes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from trading.domain.market import Candle
from trading.domain.order import Deal, Fill, Side
from trading.domain.report import Allocation, EquityPoint

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST = 240  # moments that can still be told apart in a picture


def allocation(
    fills: Sequence[Deal], closes: Mapping[str, tuple[Ints, Floats]], equity: Sequence[EquityPoint]
) -> tuple[Allocation, ...]:
    """At up to 240 moments, evenly spread: market -> share of the equity (below zero when short).

    `closes` are times of closes (seconds since 1970) and closes, oldest first. Markets that never traded are left out.
    """
    if not fills or not equity:
        return ()
    chosen = np.unique(np.linspace(0, len(equity) - 1, min(MOST, len(equity))).astype(int))
    times = np.array([int(equity[n].at.timestamp()) for n in chosen])
    worth = np.array([equity[n].equity for n in chosen])
    by_symbol: dict[str, list[Deal]] = {}
    for fill in fills:
        by_symbol.setdefault(fill.symbol, []).append(fill)
    shares = {symbol: _values(own, closes[symbol], times) / worth for symbol, own in by_symbol.items()}
    return tuple(
        Allocation(
            datetime.fromtimestamp(int(at), UTC), {s: round(float(v[n]), 6) for s, v in shares.items()}
        )
        for n, at in enumerate(times)
    )


def traded_in(fills: Sequence[Fill], start: datetime, end: datetime) -> list[Fill]:
    """Every fill up to the end of the markets that were held at some time between the two."""
    held: dict[str, Decimal] = {}
    touched = set()
    for fill in fills:
        if fill.at > start:
            touched |= {fill.symbol} if fill.at <= end else set()
        else:
            held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + fill.side.sign * fill.amount
    touched |= {symbol for symbol, amount in held.items() if amount}
    return [fill for fill in fills if fill.at <= end and fill.symbol in touched]


def closes_of(candles: Sequence[Candle]) -> tuple[Ints, Floats]:
    """When candles closed, and at which price."""
    return (
        np.array([int(candle.closed_at.timestamp()) for candle in candles], dtype=np.int64),
        np.array([candle.close for candle in candles], dtype=np.float64),
    )


def _values(fills: Sequence[Deal], closes: tuple[Ints, Floats], times: Ints) -> Floats:
    amounts = [float(f.amount) if f.side is Side.BUY else -float(f.amount) for f in fills]
    held = np.concatenate(([0.0], np.cumsum(amounts)))
    moments = [datetime.fromtimestamp(at, UTC) for at in times.tolist()]
    filled = [bisect_right(fills, moment, key=attrgetter("at")) for moment in moments]
    known, prices = closes
    place = np.clip(np.searchsorted(known, times, "right") - 1, 0, None)
    return np.asarray(held[filled] * prices[place])
