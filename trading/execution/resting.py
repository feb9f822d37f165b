"""Stops that rest at the exchange: one for each protected position, of its size, at its level, and none besides.

Of a position that is larger than one order may be, so much rests as fits into one; the desk watches the rest itself.

An old one is taken back, seen to be gone and booked to its last fill before a new one or a sale of the same coins may
leave: for a moment nothing rests there, but never can two orders sell what is held once.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import structlog

from trading.domain.events import StopMissing, StopReplaced, StopRests
from trading.domain.live import AttemptState
from trading.domain.order import OrderIntent, OrderKind, Side
from trading.domain.protection import RestingStop
from trading.domain.risk import Cleared, HaltKind, RiskDecision
from trading.execution.identity import token
from trading.execution.seat import ZERO, Seat, Tracked
from trading.execution.sending import Sender
from trading.execution.venue import Accepted, Doubtful, IdReuse, Profile, Standing

log = structlog.get_logger("stops")

MOVED = Decimal("0.001")  # of its level; moving it for less is not worth the moment without one
CANCEL_WITHIN = 5.0  # seconds
FIRST_PAUSE, LAST_PAUSE = 1.0, 30.0  # seconds between two cancels of one stop
AGAIN, AGAIN_LAST = 60.0, 900.0  # seconds until a stop that was not taken is tried again, less and less often

Key = tuple[str, str]  # sleeve and symbol


def can_rest(profile: Profile) -> bool:
    """Whether stops may rest at a venue: only where one that is in doubt is found or provably dead after a while,
    for until then nothing else may sell its coins."""
    return profile.has_stops and profile.request_expiry is not None and profile.id_reuse is not IdReuse.NONE


@dataclass(frozen=True, slots=True)
class _Missing:
    """A stop that was not taken, and until when it is not tried again."""

    stop: RestingStop
    until: float  # monotonic
    pause: float
    told: bool


@dataclass(slots=True)
class Stops:
    """The stops of one account. What rests is read from the attempts; only what was told is remembered here."""

    seat: Seat
    sender: Sender
    levels: Callable[[], Iterable[RestingStop]]  # as the desk wants them now
    recheck: Callable[[OrderIntent], Cleared | RiskDecision]  # the gate, as of now
    _again: dict[str, tuple[float, float]] = field(
        default_factory=dict
    )  # client id: next cancel, pause after it
    _last: dict[Key, str] = field(default_factory=dict)  # client id of the one that rests or did so last
    _missing: dict[Key, _Missing] = field(default_factory=dict)

    def hold(self, intent: OrderIntent) -> bool:
        """Whether a sale has to wait: a stop may still sell the same coins.

        One in doubt is taken back by its name and looked for at once; a sale goes as soon as it is found, and when it
        is provably dead otherwise, which at Binance is half a minute. No sooner: a cancel that finds nothing does not
        say that it has not sold already, and beside one that has, or that still arrives, a sale would be of coins that
        somebody else keeps in the same account. One of which only a person can say whether it exists does not hold it
        up; what it may sell is counted then.
        """
        resting = self._resting().get((intent.sleeve, intent.symbol), ())
        return intent.side is Side.SELL and any(
            one.attempt.state is not AttemptState.PARKED for one in resting
        )

    async def work(self, selling: Collection[Key]) -> None:
        """Bring what rests to what the desk wants. `selling`: positions with a sale that waits or is out."""
        seat = self.seat
        if not can_rest(seat.venue.profile) or seat.fenced:
            return
        if self._has(HaltKind.KILL):  # the kill takes them back itself, the last of all orders
            self._last.clear()
            return
        wanted = {stop.key: stop for stop in self.levels()}
        resting = self._resting()
        for key, stops in resting.items():
            stop = None if key in selling else wanted.get(key)
            kept = next((one for one in stops if stop is not None and self._fits(one, stop)), None)
            for one in stops:
                if one is not kept:
                    await self._take_back(one)
        for key, stop in wanted.items():
            if key not in selling and not self._resting().get(key):
                await self._put(self._in_one_order(stop))
        self._missing = {key: one for key, one in self._missing.items() if key in wanted}

    # --- what rests -------------------------------------------------------------------------------------

    @property
    def resting(self) -> tuple[RestingStop, ...]:
        """Those that the exchange has confirmed, with what is left of them."""
        return tuple(
            RestingStop(
                sleeve=key[0],
                symbol=key[1],
                amount=one.attempt.intent.amount - one.filled,
                price=one.attempt.stop_price or ZERO,
                reason=one.attempt.intent.reason,
            )
            for key, stops in self._resting().items()
            for one in stops
            if one.attempt.state is AttemptState.OPEN
        )

    @property
    def watched(self) -> tuple[RestingStop, ...]:
        """What of the levels rests nowhere: the desk sells it by itself, at the close of a candle that touches them."""
        lies: dict[Key, Decimal] = {}
        for one in self.resting:
            lies[one.key] = lies.get(one.key, ZERO) + one.amount
        left = ((stop, stop.amount - lies.get(stop.key, ZERO)) for stop in self.levels())
        return tuple(replace(stop, amount=rest) for stop, rest in left if rest > 0)

    def _in_one_order(self, stop: RestingStop) -> RestingStop:
        """Of it, what the exchange takes in one order."""
        instrument = self.seat.instruments[stop.symbol]
        most = instrument.most(stop.price)
        if most is None or stop.amount <= most or instrument.is_dust(most, stop.price):
            return stop
        return replace(stop, amount=most)

    def _resting(self) -> dict[Key, list[Tracked]]:
        """By position: every stop because of which coins may still be sold."""
        found: dict[Key, list[Tracked]] = {}
        for one in self.seat.out:
            if one.attempt.stop_price is not None:
                found.setdefault(_key(one), []).append(one)
        return found

    def _fits(self, one: Tracked, stop: RestingStop) -> bool:
        """Whether it may stay: as it should be, at work, or better than none."""
        if one.attempt.state is not AttemptState.OPEN or not one.rests or one.filled:
            return True  # in doubt, or selling: its end is waited for
        assert one.attempt.stop_price is not None
        fits = self._in_one_order(replace(stop, price=one.attempt.stop_price))  # a limit may be one of money
        if one.attempt.intent.amount not in (stop.amount, fits.amount):
            return False
        near = abs(one.attempt.stop_price - stop.price) <= stop.price * MOVED
        return near or self._passed(stop)

    def _passed(self, stop: RestingStop) -> bool:
        """As far as the desk knows, the market is below the level already: it sells by itself."""
        return self.seat.view().prices[stop.symbol] <= stop.price

    async def _take_back(self, one: Tracked) -> None:
        """Ask for it to be cancelled; that it is gone is believed only when a look at it says so."""
        attempt, now = one.attempt, self.seat.times.monotonic()
        due, pause = self._again.get(attempt.client_id, (now, FIRST_PAUSE))
        if now < due or attempt.state is AttemptState.PARKED:
            return
        try:
            async with asyncio.timeout(CANCEL_WITHIN):
                answer = await self.seat.venue.cancel(
                    attempt.intent.symbol, attempt.client_id, attempt.exchange_id
                )
        except TimeoutError:
            answer = Doubtful("no answer")
        now = self.seat.times.monotonic()
        self._again[attempt.client_id] = (now + pause, min(2 * pause, LAST_PAUSE))
        one.looks, one.next_look = 0, now
        if not isinstance(answer, Accepted):
            log.warning("stop_not_taken_back", symbol=attempt.intent.symbol, reason=answer.reason)

    # --- what should rest -------------------------------------------------------------------------------

    async def _put(self, stop: RestingStop) -> None:
        """Send it like any other order: gate, ink, one request."""
        missing = self._missing.get(stop.key)
        waits = missing is not None and missing.stop == stop and self.seat.times.monotonic() < missing.until
        if waits or self._has(HaltKind.BROKEN):
            return
        lost = self._lost(stop.key)
        answer = self.recheck(self._intent(stop))
        if isinstance(answer, RiskDecision):
            self._miss(stop, answer.reason)
            return
        against = await self.sender.send(answer.intent, stop_price=stop.price)
        sent = self.seat.of_intent(answer.intent.client_id)
        if against is not None or sent is None or sent.attempt.state is AttemptState.DENIED:
            self._miss(stop, against or (sent.attempt.note if sent else ""))
            return
        self._again.pop(self._last.get(stop.key, ""), None)
        self._last[stop.key] = sent.attempt.client_id
        if (missing := self._missing.pop(stop.key, None)) is not None and missing.told:
            self.seat.tell(StopRests(self.seat.times.wall(), stop))
        elif lost:
            self.seat.tell(StopReplaced(self.seat.times.wall(), stop))

    def _intent(self, stop: RestingStop) -> OrderIntent:
        seat, at = self.seat, self.seat.times.wall()
        name = token(seat.secret, "stop", seat.account, *stop.key, str(stop.price), at.isoformat())
        return OrderIntent(
            client_id=f"tw{name}",
            sleeve=stop.sleeve,
            symbol=stop.symbol,
            side=Side.SELL,
            kind=OrderKind.MARKET,
            amount=stop.amount,
            limit_price=None,
            reduce_only=True,
            reason=stop.reason,
            price_at_decision=stop.price,
            decided_at=at,
        )

    def _lost(self, key: Key) -> bool:
        """Whether the one before was ended by somebody else: by hand, or by the exchange."""
        before = self.seat.tracked.get(self._last.get(key, ""))
        if before is None or before.theirs is None or before.attempt.client_id in self._again:
            return False
        return before.theirs.standing not in (Standing.OPEN, Standing.FILLED)

    def _miss(self, stop: RestingStop, why: str) -> None:
        """It was not taken: the desk watches the level itself, and a person hears of it once, but for one that the
        market has passed: that position is sold at the next close."""
        seat, before = self.seat, self._missing.get(stop.key)
        pause = AGAIN if before is None else min(2 * before.pause, AGAIN_LAST)
        told = before is not None and before.told
        self._missing[stop.key] = _Missing(
            stop, seat.times.monotonic() + pause, pause, told or not self._passed(stop)
        )
        log.warning("stop_missing", account=seat.account, symbol=stop.symbol, reason=why)
        if not told and not self._passed(stop):
            seat.tell(StopMissing(seat.times.wall(), stop, why))

    def _has(self, kind: HaltKind) -> bool:
        return any(halt.kind is kind for halt in self.seat.halts())


def _key(one: Tracked) -> Key:
    return one.attempt.intent.sleeve, one.attempt.intent.symbol
