"""Stops that rest at the exchange: placed, moved, filled, lost, and never beside another sale of the same coins."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world
from trading.domain.events import (
    KillLifted,
    KillReported,
    OrderFilled,
    StopMissing,
    StopReplaced,
    StopRests,
    WentFlat,
)
from trading.domain.live import Answered, AttemptState
from trading.domain.order import OrderStatus, Reason, Side
from trading.domain.protection import Protection
from trading.domain.risk import HaltKind
from trading.execution.approval import Asking
from trading.execution.resting import can_rest
from trading.execution.venue import IdReuse, Standing

FIVE = Protection(stop=0.05)
ALWAYS = Asking(above=Decimal(0), lasts=timedelta(minutes=10), max_drift=0.005)


def resting(world):
    """Amount and level of every stop that sleeps at the exchange."""
    return [(r.order.amount, r.stop) for r in world.stops]


def sales(world):
    return [o.order for o in world.orders.values() if o.order.side is Side.SELL]


def sold(world):
    return sum((o.filled for o in sales(world)), Decimal(0))


async def bought(desk, exposure=1.0):
    """Holding BTC, with its stop at the exchange."""
    desk.close(exposure=exposure)
    await desk.until(lambda: desk.held and desk.world.stops)
    return desk.held


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


# --- orphans ------------------------------------------------------------------------------------------------


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


# --- doubt, restarts, kills ---------------------------------------------------------------------------------


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


# --- where ------------------------------------------------------------------------------------------------


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
