"""Stops that rest at the exchange: placed, moved and filled, and never beside another sale of the same coins."""

from decimal import Decimal

import pytest

from tests.fakes.venue import a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import ALWAYS, BTC, a_live_desk, a_world
from tests.trading.execution.stops import FIVE, bought, resting, sales, sold
from trading.domain.events import (
    OrderFilled,
    StopMissing,
    StopReplaced,
)
from trading.domain.order import OrderStatus, Reason, Side
from trading.domain.protection import Protection
from trading.domain.risk import HaltKind
from trading.execution.resting import can_rest
from trading.execution.venue import IdReuse, Standing


def test_a_stop_of_the_positions_size_rests_once_its_entry_is_filled(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            await desk.pass_time(600)

            assert resting(world) == [(held, Decimal("95.00"))]
            assert len(world.sent) == 2  # one purchase, one stop
            assert desk.books_agree()
            assert not desk.desk.halts.all

    live_through(story())


def test_a_fee_in_the_coin_itself_leaves_less_to_protect(path):
    async def story():
        world = a_world(fee_in="BTC")
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)

            ((amount, _),) = resting(world)
            assert amount == desk.desk.instruments[BTC].amount(held) <= world.totals["BTC"]
            assert desk.news(StopMissing) == []

    live_through(story())


