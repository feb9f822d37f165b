"""Live: real orders at a real exchange. Ink before wire; what is uncertain is looked up, never sent again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from trading.domain.actions import CancelAll, Submit
from trading.domain.errors import Broken, Refused
from trading.domain.events import DeskEvent, OrderChanged, OrderParked
from trading.domain.live import Answered, Attempt, AttemptState, Difference, Fenced, RealStanding
from trading.domain.order import Order, OrderIntent, OrderStatus, Side
from trading.domain.protection import RestingStop
from trading.domain.risk import Cleared, HaltKind, RiskDecision
from trading.execution.approval import Approvals, Asking
from trading.execution.failures import Failures
from trading.execution.fills import Sweeper
from trading.execution.killing import Killing, is_liquidation
from trading.execution.looking import Looker
from trading.execution.reconcile import contradiction
from trading.execution.reconciler import Outcome, Reconciler
from trading.execution.recovery import WATCHED, recover
from trading.execution.resting import Stops
from trading.execution.seat import Seat, Tracked
from trading.execution.sending import Sender
from trading.execution.venue import TellsOrders, Unreachable, Venue
from trading.execution.waiting import Queue, Wish, as_order

log = structlog.get_logger("live")

HEARTBEAT = 20.0  # seconds between signs of life in the lease
RECONCILE_BUSY, RECONCILE_QUIET = 30.0, 300.0  # seconds, with and without orders that are out
RECONCILE_STOPS = 60.0  # seconds, when nothing but stops rests at the exchange
RETRY = 10.0  # seconds until a reconciliation that was not clean is tried again
DEEP_EVERY = timedelta(hours=24).total_seconds()
CLOCKS_APART = 5.0  # seconds; more than this between two turns: this machine slept, or its clock was set
LONGEST_REST = 5.0
AFTER_FAILURE = 1.0  # seconds; a disk that cannot be written is not asked a hundred times a second
IN_FLIGHT = 10.0  # seconds an orderly stop waits for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the executor needs beside its seat."""

    killer: Venue  # for kills: a client of its own, without the shared throttler
    asking: Asking | None  # canary, or live above an amount
    recheck: Callable[[OrderIntent], Cleared | RiskDecision]  # the whole gate as of now
    price: Callable[[str], Awaitable[Decimal]]  # fresh
    stops: Callable[[], Iterable[RestingStop]] = tuple  # those that should rest at the exchange now


