"""Writes what the sessions leave behind; what could not be written is kept and written first next time."""

import asyncio
from collections.abc import Sequence

import structlog

from trading.domain.errors import TradingError
from trading.store.records import Step
from trading.store.store import Store

log = structlog.get_logger("keeper")


class Keeper:
    """The one road from sessions to the store, in order. Nothing drained from a session is lost by a failed write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backlog: list[Step] = []
        self._turn = asyncio.Lock()
        self.trouble: str | None = None
        self.written = 0  # how often something reached the disk

    async def keep(self, steps: Sequence[Step]) -> bool:
        """Everything so far is on disk when this answers True; False when it must be tried again."""
        self._backlog.extend(steps)
        async with self._turn:
            waiting = list(self._backlog)
            if not waiting:
                return True
            try:
                await self._store.write(waiting)
            except TradingError as error:
                log.error("not_kept", steps=len(waiting), reason=error.tell)
                self.trouble = error.tell
                return False
            except Exception as error:
                log.exception("not_kept", steps=len(waiting))
                self.trouble = type(error).__name__
                return False
            del self._backlog[: len(waiting)]
            self.written += 1
            self.trouble = None
            return True
