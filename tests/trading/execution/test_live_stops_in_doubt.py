"""Stops of which nobody knows whether they rest, and those that a restart or a kill finds."""

from decimal import Decimal

import pytest

from tests.fakes.venue import Fault
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world
from tests.trading.execution.stops import FIVE, bought, resting, sales, sold
from trading.domain.events import (
    KillLifted,
    KillReported,
    StopReplaced,
    WentFlat,
)
from trading.domain.order import Side


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.HANGS])
def test_a_stop_in_doubt_is_looked_up_and_nothing_else_sells_meanwhile(path, fault):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            desk.venue.faults.extend([Fault.NONE, fault])
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            held = desk.held
            await desk.pass_time(20)
            desk.close(exposure=0.0)
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(300)

            assert sold(world) == held
            assert resting(world) == []
            assert desk.books_agree()

    live_through(story())


@pytest.mark.parametrize(("fault", "longest"), [(Fault.LOST_ANSWER, 4), (Fault.LOST_REQUEST, 15)])
def test_a_sale_waits_for_a_stop_in_doubt_until_it_is_found_and_never_longer_than_it_could_come(
    path, fault, longest
):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            desk.venue.faults.extend([Fault.NONE, fault])
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held and _in_doubt(desk))
            asked_at = desk.loop.time()
            desk.close(exposure=0.0)
            await desk.until(lambda: sales(world) and sales(world)[-1].filled)

            assert desk.loop.time() - asked_at < longest
            assert desk.live.looker.horizon < 15
            await desk.until(lambda: desk.held == 0)
            assert desk.books_agree()

    live_through(story())


def _in_doubt(desk):
    return [one for one in desk.live.seat.out if one.attempt.state.is_doubtful]


def test_a_desk_that_died_knows_its_stop_again_and_books_what_it_sold_meanwhile(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            await desk.keep()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            await desk.pass_time(120)
            assert resting(world) == [(held, Decimal("95.00"))]
            await desk.keep()
        world.move(BTC, Decimal(94))
        async with a_live_desk(path, world, protection=FIVE) as desk:
            assert desk.held == 0
            desk.close(exposure=1.0, price="94")
            await desk.pass_time(600)

            assert sold(world) == held
            assert len(world.sent) == 2
            assert desk.books_agree()

    live_through(story())


def test_a_kill_takes_the_stops_back_last_and_sells_once(path):
    async def story():
        world = a_world(totals={"USDT": Decimal(10000), "BTC": Decimal(7)})
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk, 0.5)
            stop = world.stops[0].order.exchange_id
            world.fills_at_once = False
            desk.close(exposure=1.0)
            (entry,) = await desk.until(lambda: [o for o in world.open if o.side is Side.BUY])
            world.fills_at_once = True
            asked = len(world.asked)
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))
            await desk.pass_time(600)

            canceled = [name for _, what, name in world.asked[asked:] if what == "cancel"]
            assert canceled == [entry.client_id, world.orders[stop].order.client_id]
            assert sold(world) == held
            assert world.totals["BTC"] == 7  # the person's own
            assert resting(world) == []
            assert desk.news(WentFlat)
            assert desk.books_agree()

    live_through(story())


def test_a_kill_sells_nothing_while_a_stop_may_still_sell_the_same(path):
    async def story():
        world = a_world(totals={"USDT": Decimal(10000), "BTC": Decimal(100)})
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            desk.killer.failing_cancels = 6
            desk.kill()
            await desk.pass_time(10)
            assert sold(world) == 0
            world.move(BTC, Decimal(94))  # it acts after all
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(600)

            assert sold(world) == held
            assert world.totals["BTC"] == 100
            receipt = desk.news(KillReported)[-1].receipt
            assert (receipt.sold, receipt.left) == (((BTC, held),), ())

    live_through(story())


def test_a_kill_looks_soon_again_at_a_stop_that_has_rested_for_long(path):
    async def story():
        async with a_live_desk(path, a_world(), protection=FIVE) as desk:
            await bought(desk)
            await desk.pass_time(600)
            desk.venue.failing = 3
            desk.kill()
            await desk.until(lambda: desk.held == 0, within=10)

    live_through(story())


def test_after_a_kill_is_lifted_what_is_held_is_protected_again(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            desk.killer.faults.extend([Fault.DENIED] * 30)
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))
            assert resting(world) == []
            desk.room.step(KillLifted(desk.loop.wall(), "ann"))
            await desk.until(lambda: world.stops)

            assert resting(world) == [(held, Decimal("95.00"))]
            assert desk.news(StopReplaced) == []

    live_through(story())
