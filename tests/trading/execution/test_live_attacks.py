"""What somebody tried who wanted a desk to buy twice, to lose a fill, or to live on after its kill."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world
from trading.domain.approval import ApprovalState
from trading.domain.errors import Broken, Refused
from trading.domain.events import ApprovalSettled, HaltAsked, HaltLifted, KillReported
from trading.domain.live import AttemptState
from trading.domain.order import OrderStatus, Side
from trading.domain.protection import Protection
from trading.domain.risk import HaltKind
from trading.execution.approval import Asking

DAY = timedelta(hours=24)


async def begun_again(desk):
    """Something that nobody has foreseen ends the executor, and the house begins it again."""
    for task in asyncio.all_tasks():
        if task.get_coro().__qualname__ == "Live.run":
            task.cancel()
    await desk.pass_time(1)
    return asyncio.create_task(desk.live.run())


def buys(world):
    return [request.amount for request in world.sent if request.side is Side.BUY]


# --- twice ------------------------------------------------------------------------------------------------------


def test_an_order_that_was_signed_late_is_not_buried_before_it_could_be_seen(path):
    """The exchange was so slow to tell its markets that the order was signed fourteen seconds after its decision."""

    async def story():
        world = a_world(profile=a_profile(visibility_lag=timedelta(seconds=8)))
        async with a_live_desk(path, world) as desk:
            desk.venue.signs_after, desk.venue.late_by = 14.0, 4.5
            desk.venue.faults.append(Fault.LATE)
            desk.close(exposure=1.0)
            await desk.pass_time(21)  # the usual horizon, counted from the decision
            desk.venue.signs_after = 0.0
            desk.close(exposure=0.5)
            await desk.until(lambda: desk.held)

            assert len(buys(world)) == 1
            assert desk.orders[0].status is OrderStatus.FILLED

    live_through(story())


def test_an_order_whose_commit_was_broken_off_is_looked_up_and_holds_nothing_up(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            begin = desk.live.seat.journal.begin

            async def slow(start):
                answer = await begin(start)
                await asyncio.sleep(3)
                return answer

            desk.live.seat.journal.begin = slow
            desk.close(exposure=1.0)
            await desk.pass_time(1)
            again = await begun_again(desk)
            desk.live.seat.journal.begin = begin
            await desk.until(lambda: desk.orders[-1].status is OrderStatus.EXPIRED)
            desk.close(exposure=0.5)
            await desk.until(lambda: desk.held)
            again.cancel()

            assert len(world.sent) == 1
            assert [r["state"] for r in desk.database.look("select state from attempt order by sent_at")] == [
                AttemptState.DEAD,
                AttemptState.CLOSED,
            ]

    live_through(story())


# --- a fill that is lost ----------------------------------------------------------------------------------------


def test_a_fill_from_when_the_clock_was_a_day_ahead_is_booked_once_it_is_right(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            world.fills_at_once = False
            desk.close(exposure=1.0)
            (order,) = await desk.until(lambda: world.open)
            await desk.pass_time(40)
            times, seat = desk.live.seat.times, desk.live.seat
            seat.times, world.offset = replace(times, wall=lambda: times.wall() + DAY), -DAY
            await desk.pass_time(700)
            world.fill(order.exchange_id, order.amount)
            await desk.pass_time(3600)
            seat.times, world.offset = times, timedelta(0)
            await desk.until(lambda: desk.held, within=120)

            assert desk.books_agree()
            assert desk.orders[0].status is OrderStatus.FILLED

    live_through(story())


# --- a kill -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("expiry", "late_by", "known_as"), [(5, 4.5, "dead"), (None, 180, "parked")])
def test_an_order_that_turns_up_after_the_kill_is_taken_back_all_the_same(path, expiry, late_by, known_as):
    async def story():
        profile = a_profile(request_expiry=expiry and timedelta(seconds=expiry))
        world = a_world(profile=profile)
        async with a_live_desk(path, world) as desk:
            world.fills_at_once = False
            desk.venue.late_by, visible = late_by, desk.venue._visible
            desk.venue.faults.append(Fault.LATE)
            desk.venue._visible = lambda resting: False
            desk.close(exposure=1.0)
            await desk.until(
                lambda: {a["state"] for a in desk.database.look("select state from attempt")} == {known_as}
            )
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))
            await desk.pass_time(200)
            assert len(world.open) == 1
            desk.venue._visible = visible
            await desk.until(lambda: not world.open, within=400)
            await desk.pass_time(30)

            assert desk.news(KillReported)[-1].receipt.canceled == ("1000",)
            assert desk.books_agree()

    live_through(story())


def test_a_kill_goes_on_cancelling_when_the_executor_was_begun_again(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            world.fills_at_once = False
            desk.close(exposure=1.0)
            await desk.until(lambda: world.open)
            desk.killer.failing_cancels = 2
            desk.kill()
            await desk.pass_time(0.6)
            again = await begun_again(desk)
            await desk.until(lambda: not world.open, within=15)
            await desk.until(lambda: desk.news(KillReported))
            again.cancel()

    live_through(story())


def test_while_no_sale_can_be_written_down_a_kill_leaves_the_stop_that_protects(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=Protection(stop=0.05)) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: world.stops)
            desk.database.full = True
            desk.room.step(HaltAsked(desk.loop.wall(), HaltKind.STORE, "the disk is full", "journal"))
            desk.kill()
            await desk.pass_time(120)
            assert len(world.stops) == 1

            desk.database.full = False
            desk.room.step(HaltLifted(desk.loop.wall(), HaltKind.STORE, "journal"))
            await desk.until(lambda: desk.held == 0, within=30)
            await desk.until(lambda: desk.news(KillReported))

            assert world.open == []
            assert desk.books_agree()

    live_through(story())


# --- another mode -----------------------------------------------------------------------------------------------

ALWAYS = Asking(above=Decimal(0), lasts=timedelta(minutes=10), max_drift=0.005)


def test_a_card_of_another_mode_is_void_and_holds_up_no_kill(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, asking=ALWAYS) as desk:
            desk.close(exposure=1.0)
            (entry,) = await desk.until(lambda: desk.live.approvals.pending)
            await desk.live.approvals.approve(entry.id, "ann")
            await desk.until(lambda: desk.held)
            desk.close(exposure=0.0)
            (card,) = await desk.until(lambda: desk.live.approvals.pending)
            desk.live.ask_as(None)
            world.prices[BTC] *= 2
            with pytest.raises(Refused, match="does not wait for an answer any more"):
                await desk.live.approvals.approve(card.id, "ann")
            assert [one.status for one in desk.orders] == [OrderStatus.FILLED, OrderStatus.CANCELED]

            desk.kill()
            await desk.until(lambda: desk.held == 0, within=30)
            outcomes = [(e.approval.id, e.approval.state) for e in desk.news(ApprovalSettled)]
            assert outcomes == [(entry.id, ApprovalState.APPROVED), (card.id, ApprovalState.WITHDRAWN)]

    live_through(story())


def test_what_waits_when_an_account_begins_to_ask_first_is_asked_about(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            async with desk.live._turn_lock:
                desk.close(exposure=1.0)
                desk.live.ask_as(ALWAYS)
            await desk.pass_time(30)
            assert world.sent == []

            desk.close(exposure=1.0)
            await desk.until(lambda: desk.live.approvals.pending)

    live_through(story())


# --- entries that stay closed -----------------------------------------------------------------------------------


def test_the_one_try_after_failures_in_a_row_is_not_the_last_when_it_could_not_be_written_down(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            for _ in range(5):
                desk.venue.faults.append(Fault.LOST_REQUEST)
            for number in range(5):
                desk.close(exposure=(1.0, 0.5)[number % 2])
                await desk.pass_time(30)
            await desk.until(lambda: not desk.halted(HaltKind.EXCHANGE))
            await desk.pass_time(60)
            begin = desk.live.seat.journal.begin

            async def full(start):
                raise Broken("the disk is full")

            desk.live.seat.journal.begin = full
            desk.close(exposure=0.5)
            await desk.pass_time(5)
            desk.live.seat.journal.begin = begin
            assert "the disk is full" in desk.orders[-1].note
            await desk.pass_time(60)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)

    live_through(story())
