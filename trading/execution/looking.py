"""Looking up what nobody knows: until an order is seen, provably dead, or a person has to say."""

from collections.abc import Sequence

import structlog

from trading.domain.live import AttemptState
from trading.domain.risk import HaltKind
from trading.execution.failures import Failures
from trading.execution.fills import Sweeper
from trading.execution.reconcile import SLACK, candidates, contradiction
from trading.execution.seat import Seat, Tracked
from trading.execution.venue import IdReuse, Unreachable, VenueOrder

log = structlog.get_logger("looking")

CLOCK_DOUBT = 2.0  # seconds that our clock and the venue's may be apart without anybody knowing
MARGIN = 5.0
PATIENCE = 60.0  # seconds until an order at a venue that promises nothing is a person's question
FIRST_LOOK, LAST_LOOK = 0.25, 30.0  # seconds between looks: doubling from the first to the last
GONE_AFTER = 300.0  # seconds; a confirmed order that cannot be found for so long is a riddle, not a fact


class Looker:
    """Asks the venue about one attempt at a time. A question without an answer is never counted as a no."""

    def __init__(self, seat: Seat, sweeper: Sweeper, failures: Failures) -> None:
        self._seat, self._sweeper, self._failures = seat, sweeper, failures

    @property
    def horizon(self) -> float | None:
        """Seconds after which a request that was seen nowhere cannot be executed any more; None: never."""
        profile = self._seat.venue.profile
        if profile.request_expiry is None:
            return None
        expiry, lag = profile.request_expiry.total_seconds(), profile.visibility_lag.total_seconds()
        return expiry + lag + CLOCK_DOUBT + MARGIN

    def due(self) -> list[Tracked]:
        """What should be looked at now, what waited longest first."""
        now = self._seat.times.monotonic()
        due = [one for one in self._seat.out if not one.in_flight and one.next_look <= now]
        return sorted(due, key=lambda one: (one.next_look, one.attempt.client_id))

    def next_due(self) -> float | None:
        """Seconds until something is due."""
        waiting = [one.next_look for one in self._seat.out if not one.in_flight]
        return max(min(waiting) - self._seat.times.monotonic(), 0.0) if waiting else None

    async def look(self, tracked: Tracked) -> None:
        """Ask about an attempt and draw the conclusions; nothing is concluded from a failed question."""
        asked_at = self._seat.times.monotonic()
        try:
            found = await self._find(tracked)
            self._failures.worked("reads")
            if found is not None:
                await self.saw(tracked, found)
                if not tracked.complete or tracked.filled == 0:
                    await self._sweeper.sweep(only=tracked.attempt.intent.symbol)
            else:
                await self._missing(tracked, asked_at)
        except Unreachable as error:
            self._failures.failed("reads", str(error))
        await self.close_if_complete(tracked)
        self._again(tracked)

    async def saw(self, tracked: Tracked, order: VenueOrder) -> None:
        """The venue has it: from now on it is an order like any other, however late it turned up."""
        seat, attempt = self._seat, tracked.attempt
        against = contradiction(attempt, order)
        if against is not None:
            seat.halt(
                HaltKind.BROKEN,
                f"{seat.venue.profile.name} has another order under our id {attempt.client_id}: {against}.",
            )
            return
        if tracked.theirs is not None and tracked.theirs.filled > order.filled:
            return  # an answer that is older than what we know
        before = tracked.order()
        tracked.theirs = order
        if attempt.state is not AttemptState.OPEN and not (
            attempt.state is AttemptState.CLOSED and tracked.complete
        ):
            late = "it turned up late" if attempt.state in _GIVEN_UP else ""
            log.warning("order_adopted", account=seat.account, symbol=order.symbol, was=attempt.state.value)
            await seat.change(tracked, AttemptState.OPEN, late, exchange_id=order.exchange_id)
        else:
            seat.announce(tracked, before)
        self._sweeper.claim(tracked)

    async def close_if_complete(self, tracked: Tracked) -> None:
        """Done, and every fill booked: it needs no more looks."""
        if tracked.attempt.state is AttemptState.OPEN and tracked.complete:
            await self._seat.change(tracked, AttemptState.CLOSED, tracked.attempt.note)

    def _again(self, tracked: Tracked) -> None:
        tracked.looks += 1
        now = self._seat.times.monotonic()
        tracked.next_look = now + min(FIRST_LOOK * 2 ** min(tracked.looks, 10), LAST_LOOK)
        over = tracked.since + (self.horizon or PATIENCE) + FIRST_LOOK
        if tracked.attempt.state.is_doubtful and now < over < tracked.next_look:
            tracked.next_look = over  # the look that may decide comes no later than it can

    # --- finding ----------------------------------------------------------------------------------------

    async def _find(self, tracked: Tracked) -> VenueOrder | None:
        """The order by its name; None when the venue says that it knows none."""
        attempt = tracked.attempt
        if self._seat.venue.profile.id_reuse is IdReuse.NONE and attempt.exchange_id is None:
            return await self._find_nameless(tracked)
        return await self._seat.venue.order(attempt.intent.symbol, attempt.client_id, attempt.exchange_id)

    async def _lists(self, tracked: Tracked) -> Sequence[VenueOrder]:
        attempt = tracked.attempt
        symbols = (attempt.intent.symbol,)
        standing = await self._seat.venue.open_orders(symbols)
        return [*standing, *await self._seat.venue.closed_orders(symbols, attempt.sent_at - SLACK)]

    async def _find_nameless(self, tracked: Tracked) -> VenueOrder | None:
        """Adopt only if exactly one order fits, and no other attempt of ours could be meant."""
        seat, symbol = self._seat, tracked.attempt.intent.symbol
        rivals = [o for o in seat.out if o is not tracked and o.attempt.intent.symbol == symbol]
        taken = {(symbol, one.attempt.exchange_id or "") for one in seat.tracked.values()}
        fitting = candidates(tracked.attempt, await self._lists(tracked), taken)
        if len(fitting) == 1 and not any(one.attempt.state.is_doubtful for one in rivals):
            return fitting[0]
        if fitting:
            await self._park(tracked, f"{len(fitting)} orders at the exchange could be it")
        return None

    # --- not found --------------------------------------------------------------------------------------

    async def _missing(self, tracked: Tracked, asked_at: float) -> None:
        attempt, age = tracked.attempt, asked_at - tracked.since
        if attempt.state is AttemptState.OPEN:
            if age > GONE_AFTER:
                self._seat.halt(
                    HaltKind.EXCHANGE,
                    f"{self._seat.venue.profile.name} confirmed the order {attempt.exchange_id} and no longer "
                    "knows it.",
                )
            return
        if self.horizon is None:
            if age > PATIENCE and attempt.state is not AttemptState.PARKED:
                await self._park(tracked, "the exchange does not say whether it can still be carried out")
            return
        if age <= self.horizon:
            return
        await self._bury(tracked, asked_at)

    async def _bury(self, tracked: Tracked, asked_at: float) -> None:
        """Past its horizon and not found by name: dead, if the lists and the trades agree, asked after it, too."""
        attempt = tracked.attempt
        for order in await self._lists(tracked):
            if order.client_id == attempt.client_id:
                await self.saw(tracked, order)
                return
        await self._sweeper.sweep(only=attempt.intent.symbol)
        if self._sweeper.unclaimed(attempt.intent.symbol, attempt.intent.side):
            await self._park(tracked, "there are trades at the exchange that could be its own")
            return
        log.warning("order_dead", account=self._seat.account, symbol=attempt.intent.symbol)
        await self._seat.change(tracked, AttemptState.DEAD, "it never reached the exchange")

    async def _park(self, tracked: Tracked, why: str) -> None:
        if tracked.attempt.state is not AttemptState.PARKED:
            log.error(
                "order_parked", account=self._seat.account, symbol=tracked.attempt.intent.symbol, why=why
            )
            await self._seat.change(tracked, AttemptState.PARKED, why)


_GIVEN_UP = frozenset({AttemptState.DEAD, AttemptState.DENIED, AttemptState.PARKED})