def test_a_stop_that_the_exchange_fills_is_booked_as_the_exit_and_nothing_is_sold_twice(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            world.move(BTC, Decimal(94))
            await desk.until(lambda: desk.held == 0)
            desk.close(price="94")
            await desk.pass_time(600)

            assert [(f.fill.side, f.fill.reason) for f in desk.news(OrderFilled)] == [
                (Side.BUY, Reason.SIGNAL),
                (Side.SELL, Reason.STOP),
            ]
            assert sold(world) == held
            assert resting(world) == []
            assert desk.books_agree()
            assert desk.desk.book.cash == world.totals["USDT"]

    live_through(story())


def test_after_a_stop_nothing_is_bought_until_the_strategy_has_been_out(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            await bought(desk)
            world.move(BTC, Decimal(94))
            await desk.until(lambda: desk.held == 0)
            for exposure in (1.0, 0.5, 1.0):
                desk.close(exposure=exposure, price="94")
                await desk.pass_time(60)
            assert desk.held == 0
            desk.close(exposure=0.0, price="94")
            await desk.pass_time(60)
            desk.close(exposure=1.0, price="94")

            await desk.until(lambda: desk.held)

    live_through(story())


def test_a_level_that_touches_the_candle_frees_the_stop_before_the_desk_sells_by_itself(path):
    """The desk has heard of the candle before it has heard of the fill."""

    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            desk.close(price="94")  # the exchange fills its stop at the same moment
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(600)

            assert sold(world) == held
            assert [o.side for o in world.sent] == [Side.BUY, Side.SELL]  # the desk's own sale never left
            assert desk.orders[-1].status is OrderStatus.CANCELED
            assert desk.books_agree()

    live_through(story())


def test_when_the_exchanges_stop_does_not_act_the_desk_takes_it_back_and_sells(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            world.stops[0].stop = Decimal(1)  # it sleeps on
            desk.close(price="94")
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(600)

            stop, sale = sales(world)
            assert (stop.standing, stop.filled) == (Standing.CANCELED, 0)
            assert sale.filled == held
            assert desk.books_agree()

    live_through(story())


def test_a_stop_that_trails_is_taken_back_before_the_next_one_is_sent(path):
    async def story():
        world = a_world()
        most_at_once = 0
        async with a_live_desk(path, world, protection=Protection(trail=0.05)) as desk:
            held = await bought(desk)
            for price in ("104", "110"):
                desk.close(price=price)
                await desk.until(lambda p=price: resting(world) == [(held, Decimal(p) * Decimal("0.95"))])
                most_at_once = max(most_at_once, len(world.stops))
            desk.close(price="110.05")  # half a tenth of a per cent: not worth the moment without one
            await desk.pass_time(600)

            assert resting(world) == [(held, Decimal("104.50"))]
            assert most_at_once == 1
            assert sold(world) == 0
            assert desk.news(StopReplaced) == desk.news(StopMissing) == []

    live_through(story())


def test_more_bought_is_protected_too_and_less_held_no_longer(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            half = await bought(desk, 0.5)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held > half and resting(world) == [(desk.held, Decimal("95.00"))])
            await desk.pass_time(60)
            desk.close(exposure=0.5)
            await desk.until(lambda: sold(world) and resting(world) == [(desk.held, Decimal("95.00"))])
            desk.close(exposure=0.0)
            await desk.until(lambda: desk.held == 0)

            assert resting(world) == []
            assert desk.books_agree()

    live_through(story())


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.9])
def test_a_stop_that_is_filled_while_it_is_taken_back_leaves_nothing_to_sell(path, moment):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            desk.venue.latency = 1.0
            desk.close(exposure=0.0, price="100")
            await desk.pass_time(moment)
            world.move(BTC, Decimal(94))
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(300)

            assert sold(world) == held
            assert desk.books_agree()

    live_through(story())


def test_a_stop_that_sold_in_part_and_was_taken_back_leaves_the_rest_to_the_sale(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            world.move(BTC, Decimal("94"), share=Decimal("0.4"))
            desk.close(exposure=0.0, price="94")
            await desk.until(lambda: desk.held == 0)
            await desk.pass_time(300)

            assert sold(world) == held
            assert len(sales(world)) == 2
            assert desk.books_agree()

    live_through(story())


def test_a_stop_that_sold_all_but_dust_leaves_nothing_that_a_sale_could_be_of(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            await bought(desk)
            stop = world.stops[0].order
            world.fill(stop.exchange_id, stop.amount - Decimal("0.00001"), Decimal(94))
            world.end(stop.exchange_id, Standing.CANCELED)
            desk.close(exposure=0.0, price="94")
            await desk.pass_time(300)

            assert 0 < desk.held < Decimal("0.0001")
            assert len(sales(world)) == 1
            assert desk.orders[-1].status is OrderStatus.REFUSED

    live_through(story())


def test_a_canary_account_protects_without_a_button(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE, asking=ALWAYS) as desk:
            desk.close(exposure=1.0)
            (card,) = await desk.until(lambda: desk.live.approvals.pending)
            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: world.stops)
            desk.close(exposure=0.0)
            (exit_card,) = await desk.until(lambda: desk.live.approvals.pending)
            await desk.pass_time(30)
            assert world.stops  # it rests while a person thinks
            await desk.live.approvals.approve(exit_card.id, "ann")
            await desk.until(lambda: desk.held == 0)

            assert resting(world) == []
            assert desk.books_agree()

    live_through(story())


@pytest.mark.parametrize(
    "profile",
    [a_profile(has_stops=False), a_profile(request_expiry=None), a_profile(id_reuse=IdReuse.NONE)],
    ids=["no stops", "no promise", "no ids"],
)
def test_where_stops_cannot_rest_safely_the_desk_watches_by_itself(path, profile):
    async def story():
        world = a_world(profile=profile)
        async with a_live_desk(path, world, protection=FIVE) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            await desk.pass_time(120)
            assert not can_rest(profile) and world.stops == []
            desk.close(price="94")
            await desk.until(lambda: desk.held == 0)

            assert desk.news(OrderFilled)[-1].fill.reason is Reason.STOP

    live_through(story())


def test_a_balance_that_parts_from_the_books_is_seen_while_a_stop_rests(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            await bought(desk)
            world.totals["USDT"] += 500
            await desk.until(lambda: desk.live.seat.frozen, within=400)

            assert not desk.halted(HaltKind.BROKEN)

    live_through(story())


def test_nothing_is_put_there_by_a_desk_that_does_not_know_what_is_true(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=FIVE) as desk:
            held = await bought(desk)
            desk.live.seat.halt(HaltKind.BROKEN, "an old copy of the database")
            world.end(world.stops[0].order.exchange_id, Standing.CANCELED)
            await desk.pass_time(300)

            assert resting(world) == []
            assert desk.held == held

    live_through(story())
