"""Every position has its stop at the exchange and every stop its position, whoever was at it meanwhile."""

from dataclasses import replace
from decimal import Decimal

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world
from tests.trading.execution.stops import FIVE, bought, resting, sold
from trading.domain.events import (
    OrderFilled,
    StopMissing,
    StopReplaced,
    StopRests,
)
from trading.domain.live import Answered, AttemptState
from trading.domain.order import Reason, Side
from trading.domain.protection import Protection
from trading.execution.venue import Standing


def test_a_stop_taken_back_by_hand_is_put_there_again_within_a_minute_and_told_once(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            await desk.pass_time(200)
            world.end(world.stops[0].order.exchange_id, Standing.CANCELED)
            await desk.until(lambda: desk.news(StopReplaced), within=60)
            await desk.pass_time(600)

            assert resting(world) == [(held, Decimal("95.00"))]
            assert len(desk.news(StopReplaced)) == 1

    live_through(story())


def test_a_stop_that_stops_half_way_leaves_a_smaller_one_for_the_rest(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            first = world.stops[0].order.exchange_id
            world.move(BTC, Decimal("94"), share=Decimal("0.4"))
            world.end(first, Standing.CANCELED)
            world.move(BTC, Decimal(97))
            desk.desk.book.prices[BTC] = Decimal(97)

            await desk.until(lambda: world.stops)
            assert resting(world) == [(desk.held, Decimal("95.00"))]
            assert desk.held == held - world.orders[first].order.filled
            assert desk.books_agree()

    live_through(story())


def test_what_was_sold_by_hand_takes_its_stop_with_it_once_somebody_says_so(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            world.end(world.stops[0].order.exchange_id, Standing.CANCELED)
            world.by_hand(Side.SELL, str(held))
            (found,) = await desk.until(lambda: desk.news(StopMissing))
            (card,) = await desk.until(lambda: _waiting(desk))
            await desk.live.answer(card, Answered.TRANSFER, "ann")
            await desk.pass_time(600)

            assert "coins" in found.reason
            assert desk.held == 0
            assert resting(world) == []
            assert len(desk.news(StopMissing)) == 1

    live_through(story())


def _waiting(desk):
    """Cards about the bitcoin."""
    return [symbol_card.split("(card ")[1][:-1] for symbol_card in set(desk.live.seat.frozen.values())]


def test_a_stop_whose_position_is_gone_is_taken_back(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            await bought(desk)
            desk.desk.guards.clear()  # whatever the reason: nobody wants it any more
            await desk.until(lambda: not world.stops, within=60)

            assert sold(world) == 0

    live_through(story())


def test_a_stop_that_is_refused_is_told_once_and_tried_again(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            desk.venue.faults.extend([Fault.NONE, Fault.DENIED, Fault.DENIED])
            desk.close(exposure=1.0)
            await desk.until(lambda: world.stops, within=200)

            assert (len(desk.news(StopMissing)), len(desk.news(StopRests))) == (1, 1)
            assert [a.state for a in _attempts(desk)] == [AttemptState.DENIED] * 2 + [AttemptState.OPEN]

    live_through(story())


def test_a_stop_that_the_market_has_passed_is_not_taken_and_not_told_for_the_desk_sells_by_itself(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=Protection(trail=0.05)) as desk:
            held = await bought(desk)
            await desk.pass_time(3700)
            desk.close(price="100", high="110")  # its high moves the level above its close
            await desk.pass_time(300)
            assert resting(world) == [(held, Decimal("95.00"))]  # better than none
            desk.close(price="100")
            await desk.until(lambda: desk.held == 0)

            assert desk.news(StopMissing) == []
            assert desk.news(OrderFilled)[-1].fill.reason is Reason.TRAILING_STOP

    live_through(story())


def _attempts(desk):
    return [t.attempt for t in desk.live.seat.tracked.values() if t.attempt.stop_price is not None]


# --- larger than one order ------------------------------------------------------------------------------------


def limited_to(desk, most):
    """The exchange takes no larger order from now on, and the desk knows."""
    instruments = desk.desk.instruments
    instruments[BTC] = replace(instruments[BTC], max_amount=Decimal(most))
    desk.world.most = Decimal(most)


def test_so_much_as_fits_into_one_order_rests_and_the_desk_sells_the_rest(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            limited_to(desk, 20)
            world.end(world.stops[0].order.exchange_id, Standing.CANCELED)
            await desk.until(lambda: [s for s in desk.live.stops.resting if s.amount < held])
            there, here = desk.live.standing.stops, desk.live.standing.watched
            world.move(BTC, Decimal(94))
            desk.close(price="94")
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(300)

            assert [(s.amount, s.price) for s in there] == [(20, Decimal("95.00"))]
            assert [(s.amount, s.price) for s in here] == [(held - 20, Decimal("95.00"))]
            assert sold(world) == held
            assert resting(world) == []
            assert desk.books_agree()

    live_through(story())


def test_a_larger_stop_that_rests_already_stays(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            limited_to(desk, 20)
            await desk.pass_time(600)

            assert resting(world) == [(held, Decimal("95.00"))]
            assert desk.live.standing.watched == ()

    live_through(story())


def test_a_part_is_not_taken_back_because_money_buys_a_hair_less_of_it(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=Protection(trail=0.05)) as desk:
            held = await bought(desk)
            instruments = desk.desk.instruments
            instruments[BTC] = replace(instruments[BTC], max_cost=Decimal(1900))
            world.end(world.stops[0].order.exchange_id, Standing.CANCELED)
            await desk.until(lambda: [s for s in desk.live.stops.resting if s.amount < held])
            (part,) = world.stops
            desk.close(price="100.05")  # half a tenth of a per cent: the level moves by as much
            await desk.pass_time(300)

            assert [r.order.exchange_id for r in world.stops] == [part.order.exchange_id]
            assert part.order.amount == 20

    live_through(story())


def test_where_no_stop_can_rest_all_of_it_is_said_to_be_watched(path):
    async def story():
        async with a_live_desk(path, a_world(profile=a_profile(has_stops=False)), protection=FIVE) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)

            assert [s.amount for s in desk.live.standing.watched] == [desk.held]
            assert desk.live.standing.stops == ()

    live_through(story())
