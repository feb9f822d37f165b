"""The process ends at any point of an order's way, and a new life finds out what is true."""

import asyncio
from decimal import Decimal

import pytest

from tests.fakes.inline import Crash
from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import a_live_desk, a_world, open_desk
from trading.domain.errors import Refused
from trading.domain.events import CashMoved
from trading.domain.live import AttemptState, Fenced
from trading.domain.order import OrderStatus, Side
from trading.domain.risk import HaltKind
from trading.execution.venue import IdReuse

STEPS = 14  # commits that an order needs at most, counted below


async def one_life_until(path, world, step, moment):
    """A desk that buys, and is gone at this commit; how many commits it made."""
    desk = await open_desk(path, world)
    await desk.live.recover()
    await desk.keep()
    first = desk.database.writes
    made = 0

    def die(now):
        nonlocal made
        now = now.partition(" ")[0]
        made += now == "after"
        if made + (now == "before") == step and now == moment:
            desk.database.at_commit = lambda moment: (_ for _ in ()).throw(Crash)
            raise Crash

    desk.database.at_commit = die
    try:
        desk.close(exposure=1.0)
        await desk.keep()
        task = asyncio.create_task(desk.live.run())
        await asyncio.wait([task], timeout=60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    except Crash:
        pass
    await desk.database.close()
    return desk.database.writes - first


async def next_life(path, world):
    """A new process on the same files: it finds out, and goes on trading."""
    async with a_live_desk(path, world) as desk:
        await desk.until(lambda: not desk.live.seat.out)
        await desk.pass_time(60)
        return desk


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
@pytest.mark.parametrize("fault", [Fault.NONE, Fault.LOST_ANSWER])
def test_a_crash_at_any_commit_leaves_one_order_and_one_fill_at_most(path, step, moment, fault):
    async def story():
        world = a_world()
        await one_life_until(path, world, step, moment)
        desk = await next_life(path, world)

        assert len(world.orders) == len(world.sent) <= 1
        assert desk.books_agree()
        assert desk.desk.book.cash == world.totals["USDT"]
        assert desk.held == world.totals.get("BTC", 0)
        assert desk.desk.orders.live == ()
        assert not desk.halted(HaltKind.BROKEN) and not desk.halted(HaltKind.EXCHANGE)

    live_through(story())


def test_an_order_needs_no_more_commits_than_are_tried(path):
    async def story():
        assert 4 <= await one_life_until(path, a_world(), 1000, "after") <= STEPS

    live_through(story())


@pytest.mark.parametrize("kind", [k for k in IdReuse if k is not IdReuse.NONE])
def test_a_process_that_died_with_its_request_on_the_wire_adopts_the_order(path, kind):
    async def story():
        world = a_world(profile=a_profile(id_reuse=kind))
        desk = await open_desk(path, world)
        await desk.live.recover()
        desk.venue.faults.append(Fault.HANGS)  # carried out, and nobody will ever hear the answer
        desk.close(exposure=1.0)
        task = asyncio.create_task(desk.live.run())
        await desk.until(lambda: world.sent)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await desk.database.close()

        async with a_live_desk(path, world) as reborn:
            assert reborn.orders[0].status is OrderStatus.UNCERTAIN
            await reborn.until(lambda: reborn.held)

            assert len(world.sent) == 1
            assert reborn.books_agree()
            assert reborn.live.seat.lease.epoch == 2

    live_through(story())


def test_an_order_that_never_left_is_over_after_a_restart(path):
    async def story():
        world = a_world()
        desk = await open_desk(path, world)
        await desk.live.recover()
        desk.close(exposure=1.0)
        await desk.keep()  # the order is on disk, the executor never came to it
        await desk.database.close()

        async with a_live_desk(path, world) as reborn:
            assert [o.status for o in reborn.orders] == [OrderStatus.EXPIRED]
            assert world.sent == []
            assert reborn.desk.orders.live == ()

    live_through(story())


def test_a_new_desk_of_another_holder_waits_and_then_locks_the_old_one_out(path):
    async def story():
        world = a_world()
        old = await open_desk(path, world, holder="one host")
        await old.live.recover()
        with pytest.raises(Refused, match="another desk"):
            await open_desk(path, world, holder="another host")

        await asyncio.sleep(61)  # the old one stands still: SIGSTOP
        async with a_live_desk(path, world, holder="another host") as new:
            task = asyncio.create_task(old.live.run())
            old.close(exposure=1.0)
            await asyncio.sleep(30)
            assert world.sent == []
            assert old.halted(HaltKind.BROKEN)
            assert "taken over" in old.live.seat.fenced

            new.close(exposure=1.0)
            await new.until(lambda: new.held)
            assert len(world.sent) == 1
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    live_through(story())


def test_a_desk_that_froze_between_commit_and_request_sends_nothing(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            journal = desk.live.seat.journal
            begin = journal.begin

            async def slowly(start):
                answer = await begin(start)
                desk.loop.now += 30  # the whole process stood still right here
                return answer

            journal.begin = slowly
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.orders and desk.orders[0].status is OrderStatus.REFUSED)

            assert world.sent == []
            assert "stood still" in desk.orders[0].note

    live_through(story())


def test_an_old_copy_of_the_database_is_noticed_and_repeats_no_id(path):
    async def story():
        world = a_world()
        copy = path.read_bytes()
        desk = await open_desk(path, world)
        journal = desk.live.seat.journal
        for _ in range(3):
            lease = await journal.take("main", "fakex 1", "here", desk.loop.wall(), 0)
        await desk.database.close()
        path.write_bytes(copy)

        again = await open_desk(path, world)
        old = again.live.seat.lease
        restored = await again.live.seat.journal.take(
            "main", "fakex 1", "here", again.loop.wall(), lease.epoch
        )
        assert (old.epoch, restored.epoch, restored.rolled_back) == (1, 5, True)
        with pytest.raises(Fenced):
            await again.live.seat.journal.extend(old, again.loop.wall())
        await again.database.close()

    live_through(story())


def test_money_that_moved_by_hand_reaches_the_cash_though_the_desk_died_in_between(path):
    async def story():
        world = a_world()
        desk = await open_desk(path, world)
        await desk.live.recover()
        await desk.keep()
        world.by_hand(Side.BUY, "2")
        await asyncio.sleep(3)
        await desk.live.reconcile()  # the flow is on disk, the desk's cash is not
        await desk.database.close()

        async with a_live_desk(path, world) as reborn:
            assert reborn.desk.book.cash == Decimal("9799.8")
            await reborn.keep()
        async with a_live_desk(path, world) as third:
            assert third.desk.book.cash == Decimal("9799.8")
            assert third.news(CashMoved) == []
            assert third.books_agree()

    live_through(story())


def test_an_attempt_says_for_ever_what_was_known_when_it_left(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held and not desk.live.seat.out)
            (attempt,) = await desk.live.seat.journal.attempts("main", desk.loop.wall().replace(hour=0))

            assert attempt.state is AttemptState.CLOSED
            assert attempt.gate == "cleared at equity 10000, cash 10000, price 100.0"
            assert attempt.epoch == 1
            assert attempt.client_id.startswith("tw") and len(attempt.client_id) == 26

    live_through(story())


def test_nothing_is_carried_before_the_desk_knows_what_it_did_in_its_last_life(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held and not desk.live.seat.out)

        reborn = await open_desk(path, world)
        task = asyncio.create_task(reborn.live.run())
        await asyncio.sleep(600)
        assert await reborn.live.seat.journal.flows("main") == await desk.live.seat.journal.flows("main")
        await reborn.live.recover()
        await asyncio.sleep(600)

        assert reborn.books_agree()
        assert reborn.desk.book.cash == world.totals["USDT"]
        assert len(await reborn.live.seat.journal.flows("main")) == 1  # what was there at the beginning
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    live_through(story())


def test_an_order_of_ours_from_long_ago_is_no_stranger(path):
    async def story():
        world = a_world(profile=a_profile(request_expiry=None))
        async with a_live_desk(path, world) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held and not desk.live.seat.out)
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=0.0)
            await desk.until(lambda: desk.live.parked)  # for weeks nobody answers
            await desk.keep()
        await asyncio.sleep(20 * 86400)

        async with a_live_desk(path, world) as reborn:
            await reborn.pass_time(1000)
            assert len(reborn.live.parked) == 1
            assert not reborn.halted(HaltKind.BROKEN)
            assert reborn.books_agree()

    live_through(story())
