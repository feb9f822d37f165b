"""A loop whose clock jumps to the next thing to do: hours of waiting pass in no time, always in the same order."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tests.fakes.clock import NOON

T = TypeVar("T")


_ITS_OWN = 1  # the pipe by which a loop is woken up; where nothing else is open, nobody has to be asked


class Deadlock(AssertionError):
    """Everybody waits, and nobody will ever come."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """As asyncio's own loop, in virtual seconds since its beginning."""

    def __init__(self) -> None:
        super().__init__(_Selector(self))
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def wall(self) -> datetime:
        """Noon, and as many seconds later as have passed here."""
        return NOON + timedelta(seconds=self.now)


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0) if len(self.get_map()) > _ITS_OWN else []
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Deadlock("nothing is left to happen")
        self._loop.now += timeout
        return ready


def live_through(story: Coroutine[Any, Any, T], since: float = 0.0) -> T:
    """Run a story on a loop of its own to its end; `since` is its time at the beginning."""
    loop = VirtualLoop()
    loop.now = since
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(story)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        loop.close()


def this_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
