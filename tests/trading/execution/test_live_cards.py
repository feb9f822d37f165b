"""What is said of a card whose order has left: never that nothing was sent, whatever happens then."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from tests.fakes.venue import Fault
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import a_live_desk, a_world
from trading.domain.approval import ApprovalState
from trading.domain.events import ApprovalSettled, KillReported
from trading.execution.approval import Asking

ALWAYS = Asking(above=Decimal(0), lasts=timedelta(minutes=10), max_drift=0.005)


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