class Live:
    """An Executor whose `take` only queues; `run` does the rest, and what becomes of it enters the desk as events.

    One task carries orders, looks, sweeps and reconciles, in that order of urgency; a second one does nothing but
    cancel at a kill. Both end with `run`.
    """

    waiting: frozenset[str] = frozenset()  # nothing here waits for a simulated price

    def __init__(self, seat: Seat, outside: Outside) -> None:
        self.seat = seat
        self.failures = Failures(seat.times.monotonic, lambda why: seat.halt(HaltKind.EXCHANGE, why))
        self.sender = Sender(seat, outside.killer, self.failures)
        self.sweeper = Sweeper(seat)
        self.looker = Looker(seat, self.sweeper, self.failures)
        self.reconciler = Reconciler(seat, self.sweeper, self.looker, self.failures)
        self.killing = Killing(seat, outside.killer, self._wake_up)
        self.stops = Stops(seat, self.sender, outside.stops, outside.recheck)
        self._queue = Queue()
        line = (self._line_up, self._queue.drop)
        self.approvals = Approvals(seat, outside.asking, *line, outside.recheck, outside.price)
        self._restored: list[Order] = []
        self._wake, self._recovered = asyncio.Event(), asyncio.Event()
        self._turn_lock = asyncio.Lock()
        self._calm, self._retired = False, ""
        self._parked_told: set[str] = set()
        self._hinted = False
        self.outcome = Outcome()  # of the last reconciliation
        self.reconciled_at: datetime | None = None
        now = seat.times.monotonic()
        self._beat_at, self._reconcile_at, self._deep_at = now + HEARTBEAT, now, now + DEEP_EVERY
        self._clocks = (seat.times.wall(), now)

    # --- the executor's side: never waits ---------------------------------------------------------------

    def take(self, action: Submit | CancelAll) -> Iterable[DeskEvent]:
        if isinstance(action, CancelAll):
            return self._cancel_all()
        intent = action.cleared.intent
        if intent.client_id in self.known:
            return []
        self._wake_up()
        if self.approvals.wants(intent):
            return self.approvals.take(intent)
        self._queue.put(Wish(intent))
        return [OrderChanged(intent.decided_at, as_order(intent, OrderStatus.WAITING, intent.decided_at))]

    def _cancel_all(self) -> list[DeskEvent]:
        """A kill: what waits never leaves, what is out is taken back at once by a task of its own."""
        why, at = "the account was killed", self.seat.times.wall()
        events = self.approvals.withdraw_all(why)
        for wish in self._queue.clear():
            wish.answer(why)
            if wish.consent is None:  # of a card's order, the card has told
                events.append(OrderChanged(at, as_order(wish.intent, OrderStatus.CANCELED, at, why)))
        self.killing.ask()
        self._wake_up()
        return events

    def ask_as(self, asking: Asking | None) -> None:
        """The account's mode has changed: cards are void, and nothing leaves unasked that would be asked about now."""
        at = self.seat.times.wall()
        why = "the account's mode was changed"
        events = self.approvals.ask_as(asking, why)
        while wish := self._queue.take(lambda one: one.consent is None and self.approvals.wants(one.intent)):
            events.append(OrderChanged(at, as_order(wish.intent, OrderStatus.CANCELED, at, why)))
        for event in events:
            self.seat.step(event)
        self._wake_up()

    def before(self, event: DeskEvent) -> Iterator[DeskEvent]:
        return iter(())

    @property
    def known(self) -> frozenset[str]:
        out = frozenset(one.attempt.intent.client_id for one in self.seat.out)
        return out | self._queue.intents | self.approvals.intents

    def restore(self, live: Iterable[Order]) -> None:
        self._restored = list(live)

    # --- life -------------------------------------------------------------------------------------------

    async def recover(self) -> Outcome:
        """After a start, before anything is decided: know everything that was out, and reconcile it."""
        await recover(self.seat, self.sweeper, self._restored)
        await self.reconciler.differences.recall()
        await self.approvals.recall()
        if any(halt.kind is HaltKind.KILL for halt in self.seat.halts()):
            self.killing.ask()
        outcome = await self.reconcile(deep=True)
        self._recovered.set()
        return outcome

    async def run(self) -> None:
        """Until cancelled. Begun again after a failure it goes on where it was."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry())
            group.create_task(self.killing.run())
            if isinstance(self.seat.venue, TellsOrders):
                group.create_task(self._listen(self.seat.venue))

    async def _listen(self, venue: TellsOrders) -> None:
        """The stream is a hint: whatever it says, we look for ourselves, only sooner."""
        async for symbol in venue.hints():
            for tracked in self.seat.out:
                if tracked.attempt.intent.symbol == symbol:
                    tracked.looks, tracked.next_look = 0, self.seat.times.monotonic()
            self._hinted = True
            self._wake_up()

    async def _carry(self) -> None:
        await self._recovered.wait()  # until then our own trades would look like a stranger's
        while True:
            self._wake.clear()
            least = 0.01
            try:
                async with self._turn_lock:
                    await self.turn()
            except Fenced as fenced:
                self.seat.shut(fenced)
            except Broken as error:
                log.error("turn_failed", account=self.seat.account, reason=error.tell)
                least = AFTER_FAILURE
            await self._rest(least)

    async def turn(self) -> None:
        """Everything that is due now, the most urgent first."""
        if self.seat.fenced:
            self._queue.refuse(self.seat.fenced)
            return
        await self._mind_broken_off()
        await self.approvals.work()
        await self._send_waiting()
        for tracked in self.looker.due():
            await self.looker.look(tracked)
            if len(self._queue):
                await self._send_waiting()
        await self._follow_hint()
        await self.sweeper.keep()
        await self.seat.write()
        if not self._calm:
            await self.stops.work(self._selling)
        await self._beat()
        if self.seat.times.monotonic() >= self._reconcile_at:
            await self._reconcile(deep=False)
        self._tell_parked()
        self.killing.report(waiting=len(self._queue))

    async def _follow_hint(self) -> None:
        """Something moved that may belong to an order we took for done."""
        hinted, self._hinted = self._hinted, False
        if not hinted or self.seat.out:
            return
        try:
            await self.sweeper.sweep()
        except Unreachable as error:
            log.info("hint_not_followed", account=self.seat.account, reason=str(error))

    async def _rest(self, least: float) -> None:
        """Until something is due or somebody wakes us, at least so many seconds."""
        now = self.seat.times.monotonic()
        dues = [
            self.looker.next_due(),
            self.approvals.next_due(),
            self._beat_at - now,
            self._reconcile_at - now,
        ]
        pause = min((due for due in dues if due is not None), default=LONGEST_REST)
        if len(self._queue):
            pause = min(pause, 0.2)
        if self.seat.fenced:
            pause = LONGEST_REST
        try:
            async with asyncio.timeout(min(max(pause, least), LONGEST_REST)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _wake_up(self) -> None:
        self._wake.set()

    async def calm(self) -> bool:
        """Before an orderly stop: nothing new leaves; True when no request is without an answer."""
        self._calm = True
        try:
            async with asyncio.timeout(IN_FLIGHT):
                await self.sender.idle.wait()
        except TimeoutError:
            return False
        return True

    async def retire(self, why: str) -> None:
        """For good: nothing leaves or is booked from here any more; another one takes this seat."""
        self._retired = why
        await self.calm()
        await self._turn_lock.acquire()  # and never let go of: no turn begins any more
        for wish in self._queue.clear():
            wish.answer(why)

    # --- orders -----------------------------------------------------------------------------------------

    async def _send_waiting(self) -> None:
        while not self._calm and (wish := self._queue.take(self._may_go)) is not None:
            try:
                wish.answer(await self.sender.send(wish.intent, wish.consent))
            finally:
                wish.answer("it was broken off; what became of it is being looked up")

    def _may_go(self, wish: Wish) -> bool:
        if self.stops.hold(wish.intent):
            return False
        if is_liquidation(wish.intent) and not self.killing.may_sell(wish.intent.symbol):
            return False
        return wish.may_leave()

    @property
    def _selling(self) -> set[tuple[str, str]]:
        """Positions with a sale that waits for its coins or is out: no stop may rest there."""
        out = [one.attempt.intent for one in self.seat.out if one.attempt.stop_price is None]
        sales = [i for i in (*self._queue.waiting, *out) if i.side is Side.SELL]
        return {(intent.sleeve, intent.symbol) for intent in sales}

    def _line_up(self, wish: Wish) -> None:
        """A person said yes: it leaves at its turn."""
        if self._retired:
            wish.answer(self._retired)
            return
        self._queue.put(wish)
        self._wake_up()

    async def _mind_broken_off(self) -> None:
        """A request whose sender was torn away is as uncertain as after a crash."""
        for tracked in self.seat.out:
            if tracked.attempt.state is AttemptState.SENDING and not tracked.in_flight:
                await self.seat.change(tracked, AttemptState.UNCERTAIN, "its sending was broken off")

    def _tell_parked(self) -> None:
        for attempt in self.parked:
            if attempt.client_id not in self._parked_told:
                self._parked_told.add(attempt.client_id)
                self.seat.tell(OrderParked(self.seat.times.wall(), attempt))

    # --- what a person may ask --------------------------------------------------------------------------

    @property
    def parked(self) -> list[Attempt]:
        """Orders of which only a person can say whether they exist."""
        return [one.attempt for one in self.seat.out if one.attempt.state is AttemptState.PARKED]

    @property
    def standing(self) -> RealStanding:
        """How this account stands with its exchange."""
        stops = self.stops.resting
        states = [one.attempt.state for one in self.seat.out]
        return RealStanding(
            account=self.seat.account,
            exchange=self.seat.venue.profile.name,
            open=states.count(AttemptState.OPEN) - len(stops),
            uncertain=states.count(AttemptState.UNCERTAIN) + states.count(AttemptState.SENDING),
            parked=states.count(AttemptState.PARKED),
            waiting=len(self._queue),
            cards=len(self.approvals.pending),
            frozen=tuple(sorted(self.seat.frozen.items())),
            problems=tuple(self.outcome.problems),
            reconciled_at=self.reconciled_at,
            epoch=self.seat.lease.epoch,
            fenced=self.seat.fenced,
            stops=stops,
            watched=self.stops.watched,
        )

    async def adopt(self, client_id: str, exchange_id: str, by: str) -> Attempt:
        """A person found the order at the exchange. Raises Refused unless it is there and is the one we sent."""
        async with self._turn_lock:
            tracked = self._parked(client_id)
            attempt = tracked.attempt
            found = await self.seat.venue.order(attempt.intent.symbol, "", exchange_id)
            if found is None:
                raise Refused(f"The exchange knows no order {exchange_id} in {attempt.intent.symbol}.")
            if self.seat.of_order(found) not in (None, tracked):
                raise Refused(f"The order {exchange_id} belongs to another order of this desk.")
            against = contradiction(attempt, found)
            if against is not None:
                raise Refused(f"The order {exchange_id} is another one: {against}.")
            log.warning("order_adopted_by_hand", account=self.seat.account, by=by)
            await self.looker.saw(tracked, found)
            await self.sweeper.sweep()
            await self.looker.close_if_complete(tracked)
            return tracked.attempt

    async def resolve(self, client_id: str, by: str) -> Attempt:
        """A person has looked: the order does not exist. It is watched on, and adopted should it turn up."""
        async with self._turn_lock:
            tracked = self._parked(client_id)
            await self.seat.change(tracked, AttemptState.DEAD, f"{by} looked: it does not exist")
            return tracked.attempt

    async def reconcile(self, *, deep: bool = False) -> Outcome:
        """Now, instead of when it is due. Raises Fenced or Broken."""
        async with self._turn_lock:
            return await self._reconcile(deep=deep)

    async def answer(self, difference: str, answer: Answered, by: str) -> Difference:
        """A person explains a difference between the exchange and the books."""
        async with self._turn_lock:
            return await self.reconciler.differences.answer(difference, answer, by)

    def _parked(self, client_id: str) -> Tracked:
        tracked = self.seat.tracked.get(client_id)
        if tracked is None or tracked.attempt.state is not AttemptState.PARKED:
            raise Refused(f"There is no parked order {client_id}.")
        return tracked

    # --- the account ------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """A sign of life, and a look at both clocks."""
        times = self.seat.times
        wall, now = times.wall(), times.monotonic()
        if now >= self._beat_at:
            self.seat.lease = await self.seat.journal.extend(self.seat.lease, wall)
            self._beat_at = now + HEARTBEAT
        apart = (wall - self._clocks[0]).total_seconds() - (now - self._clocks[1])
        self._clocks = (wall, now)
        if abs(apart) > CLOCKS_APART:
            self.seat.halt(HaltKind.EXCHANGE, f"this machine slept or its clock was set ({apart:+.0f} s)")
            self._reconcile_at = now

    async def _reconcile(self, *, deep: bool) -> Outcome:
        now = self.seat.times.monotonic()
        if now >= self._deep_at:
            deep, self._deep_at = True, now + DEEP_EVERY
        outcome = await self.reconciler.run(deep=deep)
        self.outcome, self.reconciled_at = outcome, self.seat.times.wall()
        if deep:
            self.seat.forget(self.reconciled_at - WATCHED)
        busy = any(not one.rests for one in self.seat.out) or self.seat.frozen or self.sweeper.held
        pause = RECONCILE_BUSY if busy else RECONCILE_STOPS if self.seat.out else RECONCILE_QUIET
        if self.failures.open or self.reconciler.differences.young:
            pause = RETRY
        self._reconcile_at = self.seat.times.monotonic() + (pause if outcome.clean else RETRY)
        return outcome
