"""The only place that starts a background task: keeps it, tells when it fails, ends it with the house."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger("nursery")


class Nursery:
    """Background tasks by name. One that fails is logged and takes nobody with it."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin `work`; it runs until it ends by itself or the house closes."""
        self._tasks[name] = asyncio.create_task(self._watch(name, work), name=name)

    def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """As `start`, for what must never be missing: whenever it fails it is begun again after a second."""
        self.start(name, self._again(name, work))

    async def close(self) -> None:
        """End everything and wait until it has ended."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    async def _again(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            await self._watch(name, work())
            await asyncio.sleep(1)

    async def _watch(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("task_failed", task=name)
