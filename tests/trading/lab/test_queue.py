"""Turns at the worker processes: so many at once, the least served first, quotas, and ends within moments."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from trading.domain.errors import Refused
from trading.domain.jobs import Asker, Going, JobState
from trading.lab.queue import Queue

MINA, JUN, ODA = (
    Asker(id=n, name=name, line="/backtest rsi") for n, name in enumerate(("Mina", "Jun", "Oda"))
)


class Work:
    """Runs until it is let go of, and notes that it was begun and left."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.begun = self.left = False

    async def __call__(self, job: str) -> AsyncGenerator[Going | str, None]:
        self.begun = True
        try:
            while not self.release.is_set():
                yield Going(job=job, share=0.5)
                await asyncio.sleep(0)
            yield "answer"
        finally:
            self.left = True


async def heard(queue: Queue, asker: Asker, work: Work, into: list) -> None:
    async with aclosing(queue.run(asker, "backtest rsi", work)) as told:
        async for news in told:
            into.append(news)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def queue(clock) -> Queue:
    return Queue(clock, places=2, per_person=3)


async def test_a_third_job_waits_and_is_told_its_place_until_one_has_ended(queue):
    works, news = [Work(), Work(), Work()], [[], [], []]
    async with asyncio.TaskGroup() as group:
        for work, into in zip(works, news, strict=True):
            group.create_task(heard(queue, MINA, work, into))
        await settle()
        assert [work.begun for work in works] == [True, True, False]
        assert news[2] == [Going(job=queue.views()[2].id, place=1)]
        works[0].release.set()
        await settle()
        assert works[2].begun
        works[1].release.set()
        works[2].release.set()

    assert [into[-1] for into in news] == ["answer"] * 3
    assert {view.state for view in queue.views()} == {JobState.DONE}


async def test_whoever_has_nothing_at_work_comes_before_one_who_asked_earlier(queue):
    works = [Work() for _ in range(4)]
    async with asyncio.TaskGroup() as group:
        for work, asker in zip(works, (MINA, JUN, MINA, ODA), strict=True):
            group.create_task(heard(queue, asker, work, []))
        await settle()
        assert [view.asker.name for view in queue.views() if view.state is JobState.WAITING] == [
            "Oda",
            "Mina",
        ]
        works[1].release.set()
        await settle()
        assert (works[2].begun, works[3].begun) == (False, True)
        for work in works:
            work.release.set()


async def test_one_person_may_not_fill_the_queue(queue):
    works = [Work() for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(heard(queue, MINA, work, []))
        await settle()
        with pytest.raises(Refused, match="You may have 3 jobs at a time"):
            await heard(queue, MINA, Work(), [])
        for work in works:
            work.release.set()

    await heard(queue, MINA, works[0], [])


@pytest.mark.parametrize("waits", [False, True])
async def test_a_stopped_job_ends_and_makes_room_whether_it_waits_or_runs(queue, waits):
    works = [Work(), Work(), Work()]

    async def refused(work: Work) -> str:
        with pytest.raises(Refused) as told:
            await heard(queue, MINA, work, [])
        return told.value.tell

    async with asyncio.TaskGroup() as group:
        first = group.create_task(heard(queue, JUN, works[0], []) if waits else refused(works[0]))
        group.create_task(heard(queue, JUN, works[1], []))
        third = group.create_task(refused(works[2]) if waits else heard(queue, MINA, works[2], []))
        await settle()
        chosen = queue.views()[2 if waits else 0]
        queue.stop(chosen.id, by="Oda")
        ended = third if waits else first
        async with asyncio.timeout(5):
            assert await ended == "Stopped by Oda."
        await settle()
        assert queue.view(chosen.id).state is JobState.STOPPED
        assert works[2].begun is not waits
        for work in works:
            work.release.set()

    with pytest.raises(Refused, match="is over already: stopped"):
        queue.stop(chosen.id, by="Oda")


async def test_work_that_says_nothing_for_long_is_ended_all_the_same(queue):
    left = []

    async def silent(job: str) -> AsyncGenerator[Going, None]:
        try:
            await asyncio.sleep(3600)
            yield Going(job=job)
        finally:
            left.append(job)

    told = queue.run(MINA, "backtest rsi", silent)
    job = (await anext(told)).job
    waiting = asyncio.ensure_future(anext(told))
    await settle()
    queue.stop(job, by="Oda")
    with pytest.raises(Refused, match="Stopped by Oda"):
        async with asyncio.timeout(5):
            await waiting

    assert left == [job]


async def test_a_listener_who_goes_away_ends_the_work(queue):
    work = Work()
    told = queue.run(MINA, "backtest rsi", work)

    await anext(told)
    await anext(told)
    await told.aclose()

    assert work.left
    assert queue.views()[0].state is JobState.FAILED


async def test_an_unknown_job_is_told(queue):
    with pytest.raises(Refused, match="There is no job 'abc'"):
        queue.view("abc")
