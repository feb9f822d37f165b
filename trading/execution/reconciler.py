"""Reconciliation at work: reads the venue's books in a fixed order and lets nothing pass unexplained."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from trading.domain.events import Reconciled
from trading.domain.live import AttemptState, ExternalFlow, FlowKind
from trading.domain.risk import HaltKind
from trading.execution.differences import Differences
from trading.execution.failures import Failures
from trading.execution.fills import DEEP, OVERLAP, Sweeper
from trading.execution.identity import is_ours
from trading.execution.looking import Looker
from trading.execution.reconcile import Sorted, sort_orders, unlisted
from trading.execution.seat import Seat
from trading.execution.venue import TellsTransfers, Unreachable, VenueOrder, VenueTrade

log = structlog.get_logger("reconciler")

CLOCK_LIMIT = timedelta(seconds=1)  # a clock further off makes requests late and horizons wrong
UNNAMED_FOR = timedelta(seconds=30)  # beside its lag: how long a venue may show a trade before its order
LISTS_AGREE_WITHIN = 3  # times the open orders are read until two readings in a row agree


@dataclass(slots=True)
class Outcome:
    """What a reconciliation found. Clean: nothing is unexplained, so entries may open."""

    problems: list[str] = field(default_factory=list)  # what keeps entries closed
    found: list[str] = field(default_factory=list)  # what differed and is explained

    @property
    def clean(self) -> bool:
        return not self.problems


class Reconciler:
    """Doing it twice changes nothing; doing it on a perfect state leaves no row behind."""

    def __init__(self, seat: Seat, sweeper: Sweeper, looker: Looker, failures: Failures) -> None:
        self._seat, self._sweeper, self._looker, self._failures = seat, sweeper, looker, failures
        self.differences = Differences(seat)

    async def run(self, *, deep: bool = False) -> Outcome:
        """Read everything and draw the conclusions. Raises Fenced when another desk has the account."""
        outcome = Outcome()
        seat = self._seat
        try:
            seat.lease = await seat.journal.extend(seat.lease, seat.times.wall())
            await seat.write()
            await self._clock(outcome)
            lists = await self._orders()
            await self._sort(lists, outcome)
            await self._sweeper.sweep(DEEP if deep else OVERLAP)
            await self._hands(lists, outcome)
            await self._transfers(outcome)
            await self.differences.compare(self._sweeper.held)
            self._failures.worked("reads")
        except Unreachable as error:
            self._failures.failed("reads", str(error))
            outcome.problems.append(f"{seat.venue.profile.name} did not answer: {error}")
        self._conclude(outcome)
        return outcome

    def _conclude(self, outcome: Outcome) -> None:
        seat = self._seat
        if outcome.clean:
            seat.lift(HaltKind.EXCHANGE)
        else:
            seat.halt(HaltKind.EXCHANGE, f"not reconciled: {outcome.problems[0]}")
        if outcome.found:
            seat.tell(Reconciled(seat.times.wall(), tuple(outcome.found)))

    # --- reading ----------------------------------------------------------------------------------------

    async def _clock(self, outcome: Outcome) -> None:
        offset = await self._seat.venue.clock_offset()
        if abs(offset) <= CLOCK_LIMIT:
            return
        apart, name = abs(offset.total_seconds()), self._seat.venue.profile.name
        if offset > timedelta(0):
            outcome.problems.append(f"this machine's clock is {apart:.1f} s behind the one of {name}; set it")
        else:
            outcome.problems.append(
                f"this machine's clock is {apart:.1f} s ahead of the one of {name}; set it"
            )

    async def _orders(self) -> list[VenueOrder]:
        """Open, closed, open again, until the open ones stand still; the later a list, the truer."""
        venue, symbols = self._seat.venue, self._seat.symbols
        open_now = await venue.open_orders(symbols)
        for _ in range(LISTS_AGREE_WITHIN):
            closed = await venue.closed_orders(symbols, self._closed_since())
            again = await venue.open_orders(symbols)
            if {o.exchange_id for o in again} == {o.exchange_id for o in open_now}:
                break
            open_now = again
        return [*again, *closed]

    def _closed_since(self) -> datetime:
        """Early enough for every order that is out, and for trades nobody has claimed."""
        seat = self._seat
        moments = [one.attempt.sent_at for one in seat.out] + [t.at for t in self._sweeper.held]
        return max(min(moments, default=seat.times.wall()) - OVERLAP, seat.began - OVERLAP)

    # --- orders -----------------------------------------------------------------------------------------

    async def _sort(self, lists: list[VenueOrder], outcome: Outcome) -> None:
        seat = self._seat
        attempts = [one.attempt for one in seat.tracked.values()]
        by_venue = {(a.intent.symbol, a.exchange_id): a for a in attempts if a.exchange_id is not None}
        found = sort_orders(attempts, lists, by_venue)
        for attempt, order in found.ours:
            tracked = seat.tracked[attempt.client_id]
            was = attempt.state
            if was is AttemptState.CLOSED and tracked.complete:
                continue
            await self._looker.saw(tracked, order)
            if was.is_doubtful or was in (AttemptState.DEAD, AttemptState.DENIED):
                outcome.found.append(f"the order {order.exchange_id} ({order.symbol}) was found and adopted")
            await self._looker.close_if_complete(tracked)
        old = await seat.journal.named(seat.account, [o.client_id for o in found.strangers if o.client_id])
        self._refuse_strangers(found, old, outcome)
        for attempt in unlisted((one.attempt for one in seat.out), lists):
            seat.tracked[attempt.client_id].next_look = 0.0

    def _refuse_strangers(self, found: Sorted, old: Collection[str], outcome: Outcome) -> None:
        """`old`: names of ours from so long ago that nobody follows them any more."""
        seat, name = self._seat, self._seat.venue.profile.name
        strangers = [order for order in found.strangers if order.client_id not in old]
        for attempt, _, against in found.contradicting:
            outcome.problems.append(f"{name} has another order under our id {attempt.client_id}: {against}")
        for order in strangers:
            outcome.problems.append(
                f"the order {order.exchange_id} ({order.side} {order.amount} {order.symbol}) carries a desk's name and "
                "is in no journal: a second desk trades this account, or the database is an old copy"
            )
        if found.contradicting or strangers:
            seat.halt(HaltKind.BROKEN, outcome.problems[-1])

    # --- money ------------------------------------------------------------------------------------------

    async def _hands(self, lists: list[VenueOrder], outcome: Outcome) -> None:
        """Trades of orders that are none of ours were made by hand; what could be ours is left alone."""
        by_id = {(order.symbol, order.exchange_id): order for order in lists}
        theirs: list[VenueTrade] = []
        for trade in self._sweeper.held:
            if self._could_be_ours(trade):
                continue
            order = by_id.get((trade.symbol, trade.exchange_id)) or await self._seat.venue.order(
                trade.symbol, "", trade.exchange_id
            )
            young = self._seat.times.wall() - trade.at < self._seat.venue.profile.visibility_lag + UNNAMED_FOR
            if order is None and young:
                continue  # its order may just not be shown yet
            if order is not None and is_ours(order.client_id) and self._seat.of_order(order) is None:
                outcome.problems.append(
                    f"the trade {trade.id} ({trade.symbol}) belongs to a desk's order in no journal"
                )
                self._seat.halt(HaltKind.BROKEN, outcome.problems[-1])
                continue
            if order is None or self._seat.of_order(order) is None:
                theirs.append(trade)
                outcome.found.append(
                    f"{trade.side} {trade.amount} {trade.symbol} at {trade.price} was made by hand"
                )
        if theirs:
            await self._sweeper.release(theirs)

    def _could_be_ours(self, trade: VenueTrade) -> bool:
        """While an order of that symbol and side is in doubt, an unnamed trade may be its own."""
        return any(
            one.attempt.state.is_doubtful
            and (one.attempt.intent.symbol, one.attempt.intent.side) == (trade.symbol, trade.side)
            for one in self._seat.out
        )

    async def _transfers(self, outcome: Outcome) -> None:
        """Deposits and withdrawals, where the venue tells of them."""
        seat = self._seat
        if not isinstance(seat.venue, TellsTransfers):
            return
        since = max(seat.times.wall() - DEEP, seat.began)
        flows = [
            ExternalFlow(
                account=seat.account,
                ref=f"transfer {one.id}",
                asset=one.asset,
                amount=one.amount,
                kind=FlowKind.TRANSFER,
                at=one.at,
                note=f"{'deposit' if one.amount > 0 else 'withdrawal'} {one.id}",
            )
            for one in await seat.venue.transfers(since)
        ]
        new = await seat.journal.add_flows(flows)
        seat.flowed(new)
        outcome.found.extend(f"{f.note}: {f.amount} {f.asset}" for f in new)
