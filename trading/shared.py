"""Answers that stay true until something new is written; asked for by many at once, they are worked out once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 256


class Shared:
    """A memory of answers, each good for one state of the books. Whoever asks meanwhile waits for the same answer."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Hashable, asyncio.Future[Any]]] = {}

    async def get(self, key: Hashable, state: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The answer to `key` as of `state`; an error is raised to everybody who waited, and forgotten."""
        known = self._known.get(key)
        if known is not None and known[0] == state:
            return await self._wait_for(known[1], key, state, work)
        if len(self._known) >= MOST:
            self._known.clear()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._known[key] = state, answer
        try:
            answer.set_result(await work())
        except asyncio.CancelledError:
            self._forget(key, answer)
            answer.cancel()  # somebody who waits takes over
            raise
        except Exception as error:
            self._forget(key, answer)
            answer.set_exception(error)
            answer.exception()  # whoever waited has it; nobody waiting is no reason to warn
            raise
        return answer.result()

    def _forget(self, key: Hashable, answer: asyncio.Future[Any]) -> None:
        if key in self._known and self._known[key][1] is answer:
            del self._known[key]

    async def _wait_for(
        self, answer: asyncio.Future[Any], key: Hashable, state: Hashable, work: Callable[[], Awaitable[T]]
    ) -> T:
        me = asyncio.current_task()
        try:
            found: T = await asyncio.shield(answer)
        except asyncio.CancelledError:
            if answer.cancelled() and me is not None and not me.cancelling():
                return await self.get(key, state, work)
            raise
        return found
