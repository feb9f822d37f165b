"""After a start: everything that was out is known again, and nobody believes more than what is on disk."""

from collections.abc import Iterable
from datetime import timedelta

from trading.domain.events import OrderChanged
from trading.domain.live import AttemptState, FlowKind
from trading.domain.order import Order, OrderStatus
from trading.domain.risk import HaltKind
from trading.execution.fills import Sweeper
from trading.execution.seat import Seat, Tracked
from trading.execution.waiting import as_order

WATCHED = timedelta(days=8)  # how long an order that is over may still surprise us


async def recover(seat: Seat, sweeper: Sweeper, restored: Iterable[Order]) -> None:
    """Attempts, fills and balances as the journal has them; the desk is told where its orders really are.

    An order without an attempt never left. An attempt in SENDING is uncertain; there is no other special case.
    """
    now, wall = seat.times.monotonic(), seat.times.wall()
    since = min(await seat.journal.cursor(seat.account) or wall, wall) - WATCHED
    for attempt in await seat.journal.attempts(seat.account, since):
        seat.add(Tracked(attempt, since=now))
    await sweeper.recall()
    await _recall_money(seat)
    orders = {order.client_id: order for order in restored}
    for order in orders.values():
        if seat.of_intent(order.client_id) is None:
            _never_left(seat, order)
    for tracked in list(seat.tracked.values()):
        await _place(seat, tracked, orders.get(tracked.attempt.intent.client_id))
    if seat.lease.rolled_back:
        seat.halt(
            HaltKind.BROKEN,
            "the database is an older copy than what this desk has already done; look at the orders at the "
            "exchange, then resume",
        )


async def _place(seat: Seat, tracked: Tracked, order: Order | None) -> None:
    attempt = tracked.attempt
    if attempt.state is AttemptState.SENDING:
        await seat.change(tracked, AttemptState.UNCERTAIN, "the desk stopped while it was being sent")
    elif order is not None and attempt.state is AttemptState.CLOSED:
        await seat.change(
            tracked, AttemptState.OPEN, "the desk stopped before it was told"
        )  # closes at a look
        seat.announce(tracked, order)  # what the desk remembers may be older still: that it was being sent
    elif order is not None:
        seat.announce(tracked, order)


def _never_left(seat: Seat, order: Order) -> None:
    at = seat.times.wall()
    over = as_order(order.intent, OrderStatus.EXPIRED, at, "it had not left when the desk stopped")
    seat.step(OrderChanged(at, over))


async def _recall_money(seat: Seat) -> None:
    """What balances should be; and flows that were written down but had not reached the desk's cash."""
    seat.balances = dict(await seat.journal.moved(seat.account))
    flows = await seat.journal.flows(seat.account)
    opening = [flow for flow in flows if flow.kind is FlowKind.OPENING]
    seat.opened = {flow.asset for flow in opening}
    seat.began = min((flow.at for flow in opening), default=seat.began)
    seat.booked = len(await seat.journal.fills(seat.account, seat.began - WATCHED))
    known = await seat.cash_moves()
    missing = [f for f in flows if f.kind is not FlowKind.OPENING and (f.at, f.amount, f.note) not in known]
    before = dict(seat.balances)
    seat.flowed(missing)
    seat.balances = before  # they were in there already
