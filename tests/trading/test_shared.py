"""An answer many ask for at once is worked out once, and again only when something has changed."""

import asyncio

import pytest

from trading.domain.errors import Refused
from trading.shared import Shared


class Work:
    """Counts how often it was done; waits until it is let go."""

    def __init__(self) -> None:
        self.done = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        await self.go.wait()
        self.done += 1
        return self.done


async def test_a_hundred_askers_share_one_answer():
    shared, work = Shared(), Work()
    asking = [asyncio.ensure_future(shared.get("trades", 1, work)) for _ in range(100)]
    await asyncio.sleep(0)

    work.go.set()

    assert await asyncio.gather(*asking) == [1] * 100


async def test_a_new_state_is_worked_out_anew_and_other_keys_are_their_own():
    shared, work = Shared(), Work()
    work.go.set()

    answers = [
        await shared.get("a", 1, work),
        await shared.get("a", 1, work),
        await shared.get("b", 1, work),
        await shared.get("a", 2, work),
    ]

    assert answers == [1, 1, 2, 3]


async def test_an_error_reaches_everybody_who_waited_and_is_not_remembered():
    shared, go = Shared(), asyncio.Event()

    async def fail() -> int:
        await go.wait()
        raise Refused("no market")

    async def succeed() -> int:
        return 7

    asking = [asyncio.ensure_future(shared.get("a", 1, fail)) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert [str(a) for a in answers] == ["no market"] * 3
    assert await shared.get("a", 1, succeed) == 7


async def test_one_who_leaves_early_does_not_take_the_answer_from_the_others():
    shared, work = Shared(), Work()
    first = asyncio.ensure_future(shared.get("a", 1, work))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(shared.get("a", 1, work))
    await asyncio.sleep(0)

    second.cancel()
    work.go.set()

    assert await first == 1
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_when_the_one_who_works_leaves_somebody_who_waits_takes_over():
    shared, work = Shared(), Work()
    first = asyncio.ensure_future(shared.get("a", 1, work))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(shared.get("a", 1, work))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.sleep(0)
    work.go.set()

    assert await second == 1
