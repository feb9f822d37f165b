"""Positions larger than an exchange takes in one order: sold in pieces, each written down before it leaves."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world
from trading.domain.events import KillReported, WentFlat
from trading.domain.order import OrderStatus, Side
from trading.domain.protection import Protection
from trading.execution import sending
from trading.execution.venue import Denied, Why


def limited_to(desk, most):
    """What the exchange says of its market, as the desk has learned it at its start."""
    instruments = desk.desk.instruments
    instruments[BTC] = replace(instruments[BTC], max_amount=Decimal(most))


def sales(desk):
    return [request.amount for request in desk.world.sent if request.side is Side.SELL]


async def holding(desk):
    desk.close(exposure=1.0)
    await desk.until(lambda: desk.held)
    return desk.held


def test_a_kill_sells_a_position_in_as_many_orders_as_the_exchange_asks_for(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            world.most = Decimal(15)
            limited_to(desk, "15")
            killed_at = desk.loop.time()
            desk.kill()
            await desk.until(lambda: desk.news(KillReported))

            assert sales(desk) == [15, 15, 15, held - 45]
            assert desk.loop.time() - killed_at < 20  # one after the other, each known to be filled first
            assert desk.news(KillReported)[-1].receipt.sold == ((BTC, held),)
            assert desk.news(WentFlat)
            assert desk.held == 0
            assert desk.books_agree()

    live_through(story())


def answers_take(desk, seconds):
    desk.venue.latency = desk.killer.latency = seconds


def sent_at(desk):
    """When each sale reached for the wire."""
    names = {request.client_id for request in desk.world.sent if request.side is Side.SELL}
    return [at for at, what, name in desk.world.asked if what == "send" and name in names]


def kills(desk):
    desk.kill()


def wants_out(desk):
    desk.close(exposure=0.0)


def stops_out(desk):
    desk.close(price="90")


def belongs_to_nobody(desk):
    desk.desk.sleeves.clear()  # it was taken out of the settings
    desk.desk.guards.clear()
    desk.close(price="100")


@pytest.mark.parametrize("way_out", [kills, wants_out, stops_out, belongs_to_nobody])
def test_a_way_out_halves_what_is_refused_at_once_until_the_exchange_takes_it(path, way_out):
    async def story():
        world = a_world(profile=a_profile(has_stops=False))
        async with a_live_desk(path, world, protection=Protection(stop=0.05)) as desk:
            held = await holding(desk)
            answers_take(desk, 0.05)
            world.most = Decimal(15)  # as of today; what the desk has learned at its start knows no limit
            began = desk.loop.time()
            way_out(desk)
            await desk.until(lambda: desk.held == 0, within=60)

            assert sales(desk)[:3] == [held, held / 2, held / 4]
            assert sent_at(desk)[2] - began < 1  # nothing is gained by waiting for what was refused for good
            assert max(sales(desk)[2:]) <= 15
            assert desk.loop.time() - began < 30  # one after the other, each known to be filled first
            assert desk.books_agree()

    live_through(story())


@pytest.mark.parametrize("way_out", [kills, wants_out])
def test_what_is_refused_whatever_its_size_is_not_asked_for_without_end(path, way_out, monkeypatch):
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 4)

    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            await holding(desk)
            answers_take(desk, 0.05)
            world.most = Decimal(0)
            way_out(desk)
            await desk.pass_time(8)
            at_once = len(sales(desk))
            await desk.pass_time(52)

            assert at_once == 5
            assert len(sales(desk)) <= 4 * at_once
            assert desk.desk.orders.live == ()

    live_through(story())


def test_a_refusal_that_says_nothing_of_the_size_is_not_tried_at_once(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            await holding(desk)
            answers_take(desk, 0.05)
            desk.world.refuses = Denied(Why.OTHER, "the market sleeps")
            desk.kill()
            await desk.pass_time(8)
            assert len(sales(desk)) == 1

            desk.world.refuses = None
            await desk.until(lambda: desk.held == 0, within=60)

    live_through(story())


@pytest.mark.parametrize("told", [True, False])
def test_pieces_leave_nothing_that_is_too_little_to_be_sold(path, told):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            world.most = (
                held - Decimal("0.00001") if told else held / 7
            )  # one step would be left, or some of eighths
            if told:
                limited_to(desk, world.most)
            desk.kill()
            await desk.until(lambda: desk.held < Decimal("0.01"))
            await desk.pass_time(60)

            assert world.totals["BTC"] == 0
            assert desk.news(KillReported)[-1].receipt.left == ()

    live_through(story())


def test_a_kill_sells_what_is_left_when_somebody_has_sold_a_part_by_hand(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            world.by_hand(Side.SELL, "1.5")
            desk.kill()
            await desk.until(
                lambda: desk.held == Decimal("1.5"), within=60
            )  # nobody has said where they went

            assert world.totals["BTC"] == 0
            assert sales(desk)[:2] == [held, held - Decimal("1.5")]

    live_through(story())


def test_a_small_sale_that_was_refused_makes_no_pieces_of_a_large_one(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            desk.venue.faults.append(Fault.DENIED)
            desk.close(exposure=0.8)
            await desk.until(lambda: desk.orders[-1].status is OrderStatus.REFUSED)
            desk.kill()
            await desk.until(lambda: desk.held == 0, within=60)

            assert sales(desk) == [held]  # what was refused never reached the books

    live_through(story())


def test_a_trifle_that_is_missing_does_not_make_pieces_of_the_rest(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            world.by_hand(Side.SELL, "0.02565")
            desk.kill()
            await desk.until(lambda: desk.held == Decimal("0.02565"), within=60)

            assert sales(desk) == [held, held - Decimal("0.02565")]
            assert world.totals["BTC"] == 0

    live_through(story())


def test_a_killed_desk_that_dies_between_two_pieces_sells_the_rest_in_its_next_life(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            limited_to(desk, "20")
            desk.kill()
            await desk.keep()
            await desk.until(lambda: len(sales(desk)) == 1)
            await desk.keep()

        async with a_live_desk(path, world) as reborn:
            limited_to(reborn, "20")
            await reborn.until(lambda: reborn.held == 0, within=60)
            assert sum(sales(reborn)) == held
            assert reborn.books_agree()

    live_through(story())


def test_a_way_out_goes_on_at_once_with_the_next_piece(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            held = await holding(desk)
            world.most = Decimal(20)
            limited_to(desk, "20")
            desk.close(exposure=0.0)
            await desk.until(lambda: desk.held == 0, within=30)

            assert sales(desk) == [20, 20, held - 40]

    live_through(story())


def test_a_stop_at_the_desk_is_sold_in_pieces_at_once_too(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, protection=Protection(stop=0.05)) as desk:
            await holding(desk)
            world.most = Decimal(20)
            limited_to(desk, "20")
            desk.close(price="90", high="99")
            await desk.until(lambda: desk.held == 0, within=60)

            assert desk.books_agree()

    live_through(story())


def test_a_purchase_is_no_larger_than_the_exchange_takes(path):
    async def story():
        world = a_world(most=Decimal(20))
        async with a_live_desk(path, world) as desk:
            limited_to(desk, "20")
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)

            assert [request.amount for request in world.sent] == [20]
            assert desk.books_agree()

    live_through(story())
