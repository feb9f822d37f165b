"""A kill at the exchange, and cards that wait for a person."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, OPEN, a_live_desk, a_world, open_desk
from trading.domain.approval import ApprovalState
from trading.domain.errors import Refused
from trading.domain.events import ApprovalAsked, ApprovalSettled, KillReported, WentFlat
from trading.domain.order import OrderKind, OrderStatus, Side
from trading.domain.risk import HaltKind
from trading.execution.approval import Asking
from trading.execution.live import Live
from trading.execution.venue import Standing

ALWAYS = Asking(above=Decimal(0), lasts=timedelta(minutes=10), max_drift=0.005)


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


# --- cards --------------------------------------------------------------------------------------------------


def test_nothing_leaves_without_a_yes_and_silence_is_a_no(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.live.approvals.pending)
            (asked,) = desk.news(ApprovalAsked)
            assert (await desk.live.seat.journal.approvals("main"))[0] == asked.approval

            await desk.until(lambda: desk.news(ApprovalSettled), within=700)
            (settled,) = desk.news(ApprovalSettled)
            assert settled.approval.state is ApprovalState.LAPSED
            assert desk.world.sent == []
            assert desk.orders[0].status is OrderStatus.EXPIRED

    live_through(story())


async def a_card(desk):
    desk.close(exposure=1.0)
    (card,) = await desk.until(lambda: desk.live.approvals.pending)
    return card


def test_a_yes_sends_the_order_of_the_card_once(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            answers = await asyncio.gather(
                desk.live.approvals.approve(card.id, "ann"),
                desk.live.approvals.approve(card.id, "bob"),
                return_exceptions=True,
            )
            await desk.until(lambda: desk.held)

            assert [type(answer) for answer in answers].count(Refused) == 1
            assert desk.held == card.intent.amount
            assert len(desk.world.sent) == 1
            (kept,) = await desk.live.seat.journal.approvals("main")
            assert (kept.state, kept.decided_by) == (ApprovalState.APPROVED, "ann")
            (tracked,) = desk.live.seat.tracked.values()
            assert tracked.attempt.approval == card.id
            with pytest.raises(Refused):
                await desk.live.approvals.approve(card.id, "ann")

    live_through(story())


def test_a_no_ends_it(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            await desk.live.approvals.reject(card.id, "bob")

            with pytest.raises(Refused):
                await desk.live.approvals.approve(card.id, "ann")
            assert desk.orders[0].note == "bob said no"
            assert desk.world.sent == []

    live_through(story())


def test_after_a_drift_nothing_is_sent_and_a_new_quote_is_asked_for(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            desk.world.prices[BTC] = Decimal("100.6")
            with pytest.raises(Refused, match=r"the price moved \+0.60% since the question, more than 0.50%"):
                await desk.live.approvals.approve(card.id, "ann")
            assert desk.world.sent == []

            (again,) = await desk.until(lambda: desk.live.approvals.pending)
            assert (again.id != card.id, again.price_at_ask) == (True, Decimal("100.6"))
            await desk.live.approvals.approve(again.id, "ann")
            await desk.until(lambda: desk.held)

            states = {a.id: a.state for a in await desk.live.seat.journal.approvals("main")}
            assert states == {card.id: ApprovalState.DRIFTED, again.id: ApprovalState.APPROVED}

    live_through(story())


def test_a_small_drift_passes(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            desk.world.prices[BTC] = Decimal("100.5")
            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: desk.held)

    live_through(story())


def test_a_little_less_of_what_was_asked_is_sent_when_the_limits_leave_no_more(path):
    async def story():
        limits = replace(OPEN, order_share=0.4)
        async with a_live_desk(path, a_world(), asking=ALWAYS, limits=limits) as desk:
            card = await a_card(desk)
            desk.world.prices[BTC] = Decimal("100.4")
            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: desk.held)
            (tracked,) = desk.live.seat.tracked.values()
            sent = tracked.attempt.intent.amount
            assert card.intent.amount * Decimal("0.995") <= sent < card.intent.amount
            assert sent * Decimal("100.4") <= 4000

    live_through(story())


def test_much_less_than_was_asked_is_asked_again(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            desk.desk.limits = replace(OPEN, order_share=0.3)
            with pytest.raises(Refused, match=r"no more than 30.* of it would pass the limits now"):
                await desk.live.approvals.approve(card.id, "ann")
            assert desk.world.sent == []

            (again,) = await desk.until(lambda: desk.live.approvals.pending)
            await desk.live.approvals.approve(again.id, "ann")
            assert await desk.until(lambda: desk.held) <= again.intent.amount < card.intent.amount

    live_through(story())


def test_the_whole_gate_is_asked_again_at_the_press(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            desk.pause()
            with pytest.raises(Refused, match="R02 pause"):
                await desk.live.approvals.approve(card.id, "ann")
            assert desk.world.sent == []

    live_through(story())


@asynccontextmanager
async def a_yes_that_waits_for_its_turn(desk):
    """The executor stands still from the press to the end of the block."""
    card = await a_card(desk)
    async with desk.live._turn_lock:
        pressed = asyncio.create_task(desk.live.approvals.approve(card.id, "ann"))
        await desk.until(lambda: len(desk.live._queue))
        yield card, pressed


def test_a_yes_that_waited_for_its_turn_while_the_price_moved_sends_nothing_and_asks_again(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            async with a_yes_that_waits_for_its_turn(desk) as (card, pressed):
                await desk.pass_time(20)
                desk.world.prices[BTC] = Decimal("100.6")
            with pytest.raises(Refused, match=r"the price moved \+0.60% since the question"):
                await pressed

            (again,) = await desk.until(lambda: desk.live.approvals.pending)
            assert desk.world.sent == []
            assert (again.id != card.id, again.price_at_ask) == (True, Decimal("100.6"))

    live_through(story())


def test_a_yes_whose_turn_comes_after_the_card_has_lapsed_sends_nothing(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            async with a_yes_that_waits_for_its_turn(desk) as (card, pressed):
                await desk.pass_time(700)
            with pytest.raises(Refused, match="has lapsed; nothing was sent"):
                await pressed

            (settled,) = await desk.until(lambda: desk.news(ApprovalSettled))
            assert (settled.approval.id, settled.approval.state) == (card.id, ApprovalState.LAPSED)
            assert desk.orders[0].status is OrderStatus.EXPIRED
            assert desk.world.sent == []

    live_through(story())


def test_a_yes_that_waited_for_its_turn_goes_through_the_whole_gate_again(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            async with a_yes_that_waits_for_its_turn(desk) as (_, pressed):
                desk.desk.limits = replace(OPEN, order_share=0.3)
                await desk.pass_time(20)
            with pytest.raises(Refused, match=r"no more than 30.* of it would pass the limits now"):
                await pressed

            assert desk.world.sent == []

    live_through(story())


def test_a_yes_whose_price_does_not_come_sends_nothing_and_may_be_pressed_again(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            asked = desk.live.approvals.price

            async def never(symbol):
                await asyncio.sleep(3600)

            async with a_yes_that_waits_for_its_turn(desk) as (card, pressed):
                await desk.pass_time(20)
                desk.live.approvals.price = never
            with pytest.raises(Refused, match="No price of BTC/USDT came within 5 s"):
                await pressed
            assert desk.world.sent == []

            desk.live.approvals.price = asked
            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: desk.held)

    live_through(story())


def test_a_kill_makes_every_card_worthless_at_once(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            desk.kill()
            with pytest.raises(Refused):
                await desk.live.approvals.approve(card.id, "ann")
            await desk.pass_time(10)
            (kept,) = await desk.live.seat.journal.approvals("main")
            assert kept.state is ApprovalState.WITHDRAWN
            assert desk.world.sent == []

    live_through(story())


def test_a_kill_while_the_price_is_asked_stops_the_yes(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)

            async def price(symbol):
                desk.kill()
                return Decimal(100)

            desk.live.approvals.price = price
            with pytest.raises(Refused):
                await desk.live.approvals.approve(card.id, "ann")
            await desk.pass_time(60)
            assert desk.world.sent == []

    live_through(story())


def test_a_restart_withdraws_every_card_and_sends_nothing(path):
    async def story():
        world = a_world()
        desk = await open_desk(path, world, asking=ALWAYS)
        await desk.live.recover()
        desk.close(exposure=1.0)
        await desk.live.approvals.work()
        (card,) = desk.live.approvals.pending
        await desk.keep()
        await desk.database.close()

        async with a_live_desk(path, world, asking=ALWAYS) as reborn:
            with pytest.raises(Refused):
                await reborn.live.approvals.approve(card.id, "ann")
            (kept,) = await reborn.live.seat.journal.approvals("main")
            assert (kept.state, kept.note) == (ApprovalState.WITHDRAWN, "the desk was started anew")
            await reborn.pass_time(60)
            assert world.sent == []
            assert reborn.orders[0].status is OrderStatus.EXPIRED

    live_through(story())


def test_a_lapse_runs_on_a_clock_that_cannot_be_set(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            assert isinstance(desk.live, Live)
            card_now = desk.live.approvals._cards[card.id]
            left = card_now.deadline - desk.loop.time()
            assert left == pytest.approx(600.0, abs=1.0)

    live_through(story())


def test_what_protects_does_not_wait_for_a_button(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card = await a_card(desk)
            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: desk.held)
            desk.kill()
            await desk.until(lambda: desk.held == 0)
            assert [r.side for r in desk.world.sent] == [Side.BUY, Side.SELL]

    live_through(story())


def test_at_most_three_cards_wait_and_one_for_each_symbol(path):
    symbols = tuple(f"C{n}/USDT" for n in range(5))

    async def story():
        world = a_world(prices=dict.fromkeys(symbols, Decimal(100)))
        async with a_live_desk(path, world, asking=ALWAYS, symbols=symbols) as desk:
            for symbol in symbols:
                desk.close(exposure=1.0, symbol=symbol)
            await desk.pass_time(1)

            assert len(desk.live.approvals.pending) == 3
            refused = [o for o in desk.orders if o.status is OrderStatus.REFUSED]
            assert [o.note for o in refused] == ["3 cards wait already"] * 2

    live_through(story())


def test_a_live_account_asks_only_above_its_amount(path):
    async def story():
        asking = Asking(above=Decimal(3000), lasts=timedelta(minutes=10), max_drift=0.005)
        async with a_live_desk(path, a_world(), asking=asking) as desk:
            desk.close(exposure=0.5)
            await desk.until(lambda: desk.held)
            assert desk.news(ApprovalAsked) == []

            desk.close(exposure=0.0)
            await desk.until(lambda: desk.held == 0)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.news(ApprovalAsked))

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
