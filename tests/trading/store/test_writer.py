"""One transaction after another; those that wait share the next, and nobody pays for another's mistake."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from trading.store.writer import Writer


class ListLane:
    """A database that is a list. A transaction takes as long as the test holds the door shut."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.door = asyncio.Event()
        self.door.set()
        self.commit_fails = False
        self.unreachable = False
        self.tries = 0
        self.closed_after: int | None = None

    async def run(self, job: Callable[[Any], Any]) -> Any:
        self.tries += 1
        if self.unreachable:
            raise ConnectionError("gone")
        rows: list[str] = []
        answer = job(rows)
        await self.door.wait()
        if self.commit_fails:
            raise ConnectionError("lost while committing")
        self.committed.append(rows)
        return answer

    async def close(self) -> None:
        self.closed_after = len(self.committed)


def add(word: str) -> Callable[[Any], str]:
    def job(rows: Any) -> str:
        rows.append(word)
        return word.upper()

    return job


def fail(rows: Any) -> None:
    rows.append("half")
    raise ZeroDivisionError


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_job_is_answered_after_its_commit():
    lane = ListLane()

    answer = await Writer(lane).write(add("a"))

    assert answer == "A"
    assert lane.committed == [["a"]]


async def test_jobs_that_come_while_one_commits_share_the_next_transaction():
    lane = ListLane()
    writer = Writer(lane)
    lane.door.clear()
    first = asyncio.ensure_future(writer.write(add("a")))
    await settle()
    others = [asyncio.ensure_future(writer.write(add(word))) for word in "bcd"]
    await settle()

    lane.door.set()
    answers = await asyncio.gather(first, *others)

    assert answers == ["A", "B", "C", "D"]
    assert lane.committed == [["a"], ["b", "c", "d"]]


async def test_a_job_that_fails_takes_nobody_with_it():
    lane = ListLane()
    writer = Writer(lane)
    lane.door.clear()
    first = asyncio.ensure_future(writer.write(add("a")))
    await settle()
    others = [asyncio.ensure_future(writer.write(job)) for job in (add("b"), fail, add("c"))]
    await settle()

    lane.door.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)

    assert answers[:2] + answers[3:] == ["A", "B", "C"]
    assert isinstance(answers[2], ZeroDivisionError)
    assert lane.committed == [["a"], ["b"], ["c"]]


async def test_a_commit_of_unknown_outcome_is_not_tried_again():
    lane = ListLane()
    writer = Writer(lane)
    lane.commit_fails = True

    answers = await asyncio.gather(*(writer.write(add(word)) for word in "abc"), return_exceptions=True)

    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    assert lane.tries == 1


async def test_a_database_that_cannot_be_reached_is_not_asked_once_for_each():
    lane = ListLane()
    writer = Writer(lane)
    lane.unreachable = True

    answers = await asyncio.gather(*(writer.write(add(word)) for word in "abcdef"), return_exceptions=True)

    assert [type(answer) for answer in answers] == [ConnectionError] * 6
    assert lane.tries == 1


async def test_a_caller_who_is_cancelled_does_not_tear_the_transaction():
    lane = ListLane()
    writer = Writer(lane)
    lane.door.clear()
    first = asyncio.ensure_future(writer.write(add("a")))
    second = asyncio.ensure_future(writer.write(add("b")))
    await settle()

    first.cancel()
    await settle()
    lane.door.set()

    assert await second == "B"
    assert first.cancelled()
    assert lane.committed == [["a", "b"]]


async def test_the_failure_of_a_cancelled_caller_disturbs_nobody(caplog):
    lane = ListLane()
    writer = Writer(lane)
    lane.door.clear()
    lane.commit_fails = True
    first = asyncio.ensure_future(writer.write(add("a")))
    await settle()

    first.cancel()
    lane.door.set()
    await settle()
    lane.commit_fails = False

    assert await writer.write(add("b")) == "B"
    assert caplog.records == []


async def test_closing_waits_for_what_is_being_written():
    lane = ListLane()
    writer = Writer(lane)
    lane.door.clear()
    first = asyncio.ensure_future(writer.write(add("a")))
    await settle()

    closing = asyncio.ensure_future(writer.close())
    await settle()
    lane.door.set()
    await closing

    assert lane.closed_after == 1
    assert await first == "A"


@pytest.mark.parametrize("many", [1, 50])
async def test_any_number_at_once_share_one_transaction(many):
    lane = ListLane()
    writer = Writer(lane)

    await asyncio.gather(*(writer.write(add(str(n))) for n in range(many)))

    assert lane.committed == [[str(n) for n in range(many)]]
