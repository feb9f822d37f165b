"""What waits to be told: bounded, written down, gentle to chats, and never in the way of trading."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from bot.notify.lane import Lane, Pace
from bot.notify.parcels import Parcel, merged, parcel_of
from bot.platforms import Closed, Platform, Sent, Unfit
from bot.reply import Reply
from trading.domain.errors import TradingError
from trading.domain.notice import Kept

log = structlog.get_logger("outbox")

PAUSE_SECONDS = 1.0  # between two messages to one chat, and before trying again
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_HURRY_SECONDS = 15.0  # the same for what hurries
MARK_SECONDS = 1.0  # a message waits no longer for the note that it is on its way
INK_PAUSE_SECONDS = 5.0  # before what could not be written down is tried again
LOGGED = 3  # failures in a row that are logged; more would only repeat them


class Ink(Protocol):
    """Where messages are written down until they have arrived; kept by trading/store/notices.py."""

    async def change_outbox(self, added: Sequence[Kept], gone: Collection[str]) -> None:
        """Write down what must arrive and take away what has."""

    async def mark_outbox(self, names: Collection[str], *, tried: bool) -> None:
        """Note that these are on their way, or that they did not arrive after all."""

    async def outbox(self) -> Sequence[Kept]:
        """What has not arrived yet, in order."""


class Ears(Protocol):
    """Who is told what became of parcels."""

    async def delivered(self, parcels: Sequence[Parcel], sent: Sent) -> None:
        """One message shows these."""

    async def undelivered(self, parcels: Sequence[Parcel], reason: str, *, closed: bool) -> None:
        """These will never arrive; `closed`: nothing else will arrive there either."""


class Outbox:
    """Sends in order, few messages a minute to a chat, several as one when they come quickly.

    What hurries has a lane of its own and waits for nothing else. What must arrive is written down first
    thing and survives a restart; a chat that cannot be reached holds up nobody else. What was on its way when
    the process died is sent again, and says that it may have been sent before: never lost, never twice unsaid.
    """

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        ink: Ink,
        ears: Ears,
        clock: Callable[[], datetime],
        pace: Pace = Pace(),  # noqa: B008 - frozen
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._platforms, self._ink, self._ears = platforms, ink, ears
        self._clock, self._pace, self._pause = clock, pace, pause
        self._lanes: dict[tuple[str, bool], Lane] = {}
        self._busy: set[tuple[str, bool]] = set()
        self._news = asyncio.Event()
        self._inky = asyncio.Event()
        self._added: dict[str, Parcel] = {}
        self._gone: set[str] = set()
        self._written: set[str] = set()

    def put(self, parcel: Parcel) -> None:
        """Never waits. When too much waits for a chat, the least urgent and oldest goes first."""
        if parcel.must_arrive:
            self._added[parcel.id] = parcel
            self._inky.set()
        self._take(parcel)

    async def recover(self) -> int:
        """Take up what a former run could not deliver; how many they are."""
        kept = await self._ink.outbox()
        for row in kept:
            self._written.add(row.id)
            self._take(parcel_of(row.parcel, row.address, row.at, row.id))
        return len(kept)

    @property
    def waiting(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._busy.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write())
            self._news.set()
            while True:
                await self._news.wait()
                self._news.clear()
                for key in [k for k, lane in self._lanes.items() if lane.waiting and k not in self._busy]:
                    self._busy.add(key)
                    group.create_task(self._deliver(key))

    async def flush(self, seconds: float) -> None:
        """Wait a little for what still waits, and see to it that the rest is written down."""
        for _ in range(int(seconds * 10)):
            if not any(self._due(lane) for lane in self._lanes.values()):
                break
            await asyncio.sleep(0.1)
        await self._write_once()

    # --- delivering -----------------------------------------------------------------------------------------

    def _take(self, parcel: Parcel) -> None:
        key = (parcel.address, parcel.hurries)
        lane = self._lanes.setdefault(key, Lane(None if parcel.hurries else self._pace))
        if (dropped := lane.put(parcel)) is not None:
            self._forget([dropped])
            log.warning("no_room", address=dropped.address, title=dropped.reply.title)
        self._news.set()

    def _due(self, lane: Lane) -> bool:
        return bool(lane.next(self._clock(), asyncio.get_running_loop().time())[0])

    async def _deliver(self, key: tuple[str, bool]) -> None:
        lane = self._lanes[key]
        try:
            while lane.waiting:
                await self._give_up(lane)
                parcels, wait = lane.next(self._clock(), asyncio.get_running_loop().time())
                if not parcels:
                    await self._rest(lane, min(max(wait, 0.01), LONGEST_PAUSE_SECONDS))
                    continue
                await self._pause(await self._send(lane, parcels))
        finally:
            self._busy.discard(key)
            self._news.set()

    @staticmethod
    async def _rest(lane: Lane, seconds: float) -> None:
        """Until something else comes in, or time has passed."""
        lane.news.clear()
        try:
            async with asyncio.timeout(seconds):
                await lane.news.wait()
        except TimeoutError:
            return

    async def _give_up(self, lane: Lane) -> None:
        if old := lane.stale(self._clock()):
            self._forget(old)
            await self._ears.undelivered(old, "it has waited too long", closed=False)

    async def _send(self, lane: Lane, parcels: list[Parcel]) -> float:
        """One try to show them as one message; the seconds to wait after it."""
        name, _, chat = parcels[0].address.partition(":")
        platform = self._platforms.get(name)
        try:
            if platform is None:
                raise Closed(f"There is no {name} here.")
            await self._mark(parcels, tried=True)
            sent = await self._show(platform, chat, parcels, lane.spared)
        except (Closed, Unfit) as error:
            self._done(lane, parcels)
            await self._ears.undelivered(parcels, str(error), closed=isinstance(error, Closed))
        except ConnectionError as error:
            await self._mark(parcels, tried=False)
            lane.failures += 1
            if lane.failures <= LOGGED:
                log.warning("not_delivered", address=parcels[0].address, reason=str(error))
            longest = LONGEST_PAUSE_SECONDS if lane.pace else LONGEST_HURRY_SECONDS
            return min(PAUSE_SECONDS * lane.failures, longest)
        else:
            lane.failures, lane.spared = 0, 0
            self._done(lane, parcels)
            await self._ears.delivered(parcels, sent)
        return PAUSE_SECONDS

    async def _show(self, platform: Platform, chat: str, parcels: list[Parcel], spared: int) -> Sent:
        reply = merged(parcels, spared=spared)
        silent = all(p.silent for p in parcels)
        mention = next((p.mention for p in sorted(parcels, key=lambda p: -p.severity) if p.mention), "")
        try:
            return await platform.send(chat, reply, silent=silent, mention=mention)
        except Unfit as error:
            log.error("message_refused", chat=chat, title=reply.title, reason=str(error))
            plain = Reply(title=reply.title[:200], header=reply.header[:100], tone=reply.tone)
            return await platform.send(chat, plain, silent=silent, mention=mention)

    def _done(self, lane: Lane, parcels: list[Parcel]) -> None:
        lane.done(parcels, asyncio.get_running_loop().time())
        self._forget(parcels)

    # --- ink ------------------------------------------------------------------------------------------------

    async def _mark(self, parcels: Sequence[Parcel], *, tried: bool) -> None:
        """Note what is on its way, should we die before it is known to have arrived; it goes without ink, too."""
        names = [parcel.id for parcel in parcels if parcel.must_arrive]
        if not names:
            return
        try:
            async with asyncio.timeout(MARK_SECONDS):
                if await self._write_once():
                    await self._ink.mark_outbox(names, tried=tried)
        except (TradingError, TimeoutError) as error:
            log.warning("outbox_not_marked", reason=str(error) or "the database takes too long")

    def _forget(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            self._added.pop(parcel.id, None)
            if parcel.id in self._written:
                self._gone.add(parcel.id)
                self._inky.set()

    async def _write(self) -> None:
        while True:
            await self._inky.wait()
            if not await self._write_once():
                await asyncio.sleep(INK_PAUSE_SECONDS)

    async def _write_once(self) -> bool:
        """Bring the table up to date; on failure it is tried again later, and messages go out nevertheless."""
        self._inky.clear()
        added, gone = list(self._added.values()), set(self._gone)
        if not added and not gone:
            return True
        self._written |= {p.id for p in added}  # from here on a delivery takes it out of the table again
        self._added.clear()
        try:
            rows = [Kept(id=p.id, address=p.address, at=p.at, parcel=p.as_data()) for p in added]
            await self._ink.change_outbox(rows, gone)
        except TradingError as error:
            log.error("outbox_not_written", reason=error.tell)
            self._added = {p.id: p for p in added if p.id not in self._gone} | self._added
            self._inky.set()
            return False
        self._gone -= gone
        self._written -= gone
        return True
