"""A kill at the exchange."""

from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, OPEN, a_live_desk, a_world
from trading.domain.events import KillReported, WentFlat
from trading.domain.order import OrderKind, OrderStatus, Side
from trading.domain.risk import HaltKind
from trading.execution.venue import Standing


def cancels(world):
    return [at for at, what, _ in world.asked if what == "cancel"]


def test_a_kill_takes_back_what_is_out_and_sells_what_the_bot_bought_and_nothing_else(path):
    async def story():
        world = a_world(totals={"USDT": Decimal(10000), "BTC": Decimal(7)})
        async with a_live_desk(path, world) as desk:
            desk.close(exposure=0.5)
            await desk.until(lambda: desk.held)
            bought = desk.held
            world.fills_at_once = False
            desk.close(exposure=1.0)
            (resting,) = await desk.until(lambda: world.open)
            world.fill(resting.exchange_id, Decimal(1))
            world.fills_at_once = True

            killed_at = desk.loop.time()
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))

            assert cancels(world)[0] - killed_at <= 2.0
            assert world.orders[resting.exchange_id].order.standing is Standing.CANCELED
            assert desk.held == 0
            assert world.totals["BTC"] == 7  # the person's own
            assert desk.news(WentFlat)
            receipt = desk.news(KillReported)[-1].receipt
            assert receipt.canceled == (resting.exchange_id,)
            assert receipt.sold == ((BTC, bought + 1),)
            assert (receipt.left, receipt.unconfirmed) == ((), ())
            assert desk.books_agree()

    live_through(story())


def test_while_a_request_hangs_a_kill_cancels_at_once_and_nothing_else_leaves(path):
    async def story():
        world = a_world(fills_at_once=False)
        async with a_live_desk(path, world) as desk:
            desk.venue.faults.append(Fault.HANGS)
            desk.close(exposure=1.0)
            await desk.until(lambda: world.open)
            killed_at = desk.loop.time()
            desk.kill()
            await desk.until(lambda: not world.open)
            assert desk.loop.time() - killed_at < 60

            await desk.until(lambda: desk.news(KillReported), within=300)
            assert all(request.side is Side.SELL for request in world.sent[1:])
            assert desk.held == 0

    live_through(story())


def test_cancels_that_are_not_confirmed_are_asked_again_until_they_are(path):
    async def story():
        world = a_world(fills_at_once=False)
        async with a_live_desk(path, world) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: world.open)
            desk.killer.failing_cancels = 5
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))

            assert len(cancels(world)) == 6
            assert world.open == []

    live_through(story())


def test_an_order_that_waits_when_the_kill_comes_never_leaves(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            desk.kill()
            await desk.pass_time(300)

            assert desk.world.sent == []
            assert desk.orders[0].status is OrderStatus.CANCELED

    live_through(story())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_during_the_commit_still_stops_the_request(path, when):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)

            def kill_now(moment):
                if moment.startswith(when) and desk.live.seat.out == [] and not desk.desk.halts.killed:
                    desk.kill()

            desk.database.at_commit = kill_now
            await desk.pass_time(300)

            assert desk.world.sent == []

    live_through(story())


def test_a_killed_desk_that_dies_goes_on_selling_in_its_next_life(path):
    async def story():
        world = a_world(fills_at_once=True)
        async with a_live_desk(path, world) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            world.fills_at_once = False
            desk.close(exposure=0.0)
            (resting,) = await desk.until(lambda: world.open)
            desk.killer.failing_cancels = 10_000
            desk.kill()
            await desk.keep()
            await desk.pass_time(3)
        world.fills_at_once = True

        async with a_live_desk(path, world) as reborn:
            assert reborn.desk.halts.killed
            await reborn.until(lambda: reborn.held == 0, within=120)
            await reborn.until(lambda: reborn.news(KillReported))
            assert world.orders[resting.exchange_id].order.standing is Standing.CANCELED
            assert all(request.side is Side.SELL for request in world.sent[1:])

    live_through(story())


def test_a_sale_of_a_kill_that_could_not_be_written_down_is_made_when_it_can_be(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            desk.database.full = True
            desk.kill()
            await desk.pass_time(30)
            assert len(desk.world.sent) == 1

            desk.database.full = False
            await desk.until(lambda: desk.held == 0, within=120)
            assert [request.side for request in desk.world.sent] == [Side.BUY, Side.SELL]
            await desk.until(lambda: desk.news(KillReported)[-1].receipt.open == 0)

    live_through(story())


def test_what_the_exchange_does_not_take_is_listed_and_not_tried_for_ever(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            desk.close(exposure=1.0, price="0.09")  # worth less than the exchange's minimum of 5
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))

            receipt = desk.news(KillReported)[-1].receipt
            assert receipt.left == ((BTC, desk.held, "smaller than the exchange takes"),)
            assert receipt.open == 0  # nothing that anybody could do
            assert all(request.side is Side.BUY for request in desk.world.sent)

    live_through(story())


def test_an_uncertain_order_and_a_kill_end_in_a_receipt(path):
    async def story():
        world = a_world(profile=a_profile(request_expiry=None))
        async with a_live_desk(path, world, limits=OPEN) as desk:
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=1.0)
            (parked,) = await desk.until(lambda: desk.live.parked)
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))

            assert desk.news(KillReported)[-1].receipt.unconfirmed == (parked.client_id,)
            assert OrderKind.MARKET is parked.intent.kind
            assert desk.halted(HaltKind.KILL)

    live_through(story())
