"""Cards that wait for a person: what a yes, a no and silence do, and when a yes is not enough any more."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import ALWAYS, BTC, OPEN, a_live_desk, a_world, open_desk
from trading.domain.approval import ApprovalState
from trading.domain.errors import Refused
from trading.domain.events import ApprovalAsked, ApprovalSettled
from trading.domain.order import OrderStatus, Side
from trading.execution.approval import Asking
from trading.execution.live import Live


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
