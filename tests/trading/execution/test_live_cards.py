"""Cards whose yes is being carried out: what is said of them is true, and no way out waits for them."""

import asyncio
from decimal import Decimal

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import ALWAYS, BTC, a_live_desk, a_world
from trading.domain.approval import ApprovalState
from trading.domain.errors import Refused
from trading.domain.events import ApprovalSettled, KillReported, SleeveChanged
from trading.domain.live import Fenced
from trading.domain.order import OrderStatus, Side
from trading.domain.protection import Protection

ETH = "ETH/USDT"


async def a_yes_without_an_answer(desk):
    """A card that was approved; its order is at the exchange, and nobody has said so."""
    desk.venue.faults.append(Fault.HANGS)
    desk.close(exposure=1.0)
    (card,) = await desk.until(lambda: desk.live.approvals.pending)
    pressed = asyncio.create_task(desk.live.approvals.approve(card.id, "ann"))
    await desk.until(lambda: desk.world.sent)
    return card, pressed


def outcomes(desk):
    return [(event.approval.id, event.approval.state) for event in desk.news(ApprovalSettled)]


def test_a_kill_does_not_say_that_nothing_was_sent(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card, pressed = await a_yes_without_an_answer(desk)
            desk.kill()
            await pressed
            await desk.until(lambda: desk.news(KillReported))

            assert outcomes(desk) == [(card.id, ApprovalState.APPROVED)]
            assert desk.held == 0

    live_through(story())


def test_after_a_restart_the_card_is_told_to_have_been_used(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world, asking=ALWAYS) as desk:
            card, pressed = await a_yes_without_an_answer(desk)
            assert outcomes(desk) == []
            pressed.cancel()

        async with a_live_desk(path, world, asking=ALWAYS) as reborn:
            assert outcomes(reborn) == [(card.id, ApprovalState.APPROVED)]
            await reborn.until(lambda: reborn.held)
            assert len(world.sent) == 1

    live_through(story())


def test_whoever_goes_away_before_the_answer_leaves_no_card_that_lapses(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            card, pressed = await a_yes_without_an_answer(desk)
            pressed.cancel()
            await desk.pass_time(700)  # longer than the card was good for

            assert outcomes(desk) == [(card.id, ApprovalState.APPROVED)]
            assert desk.held > 0
            assert desk.orders[-1].status is OrderStatus.FILLED

    live_through(story())


def test_whoever_goes_away_before_its_turn_has_taken_the_yes_back(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            desk.close(exposure=1.0)
            (card,) = await desk.until(lambda: desk.live.approvals.pending)
            async with desk.live._turn_lock:
                pressed = asyncio.create_task(desk.live.approvals.approve(card.id, "ann"))
                await desk.until(lambda: len(desk.live._queue))
                pressed.cancel()
                await desk.pass_time(1)
            await desk.pass_time(30)
            assert desk.world.sent == []

            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: desk.held)

    live_through(story())


def test_whoever_waits_while_another_desk_takes_over_is_told(path):
    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            desk.close(exposure=1.0)
            (card,) = await desk.until(lambda: desk.live.approvals.pending)
            async with desk.live._turn_lock:
                pressed = asyncio.create_task(desk.live.approvals.approve(card.id, "ann"))
                await desk.until(lambda: len(desk.live._queue))
                desk.live.seat.shut(Fenced("Another desk trades this account."))
            with pytest.raises(Refused, match="Not sent: Another desk trades this account"):
                async with asyncio.timeout(10):
                    await pressed

            assert desk.world.sent == []
            assert outcomes(desk) == [(card.id, ApprovalState.WITHDRAWN)]

    live_through(story())


# --- ways out beside a card -----------------------------------------------------------------------------------


async def never(symbol):
    await asyncio.sleep(3600)


async def a_yes_that_waits_for_a_price(desk):
    """Bitcoin is held; the yes to a purchase of ether has waited so long for its turn that it needs a newer price."""
    desk.close(exposure=1.0)
    (first,) = await desk.until(lambda: desk.live.approvals.pending)
    await desk.live.approvals.approve(first.id, "ann")
    await desk.until(lambda: desk.held)
    desk.close(exposure=0.5, symbol=ETH)
    (card,) = await desk.until(lambda: desk.live.approvals.pending)
    async with desk.live._turn_lock:
        pressed = asyncio.create_task(desk.live.approvals.approve(card.id, "ann"))
        await desk.until(lambda: len(desk.live._queue))
        await desk.pass_time(20)
        desk.live.approvals.price = never
    await desk.pass_time(0.3)
    return pressed


def stops_out(desk):
    desk.close(price="90")


def switches_off(desk):
    desk.room.step(SleeveChanged(desk.loop.wall(), "ema_cross", False, {}, "ann"))
    desk.close(price="100")


def kills(desk):
    desk.kill()


@pytest.mark.parametrize("way_out", [stops_out, switches_off, kills])
def test_no_way_out_waits_behind_the_price_of_a_card(path, way_out):
    async def story():
        prices = {BTC: Decimal(100), ETH: Decimal(100)}
        world = a_world(prices=prices, profile=a_profile(has_stops=False))
        protection = Protection(stop=0.05)
        async with a_live_desk(path, world, asking=ALWAYS, symbols=(BTC, ETH), protection=protection) as desk:
            pressed = await a_yes_that_waits_for_a_price(desk)
            asked_at = desk.loop.time()
            way_out(desk)
            await desk.until(lambda: len(world.sent) == 2)
            took = desk.loop.time() - asked_at
            with pytest.raises(Refused):
                await pressed
            await desk.until(lambda: desk.held == 0)

            assert took < 1  # the price would have had five seconds
            assert [(r.symbol, r.side) for r in world.sent] == [(BTC, Side.BUY), (BTC, Side.SELL)]

    live_through(story())


def test_a_kill_while_the_price_for_a_sale_is_asked_sells_it_all_the_same(path):
    """The card's own order counts as out until somebody says that it is not."""

    async def story():
        async with a_live_desk(path, a_world(), asking=ALWAYS) as desk:
            desk.close(exposure=1.0)
            (card,) = await desk.until(lambda: desk.live.approvals.pending)
            await desk.live.approvals.approve(card.id, "ann")
            await desk.until(lambda: desk.held)
            desk.close(exposure=0.0)
            (exit_card,) = await desk.until(lambda: desk.live.approvals.pending)
            desk.live.approvals.price = never
            pressed = asyncio.create_task(desk.live.approvals.approve(exit_card.id, "ann"))
            await desk.pass_time(1)
            desk.kill()
            await desk.until(lambda: len(desk.world.sent) == 2, within=1)
            with pytest.raises(Refused):
                await pressed
            await desk.until(lambda: desk.held == 0)

            assert desk.books_agree()

    live_through(story())
