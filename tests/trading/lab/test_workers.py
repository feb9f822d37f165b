"""Worker processes: killed from outside they begin again, left early they are ended, and they give way."""

import asyncio
import multiprocessing
import os
import signal
from contextlib import aclosing
from decimal import Decimal

import pytest

from tests.trading.lab.searches import candles
from trading.domain.errors import Refused
from trading.domain.jobs import Going
from trading.domain.report import Report
from trading.domain.research import Question
from trading.lab.workers import ENDED, NICE, Workers

LONG = candles(20_000)
QUICK = candles(1500)


@pytest.fixture
def workers():
    found = Workers()
    yield found
    found.close()


def question(strategy: str = "ema_cross") -> Question:
    return Question(strategy=strategy, params={}, cash=Decimal(1000))


def pid_of(workers: Workers) -> int:
    return workers._seats[0]._pid.value


async def pid_once_there(workers: Workers) -> int:
    while not (workers._seats and workers._seats[0]._pid and pid_of(workers) not in (0, ENDED)):
        await asyncio.sleep(0.02)
    return pid_of(workers)


async def is_gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.02)
    return False


async def all_gone() -> bool:
    for _ in range(200):
        if not multiprocessing.active_children():  # another thread may be about to bury one
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_killed_process_costs_time_only(workers):
    news, first = [], 0
    async with aclosing(workers.run("replay", question(), (LONG,), 0.0, "abc")) as told:
        async for one in told:
            news.append(one)
            if not first:
                first = await pid_once_there(workers)
                os.kill(first, signal.SIGKILL)

    *going, last = news
    assert isinstance(last, Report)
    assert len(last.trades) > 100
    assert Going(job="abc", share=going[-1].share, begun_again=True) == going[-1]
    assert pid_of(workers) != first


async def test_one_that_is_killed_again_and_again_is_given_up_in_a_sentence(workers):
    killed = set()
    with pytest.raises(Refused, match="was ended twice before it was done"):
        async with aclosing(workers.run("replay", question(), (LONG,), 0.0)) as told:
            async for _ in told:
                pid = await pid_once_there(workers)
                if pid not in killed:
                    killed.add(pid)
                    os.kill(pid, signal.SIGKILL)

    assert len(killed) == 2


async def test_work_that_nobody_waits_for_any_more_is_ended_and_its_seat_is_free(workers):
    told = workers.run("replay", question(), (LONG,), 0.0)
    await anext(told)
    pid = await pid_once_there(workers)

    await told.aclose()

    assert await is_gone(pid)
    *_, answer = [one async for one in workers.run("backtest", question(), (QUICK,), 0.0)]
    assert isinstance(answer, Report)
    assert len(workers._seats) == 1


async def test_at_the_end_of_the_house_nothing_is_begun_again(workers):
    told = workers.run("replay", question(), (LONG,), 0.0)
    await anext(told)
    pid = await pid_once_there(workers)

    workers.close()

    with pytest.raises(Refused, match="Tradewind was stopped before this was done"):
        async for _ in told:
            pass
    assert await is_gone(pid)
    assert await all_gone()
    with pytest.raises(Refused, match="Tradewind was stopped"):
        await anext(workers.run("backtest", question(), (QUICK,), 0.0))


async def test_a_process_that_is_ended_before_it_has_begun_never_begins(workers):
    told = workers.run("replay", question(), (LONG,), 0.0)
    await anext(told)  # a quarter of a second: far too short to import what it needs
    children = multiprocessing.active_children()

    await told.aclose()

    assert [await is_gone(child.pid) for child in children] == [True]


async def test_two_run_at_once_and_both_give_way_to_the_desk(workers):
    async def done() -> Report:
        return [one async for one in workers.run("backtest", question(), (QUICK,), 0.0)][-1]

    first, second = await asyncio.gather(done(), done())

    assert first.metrics == second.metrics
    pids = {seat._pid.value for seat in workers._seats}
    assert len(pids) == 2
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in pids} == {min(os.nice(0) + NICE, 19)}


async def test_a_refusal_is_an_answer_and_no_death(workers):
    short = candles(100)

    with pytest.raises(Refused, match="needs 536 candles"):
        [one async for one in workers.run("backtest", question(), (short,), 0.0)]
