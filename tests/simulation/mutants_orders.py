"""Faults of orders and fills: sending, looking, booking, starting anew, and who may write."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.simulation.mutant import Change, mutant
from trading.domain.errors import Broken
from trading.domain.live import AttemptState, Lease
from trading.domain.risk import HaltKind
from trading.execution import fills, live, reconcile, reconciler, recovery, sending
from trading.execution.differences import Differences
from trading.execution.fills import Sweeper
from trading.execution.looking import Looker
from trading.execution.reconciler import Outcome, Reconciler
from trading.execution.seat import Seat, Tracked
from trading.execution.sending import Sender
from trading.execution.venue import Accepted, Denied, Doubtful, Unreachable, Why
from trading.store import journal
from trading.store.journal import SqlJournal

# --- sending ------------------------------------------------------------------------------------------------

_answered, _ask, _begin, _against = Sender._answered, Sender._ask, Sender._begin, Sender.against


@mutant
def a_timeout_counts_as_a_no() -> list[Change]:
    async def answered(self, tracked, answer):
        if isinstance(answer, Doubtful):
            answer = Denied(Why.OTHER, answer.reason)
        await _answered(self, tracked, answer)

    return [(Sender, "_answered", answered)]


@mutant
def what_is_in_doubt_is_sent_again() -> list[Change]:
    async def ask(self, venue, request):
        answer = await _ask(self, venue, request)
        return await _ask(self, venue, request) if isinstance(answer, Doubtful) else answer

    return [(Sender, "_ask", ask)]


@mutant
def a_timeout_counts_as_a_yes() -> list[Change]:
    async def answered(self, tracked, answer):
        if isinstance(answer, Doubtful):
            answer = Accepted("7")
        await _answered(self, tracked, answer)

    return [(Sender, "_answered", answered)]


@mutant
def the_request_leaves_before_it_is_written_down() -> list[Change]:
    async def begin(self, tracked, consent):
        return None

    return [(Sender, "_begin", begin)]


@mutant
def a_full_disk_stops_nothing() -> list[Change]:
    begin = SqlJournal.begin

    async def tolerant(self, start):
        try:
            return await begin(self, start)
        except Broken:
            return None

    return [(SqlJournal, "begin", tolerant)]


@mutant
def halts_are_looked_at_when_deciding_only() -> list[Change]:
    def against(self, intent, consent=None):
        return None

    return [(Sender, "against", against), (journal, "_check_halts", lambda connection, account: None)]


@mutant
def an_old_decision_is_still_sent() -> list[Change]:
    return [(sending, "DECIDED_WITHIN", timedelta(days=1))]


@mutant
def nobody_waits_in_vain() -> list[Change]:
    return [(sending, "ANSWER_WITHIN", 1e9)]


@mutant
def other_bytes_leave_than_were_cleared() -> list[Change]:
    request = sending._request

    def larger(attempt):
        made = request(attempt)
        return replace(made, amount=made.amount + Decimal("0.00001"))

    return [(sending, "_request", larger)]


@mutant
def one_intent_may_be_sent_twice() -> list[Change]:
    """Its answer is thrown away, and nothing on disk or in memory keeps it from leaving again."""

    async def send_waiting(self):
        while not self._calm and (wish := self._queue.take(self._may_go)) is not None:
            wish.answer(await self.sender.send(wish.intent, wish.consent))
            if wish.intent.side.value == "buy" and not getattr(self, "_again", False):
                self._again = True
                self._queue.put(wish)

    async def begin(self, tracked, consent):
        return None if getattr(tracked.attempt.intent, "client_id", "") in self._seat._by_intent else await _begin(
            self, tracked, consent
        )  # fmt: skip

    return [(live.Live, "_send_waiting", send_waiting), (Sender, "_begin", begin)]


# --- looking ------------------------------------------------------------------------------------------------


@mutant
def not_found_once_is_dead() -> list[Change]:
    return [(Looker, "horizon", property(lambda self: 0.0))]


@mutant
def the_horizon_forgets_that_orders_are_seen_late() -> list[Change]:
    def horizon(self):
        expiry = self._seat.venue.profile.request_expiry
        return None if expiry is None else expiry.total_seconds() / 2

    return [(Looker, "horizon", property(horizon))]


@mutant
def the_horizon_counts_from_the_decision() -> list[Change]:
    async def begin(self, tracked, consent):
        self._decided = tracked.since
        return await _begin(self, tracked, consent)

    async def answered(self, tracked, answer):
        tracked.since = self._decided
        await _answered(self, tracked, answer)

    return [(Sender, "_begin", begin), (Sender, "_answered", answered)]


@mutant
def a_question_without_an_answer_counts_as_a_no() -> list[Change]:
    look = Looker.look

    async def deaf(self, tracked):
        venue, order = self._seat.venue, self._seat.venue.order

        async def asked(symbol, client_id, exchange_id):
            try:
                return await order(symbol, client_id, exchange_id)
            except Unreachable:
                tracked.since = -1e9
                return None

        venue.order = asked
        try:
            await look(self, tracked)
        finally:
            venue.order = order

    return [(Looker, "look", deaf), (Looker, "horizon", property(lambda self: 1.0))]


@mutant
def venues_without_a_promise_are_believed_after_a_while() -> list[Change]:
    def horizon(self):
        return 2.0

    return [(Looker, "horizon", property(horizon))]


@mutant
def what_turns_up_late_is_not_adopted() -> list[Change]:
    saw = Looker.saw

    async def blind(self, tracked, order):
        if tracked.attempt.state in (AttemptState.DEAD, AttemptState.UNCERTAIN):
            return
        await saw(self, tracked, order)

    return [(Looker, "saw", blind)]


# --- fills and money ----------------------------------------------------------------------------------------


@mutant
def no_overlap_between_two_sweeps() -> list[Change]:
    none = timedelta(0)
    return [
        (Sweeper.sweep, "__defaults__", (none,)),
        (reconciler, "OVERLAP", none),
        (reconciler, "DEEP", none),
    ]


@mutant
def trades_are_known_by_amount_and_price() -> list[Change]:
    def take(self, trades):
        seen = getattr(self, "_like", set())
        self._like = seen
        fresh = [t for t in trades if (t.symbol, t.id) in self._known or (t.amount, t.price) not in seen]
        seen.update((t.amount, t.price) for t in fresh)
        return _take(self, fresh)

    return [(Sweeper, "take", take)]


_take = Sweeper.take


@mutant
def a_fill_is_booked_whenever_it_is_read() -> list[Change]:
    def take(self, trades):
        self._known.clear()
        return _take(self, trades)

    return [(Sweeper, "take", take)]


@mutant
def fees_are_forgotten() -> list[Change]:
    book = Seat.book

    def free(self, tracked, trade):
        return book(self, tracked, replace(trade, fee=Decimal(0)))

    return [(Seat, "book", free)]


@mutant
def hand_trades_are_taken_for_ours() -> list[Change]:
    def of_trade(self, trade):
        same = [t for t in self.tracked.values() if t.attempt.intent.side is trade.side]
        return same[-1] if same else None

    return [(Seat, "of_trade", of_trade), (reconcile, "most", lambda attempt, *, by_cost: Decimal(10**9)),
            (fills, "most", lambda attempt, *, by_cost: Decimal(10**9))]  # fmt: skip


@mutant
def hand_trades_are_overlooked() -> list[Change]:
    async def release(self, trades):
        for trade in trades:
            self._known.add((trade.symbol, trade.id))
            self._held.pop((trade.symbol, trade.id), None)

    async def compare(self, unclaimed):
        return None

    return [(Sweeper, "release", release), (Differences, "compare", compare)]


@mutant
def differences_are_never_asked_about() -> list[Change]:
    async def compare(self, unclaimed):
        return None

    return [(Differences, "compare", compare)]


# --- after a start ------------------------------------------------------------------------------------------


@mutant
def what_was_being_sent_at_the_crash_never_left() -> list[Change]:
    async def place(seat, tracked, order):
        if tracked.attempt.state is AttemptState.SENDING:
            await seat.change(tracked, AttemptState.DENIED, "it had not left when the desk stopped")

    return [(recovery, "_place", place), (Looker, "saw", _ignore_denied)]


_saw = Looker.saw


async def _ignore_denied(self: Looker, tracked: Tracked, order: Any) -> None:
    if tracked.attempt.state is not AttemptState.DENIED:
        await _saw(self, tracked, order)


@mutant
def attempts_are_forgotten_over_a_restart() -> list[Change]:
    async def attempts(self, account, since):
        return []

    return [(SqlJournal, "attempts", attempts)]


@mutant
def fills_are_forgotten_over_a_restart() -> list[Change]:
    async def recall(self):
        return None

    return [(Sweeper, "recall", recall)]


@mutant
def entries_open_without_a_reconciliation() -> list[Change]:
    async def run(self, *, deep=False):
        self._seat.lift(HaltKind.EXCHANGE)
        return Outcome()

    return [(Reconciler, "run", run)]


# --- one writer ---------------------------------------------------------------------------------------------


@mutant
def the_lease_is_not_looked_at() -> list[Change]:
    return [(journal, "_check_lease", lambda connection, lease: None)]


@mutant
def a_takeover_does_not_raise_the_epoch() -> list[Change]:
    take = SqlJournal.take

    async def same(self, account, identity, holder, at, known):
        lease: Lease = await take(self, account, identity, holder, at, known)
        return replace(lease, epoch=max(lease.epoch - 1, 1))

    return [(SqlJournal, "take", same)]


@mutant
def a_lease_never_ends_for_its_holder() -> list[Change]:
    return [(live, "HEARTBEAT", 1e9), (journal, "_check_lease", lambda connection, lease: None)]
