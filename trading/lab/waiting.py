"""How long an entry that was refused would be refused again: bad luck in a row and wild markets pass with time alone.

A desk asks its gate anew at every candle. While nothing is held and nothing is under way, two of the rules cannot
change their answer before a moment that is known; until then a backtest need not ask.
"""

from math import ceil, inf

from trading.build import Room
from trading.core import targets
from trading.lab.foresee import Foresight
from trading.lab.track import Track
from trading.risk.account import losses
from trading.risk.order import volatility

DAY = 86_400
STEPS = 100  # an amount of so many steps stays tradable at any price that is no higher

Key = tuple[str, str]


class Waiting:
    """Wishes of one room that its gate refused. Where the room is not `usual`, nothing is known of them."""

    def __init__(self, room: Room, track: Track, foresight: Foresight | None, *, usual: bool) -> None:
        self._desk, self._track, self._foresight = room.desk, track, foresight
        bar = track.timeframe.seconds
        each_bar = all(sleeve.timeframe.seconds == bar for sleeve in room.desk.sleeves.values())
        self._fits = usual and each_bar and track.together and not room.desk.limits.sleeves
        self._fills = -1  # that were booked when it was last asked

    def until(self, index: int, limit: int) -> int:
        """The first place after `index` where an answer could differ, at most `limit`; `index + 1`: not known."""
        desk, place = self._desk, limit
        fills, self._fills = self._fills, desk.book.fills
        if not self._fits or desk.book.positions or desk.orders.live or desk.halts:
            return index + 1
        if fills != desk.book.fills:
            return index + 1  # what filled after the gate was asked may change its answer
        for key, line in desk.lines.items():
            if line.reached:
                continue
            moment = self._opens(key, line.refusal, int(self._track.times[index]))
            place = min(place, int(self._track.times.searchsorted(moment)) if moment < inf else limit)
            if place <= index + 1 or not self._stays_tradable(key, index, place):
                return index + 1
        return place

    def passed(self, index: int, following: int) -> None:
        """Forget what the rules about pace would have forgotten, had they been asked in between."""
        if following > index + 1:
            self._desk.risk.forget(self._track.at(following - 1))

    def _opens(self, key: Key, refusal: str, now: int) -> float:
        """From when on (seconds) the rule may answer otherwise; not later than now where nobody knows."""
        if refusal == volatility.name and self._foresight is not None:
            return self._foresight.calm_after(key[1], self._desk.limits.volatility, now)
        if refusal != losses.name:
            return now
        lost, most = self._desk.risk.losses.get(key[0], []), self._desk.limits.losses
        return lost[-ceil(most)].timestamp() + DAY if 0 < most <= len(lost) else now

    def _stays_tradable(self, key: Key, index: int, stop: int) -> bool:
        """Whether the wish comes to an order at every close on the way, so that the rules are asked at all."""
        desk, (name, symbol) = self._desk, key
        instrument = desk.instruments[symbol]
        price = instrument.price(float(self._track.closes[symbol][index:stop].max()))
        least = targets.target(desk, desk.sleeves[name], symbol, desk.lines[key], price)
        if least < max(STEPS * instrument.amount_step, instrument.min_amount):
            return False
        return (least - instrument.amount_step) * price >= instrument.min_cost
