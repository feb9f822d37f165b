"""One order on its way to an exchange that may lose, repeat or forget anything."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world, open_desk
from trading.domain.events import OrderParked
from trading.domain.live import AttemptState
from trading.domain.order import OrderStatus
from trading.domain.risk import HaltKind
from trading.execution.venue import IdReuse

EVERY_KIND = [kind for kind in IdReuse if kind is not IdReuse.NONE]


def test_an_order_is_sent_filled_and_booked_to_the_last_digit(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)

            (order,) = desk.orders
            assert order.status is OrderStatus.FILLED
            assert order.filled == desk.held == order.intent.amount > 40
            assert desk.desk.book.cash == 10000 - order.filled * 100 * Decimal("1.001")
            assert desk.books_agree()
            assert len(desk.world.sent) == 1

    live_through(story())


def test_nothing_leaves_before_it_is_on_disk(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            seen = []
            journal = desk.live.seat.journal

            def look(request):
                rows = asyncio.ensure_future(journal.attempts("main", desk.loop.wall() - timedelta(days=1)))
                seen.append((request, rows))

            desk.venue.before_send = look
            desk.close(exposure=1.0)
            await desk.until(lambda: seen)
            ((request, rows),) = seen
            (attempt,) = await rows

            assert attempt.state is AttemptState.SENDING
            assert (attempt.client_id, attempt.intent.amount) == (request.client_id, request.amount)

    live_through(story())


def test_when_the_disk_is_full_nothing_leaves(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.database.full = True
            desk.close(exposure=1.0)
            await desk.pass_time(60)

            assert desk.world.sent == []
            assert desk.orders[-1].status is OrderStatus.REFUSED
            assert "could not be written down" in desk.orders[-1].note

    live_through(story())


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_answer_that_was_lost_is_looked_up_and_adopted(path, kind):
    async def story():
        world = a_world(profile=a_profile(id_reuse=kind))
        async with a_live_desk(path, world) as desk:
            desk.venue.faults.append(Fault.LOST_ANSWER)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.orders and desk.orders[0].status is OrderStatus.UNCERTAIN)
            await desk.until(lambda: desk.orders[0].status is OrderStatus.FILLED)

            assert len(world.sent) == 1
            assert desk.held == desk.orders[0].intent.amount
            assert desk.books_agree()

    live_through(story())


def test_a_request_that_never_arrived_is_dead_after_its_horizon_and_not_before(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.orders and desk.orders[0].status is OrderStatus.UNCERTAIN)
            sent_at = desk.loop.time()
            assert desk.live.looker.horizon == 14.0  # 5 s expiry, 2 s lag, 2 s clock, 5 s margin

            await desk.until(lambda: desk.orders[0].status is OrderStatus.EXPIRED)
            assert desk.loop.time() - sent_at >= 14.0
            assert desk.world.sent == []
            assert desk.desk.orders.live == ()

            desk.close()  # the strategy still wants it: a new decision, a new order
            await desk.until(lambda: desk.held)
            assert len(desk.world.sent) == 1

    live_through(story())


def test_a_request_that_arrives_late_is_adopted(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.LATE)
            desk.venue.late_by = 4.9
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)

            assert len(desk.world.sent) == 1
            assert desk.orders[0].status is OrderStatus.FILLED
            assert desk.books_agree()

    live_through(story())


def test_errors_while_looking_are_never_counted_as_not_there(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.LOST_ANSWER)
            desk.venue.failing = 1000
            desk.close(exposure=1.0)
            await desk.pass_time(3600)
            assert desk.orders[0].status is OrderStatus.UNCERTAIN

            desk.venue.failing = 0
            await desk.until(lambda: desk.held)
            assert len(desk.world.sent) == 1

    live_through(story())


def test_while_an_order_is_uncertain_its_money_counts_as_spent(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.orders and desk.orders[0].status is OrderStatus.UNCERTAIN)

            account = desk.desk.account(desk.loop.wall())
            fee = 1 + desk.desk.instruments[BTC].taker_fee
            assert account.committed == desk.orders[0].intent.amount * 100 * fee
            assert account.pending == (("ema_cross", BTC),)

    live_through(story())


def test_where_a_venue_promises_nothing_a_person_has_to_say(path):
    async def story():
        world = a_world(profile=a_profile(request_expiry=None))
        async with a_live_desk(path, world) as desk:
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.live.parked)
            await desk.pass_time(7200)

            (parked,) = desk.live.parked
            assert [event.attempt.client_id for event in desk.news(OrderParked)] == [parked.client_id]
            assert desk.orders[0].status is OrderStatus.UNCERTAIN
            assert world.sent == []

            await desk.live.resolve(parked.client_id, "ann")
            assert desk.orders[0].status is OrderStatus.EXPIRED
            assert desk.live.parked == []

    live_through(story())


def test_a_parked_order_that_turns_up_is_adopted(path):
    async def story():
        world = a_world(profile=a_profile(request_expiry=None))
        async with a_live_desk(path, world) as desk:
            desk.venue.faults.append(Fault.LATE)
            desk.venue.late_by = 300.0
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.live.parked)
            await desk.until(lambda: desk.held)

            assert desk.live.parked == []
            assert desk.orders[0].status is OrderStatus.FILLED

    live_through(story())


def test_an_order_that_was_buried_and_turns_up_is_adopted_all_the_same(path):
    async def story():
        world = a_world(profile=a_profile(request_expiry=None))
        async with a_live_desk(path, world) as desk:
            desk.venue.faults.append(Fault.LATE)
            desk.venue.late_by = 1000.0
            desk.close(exposure=1.0)
            (parked,) = await desk.until(lambda: desk.live.parked)
            await desk.live.resolve(parked.client_id, "ann")
            await desk.pass_time(1000)
            await desk.until(lambda: desk.held, within=400)

            assert desk.orders[0].status is OrderStatus.FILLED
            assert desk.books_agree()

    live_through(story())


def test_another_order_under_our_id_stops_everything(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=1.0)
            tracked = await desk.until(lambda: desk.live.seat.out and desk.live.seat.out[0])
            desk.world.by_hand(tracked.attempt.intent.side, "3", client_id=tracked.attempt.client_id)
            await desk.until(lambda: desk.halted(HaltKind.BROKEN))

            assert desk.held == 0

    live_through(story())


def test_a_definite_no_releases_the_money_and_is_told(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.DENIED)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.orders and desk.orders[0].status is OrderStatus.REFUSED)

            assert desk.orders[0].note == "not enough money"
            assert desk.desk.account(desk.loop.wall()).committed == 0

    live_through(story())


def test_an_answer_that_never_comes_is_doubt_after_fifteen_seconds(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.HANGS)
            desk.close(exposure=1.0)
            began = desk.loop.time()
            await desk.until(lambda: desk.orders and desk.orders[0].status is OrderStatus.UNCERTAIN)
            assert desk.loop.time() - began >= 15.0

            await desk.until(lambda: desk.orders[0].status is OrderStatus.FILLED)
            assert len(desk.world.sent) == 1

    live_through(story())


def test_five_failures_in_a_row_close_entries_until_it_is_reconciled(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.failing = 8
            await desk.pass_time(400)
            assert not desk.halted(HaltKind.EXCHANGE)  # it came back and was reconciled

            desk.venue.failing = 10_000
            await desk.until(lambda: desk.halted(HaltKind.EXCHANGE))
            desk.close(exposure=1.0)
            await desk.pass_time(30)
            assert desk.world.sent == []

            desk.venue.failing = 0
            await desk.until(lambda: not desk.halted(HaltKind.EXCHANGE))
            desk.close()
            await desk.until(lambda: desk.held)

    live_through(story())


def test_a_hint_of_the_stream_makes_the_desk_look_at_once(path):
    async def story():
        world = a_world(fills_at_once=False)
        hints = asyncio.Queue()

        async def heard():
            while True:
                yield await hints.get()

        desk = await open_desk(path, world)
        desk.venue.hints = heard
        await desk.live.recover()
        task = asyncio.create_task(desk.live.run())
        desk.close(exposure=1.0)
        (order,) = await desk.until(lambda: world.open)
        await desk.pass_time(200)  # by now it is looked at every half minute only
        world.fill(order.exchange_id, order.amount)
        filled_at = desk.loop.time()
        hints.put_nowait(BTC)
        await desk.until(lambda: desk.held)

        assert desk.loop.time() - filled_at < 1.0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    live_through(story())
