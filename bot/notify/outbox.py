"""What waits to be told: bounded, gentle to chats, and never in the way of trading."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.platforms import Platform
from bot.reply import Reply
from trading.domain.notice import Severity

log = structlog.get_logger("outbox")

MOST_WAITING = 500
TRIES = 3  # for what is merely good to know
PATIENT_TRIES = 180  # for alerts: an outage of hours must not swallow them
PAUSE_SECONDS = 1.0  # between two messages to one chat, and before trying again
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """A reply on its way to one chat. The more urgent it is, the longer it is kept when there are too many."""

    address: str
    reply: Reply
    urgency: int


class Outbox:
    """Sends in order, one message a second to a chat. A chat that cannot be reached holds up nobody else."""

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        undelivered: Callable[[Parcel], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._platforms, self._undelivered, self._pause = platforms, undelivered, pause
        self._waiting: dict[str, deque[Parcel]] = {}
        self._news = asyncio.Event()
        self._busy: set[str] = set()

    def put(self, parcel: Parcel) -> None:
        """Never waits. When too much waits for a chat, the least urgent and oldest goes first."""
        queue = self._waiting.setdefault(parcel.address, deque())
        queue.append(parcel)
        if len(queue) > MOST_WAITING:
            least = min(queue, key=lambda p: p.urgency)
            queue.remove(least)
            self._undelivered(least)
        self._news.set()

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._news.wait()
                self._news.clear()
                for address in [a for a, queue in self._waiting.items() if queue and a not in self._busy]:
                    self._busy.add(address)
                    group.create_task(self._deliver(address))

    async def flush(self, seconds: float) -> None:
        """Wait a little for what still waits; used when the house closes."""
        for _ in range(int(seconds * 10)):
            if not self.waiting and not self._busy:
                return
            await asyncio.sleep(0.1)

    async def _deliver(self, address: str) -> None:
        queue = self._waiting[address]
        try:
            while queue:
                await self._send(queue.popleft())
                await self._pause(PAUSE_SECONDS)
        finally:
            self._busy.discard(address)
            if not queue:
                self._waiting.pop(address, None)
            self._news.set()

    async def _send(self, parcel: Parcel) -> None:
        name, _, chat = parcel.address.partition(":")
        platform = self._platforms.get(name)
        if platform is None:
            self._undelivered(parcel)
            return
        tries = PATIENT_TRIES if parcel.urgency >= Severity.WARNING else TRIES
        for attempt in range(1, tries + 1):
            try:
                await platform.send(chat, parcel.reply)
                return
            except ConnectionError as error:
                if attempt <= TRIES:
                    log.warning("not_delivered", address=parcel.address, attempt=attempt, reason=str(error))
                await self._pause(min(PAUSE_SECONDS * attempt, LONGEST_PAUSE_SECONDS))
        self._undelivered(parcel)
