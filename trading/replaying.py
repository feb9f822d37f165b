"""A closed trade shown again: the candles around it, and the levels it was held between."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trading.analysis.rivals import ranked, rival, strategies
from trading.core.protect import UNKNOWN, begin, stop_level, target
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Side
from trading.domain.protection import NOTHING, Protection
from trading.domain.replay import Level, Replay, Rival
from trading.domain.report import RoundTrip

if TYPE_CHECKING:
    from trading.service import Trading

MOST = 200  # candles in a picture
LONGER = tuple(Timeframe.parse(text) for text in ("5m", "15m", "1h", "4h", "1d", "1w"))


@dataclass(slots=True)
class Replays:
    """Single trades, and strategies or accounts beside each other."""

    trading: "Trading"

    async def trade(self, account: str, number: int) -> Replay:
        """The account's trade of this number, the first is 1; raises Refused where there is none."""
        trips = await self.trading.trades(account)
        if not trips:
            raise Refused("No trade was closed yet; /positions shows open ones.")
        if not 1 <= number <= len(trips):
            raise Refused(f"There is no trade {number}; write a number from 1 to {len(trips)}.")
        trip = trips[number - 1]
        sleeve = self.trading.room(account).desk.sleeves.get(trip.sleeve)
        own = sleeve.timeframe if sleeve else Timeframe.parse(self.trading.timeframe(account))
        frame, start, end = window(trip, own)
        protection = sleeve.protection if sleeve else NOTHING
        return Replay(
            number=number,
            trip=trip,
            timeframe=frame,
            candles=tuple(await self.candles(account, trip.symbol, frame, start, end)),
            levels=levels(protection, trip),
            moving=bool(protection.atr_stop or protection.trail or protection.atr_trail),
        )

    async def strategies(self, account: str, since: datetime | None) -> tuple[Rival, ...]:
        """The strategies of an account over a window, by their closed trades, best first."""
        trading = self.trading
        points, trips = await trading.equity(account, since), await trading.trades(account)
        return strategies(trading.room(account).desk.sleeves, trips, points)

    async def accounts(self, names: tuple[str, ...], since: datetime | None) -> tuple[Rival, ...]:
        """Accounts over a window, best first; one that does not trade is left out."""
        found = []
        for name in names:
            if name not in self.trading.rooms:
                continue
            points = await self.trading.equity(name, since)
            closed = [t for t in await self.trading.trades(name) if points and t.exit_at > points[0].at]
            found.append(rival(name, points, len(closed)))
        return ranked(found)

    async def candles(
        self, account: str, symbol: str, frame: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        """From the account's market; where that does not have all of the trade, from the archive if that has more."""
        try:
            market = self.trading.floor_of(account).market
            found = await market.candles(symbol, frame, start, min(end, self.trading.clock()))
        except (ExchangeSaidNo, Uncertain, Refused):  # delisted, unreachable: the archive may still know it
            found = []
        if found and found[0].opened_at <= start:
            return found
        exchange = self.trading.exchange_of(account)
        kept = await self.trading.archive.between(exchange, symbol, frame, start, end)
        return kept if len(kept) > len(found) else found


def window(trip: RoundTrip, own: Timeframe) -> tuple[Timeframe, datetime, datetime]:
    """Which candles show a trade: some before it and after it, longer ones where there would be too many."""
    held = trip.exit_at - trip.entry_at
    frame = frame_for(held, own)
    bars = math.ceil(held / frame.length)
    before, after = max(24, bars // 3), max(12, bars // 6)
    start = frame.floor(trip.entry_at) - before * frame.length
    return frame, start, frame.close_of(trip.exit_at) + after * frame.length


def frame_for(time: timedelta, own: Timeframe) -> Timeframe:
    """Candles of which at most `MOST` fill this time: an account's own, or longer ones made of them."""
    fitting = (frame for frame in (own, *LONGER) if frame == own or own.divides(frame))
    return next((f for f in fitting if time / f.length <= MOST), _long_enough(time))


def _long_enough(held: timedelta) -> Timeframe:
    """So many whole weeks that even this trade fits."""
    week = LONGER[-1]
    return Timeframe(week.seconds * math.ceil(held / week.length / MOST))


def levels(protection: Protection, trip: RoundTrip) -> tuple[Level, ...]:
    """The levels that stood still; only what is bought first is protected."""
    if trip.side is not Side.BUY:
        return ()
    guard = begin(protection, float(trip.entry_price), int(trip.entry_at.timestamp()), 0.0, UNKNOWN)
    found = [Level("stop", stop_level(protection, guard))]
    for taken in range(len(protection.tiers) + 1):
        guard.taken = taken
        found.append(Level("target", target(protection, guard)[0]))
    return tuple(level for level in found if 0 < level.price < math.inf)
