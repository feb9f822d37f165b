"""Every account alive: brought to this moment, stepped at every close, written down after each step."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from trading import delisted, late_kills
from trading.boot import BASE, begin, live_past, market_for, open_floor, open_room
from trading.build import Room
from trading.clock import Clock
from trading.core.signals import Board
from trading.domain.errors import Refused, SettingsError, TradingError
from trading.domain.events import (
    DeskEvent,
    Event,
    FeedLost,
    FeedRestored,
    HaltAsked,
    HaltLifted,
    KillAsked,
)
from trading.domain.market import Instrument
from trading.domain.risk import HaltKind
from trading.domain.view import Away
from trading.floor import Floor
from trading.identity import identity, same
from trading.keeper import Keeper
from trading.market.feed import Market
from trading.seating import Seats
from trading.settings import Settings
from trading.store.store import Store

Listener = Callable[[str, Event], None]


log = structlog.get_logger("running")


@dataclass(slots=True)
class Running:
    """Every account of this house and the markets they live on. One per process; everything runs on its loop."""

    settings: Settings
    store: Store
    clock: Clock
    keeper: Keeper
    kill_file: Path
    floors: dict[str, Floor] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)  # account -> why its market is not followed
    started_at: datetime | None = None
    _coming_up: asyncio.Lock = field(default_factory=asyncio.Lock)  # one start or retry at a time
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _listeners: list[Listener] = field(default_factory=list)
    seats: Seats = field(init=False)  # accounts of real money at their exchanges

    # --- coming to life ---------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Be told every event of every account, after it happened."""
        self._listeners.append(listener)

    async def start(self) -> list[Away]:
        """Bring every account to this moment. An exchange that cannot be reached is told and tried again later."""
        self.started_at = self.clock()
        away: list[Away] = []
        for name in self.settings.accounts:
            self.trouble[name] = "starting"
        async with self._coming_up:
            for key, names in self._by_market().items():
                away += await self._start_floor(key, names)
        return away

    async def look(self) -> None:
        """Know every account as it was left, without following any market: for a command line without a desk."""
        self.started_at = self.clock()
        for name, account in self.settings.accounts.items():
            try:
                market = market_for(account, self.settings, self.clock)
                try:
                    await self._look_at(name, market)
                finally:
                    await market.close()
            except TradingError as error:
                self.trouble[name] = error.tell

    async def _look_at(self, name: str, market: Market) -> None:
        if await self.store.snapshot(name) is None:
            raise Refused("it has not run yet; start the desk first (make run).")
        instruments = await self._instruments(name, market)
        board, hears = Board(BASE), self._hearer(name)
        self.rooms[name] = await open_room(name, self.settings, instruments, self.store, board, hears)

    async def retry(self) -> list[Away]:
        """Try again to reach the markets that could not be reached."""
        away: list[Away] = []
        if self._coming_up.locked():
            return away
        async with self._coming_up:
            return await self._start_missing()

    async def _start_missing(self) -> list[Away]:
        away: list[Away] = []
        for key, names in self._by_market().items():
            missing = [name for name in names if name not in self.rooms]
            if missing:  # beside those that came up before, on a connection of their own
                away += await self._start_floor(f"{key} {missing}", missing)
        return away

    def _by_market(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for name, account in self.settings.accounts.items():
            key = json.dumps([account.exchange, account.exchange_options], sort_keys=True, default=str)
            groups.setdefault(key, []).append(name)
        return groups

    async def _start_floor(self, key: str, names: list[str]) -> list[Away]:
        """Bring up a market and its accounts. One account's trouble leaves the others on it alone."""
        market = market_for(self.settings.accounts[names[0]], self.settings, self.clock)
        instruments: dict[str, dict[str, Instrument]] = {}
        for name in names:
            with self._noting_trouble(name):
                instruments[name] = await self._instruments(name, market)
        symbols = tuple(dict.fromkeys(s for mine in instruments.values() for s in mine))
        floor, rooms = open_floor(market, symbols), []
        for name, mine in instruments.items():
            with self._noting_trouble(name):
                room = await open_room(name, self.settings, mine, self.store, floor.board, self._hearer(name))
                if self.seats.real(room):
                    await self.seats.take(room, market)
                rooms.append(room)
        away: list[Away] = []
        started = False
        if rooms:
            with self._noting_trouble(*(room.name for room in rooms)):
                away = await self._wake(rooms, floor)
                await self._recover(rooms, floor)
                cursor = self._cursor(floor)
                floor.feed.start_from(cursor)
                await floor.warm(cursor)
                started = True
        if not started:
            await market.close()
            return []
        return await self._open(key, floor, away)

    async def _recover(self, rooms: Iterable[Room], floor: Floor) -> None:
        """Real money: what was out is reconciled before anything is decided."""
        for room in filter(self.seats.real, rooms):
            with self._noting_trouble(room.name):
                await self.seats.recover(room)
                continue
            floor.rooms.pop(room.name, None)
            await self.seats.vacate(room.name)

    async def _open(self, key: str, floor: Floor, away: list[Away]) -> list[Away]:
        self.floors[key] = floor
        for name, room in floor.rooms.items():
            self.rooms[name] = room
            self.trouble.pop(name, None)
        if self.kill_file.exists():
            floor.spread(KillAsked(floor.market.now(), "the KILL_SWITCH file was there at the start", "file"))
        await self.kill_as_asked(floor.rooms.values())
        return await self._catch_up(floor, [entry for entry in away if entry.account in floor.rooms])

    async def kill_as_asked(self, rooms: Iterable[Room]) -> None:
        """Whoever killed one of these while it could not be reached is obeyed now."""
        for room in tuple(rooms):
            asked = await late_kills.asked(self.store, room.name)
            if asked is not None:
                room.step(KillAsked(self._now_of(room), *asked))
                await self.keep_all()
                await late_kills.done(self.store, room.name)

    @contextmanager
    def _noting_trouble(self, *names: str) -> Iterator[None]:
        """Whatever goes wrong while these accounts come up is told as theirs, and tried again later."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, TradingError):
                log.exception("account_not_started", accounts=names)
            for name in names:
                self.trouble[name] = error.tell if isinstance(error, TradingError) else type(error).__name__

    async def _instruments(self, name: str, market: Market) -> dict[str, Instrument]:
        """Of the account's symbols: those of the settings, and those it still holds or has orders out for though they
        are gone from there, or not traded any more.

        Raises SettingsError when the account was begun on another exchange: its book would be worth nothing here.
        """
        mine, key = self.settings.accounts[name], f"account {name} exchange"
        known = await self.store.meta(key)
        if not same(known, mine):
            raise SettingsError(
                f"The account {name} was begun on {known} and cannot go on as one on {identity(mine)}: its positions "
                "and prices are another market's. Give the new account another name."
            )
        await self.seats.check_kind(name)
        has = await delisted.had(self.store, name)
        return await delisted.rules(market, symbols_of(self.settings, name), has)

    async def _wake(self, rooms: Sequence[Room], floor: Floor) -> list[Away]:
        """Restored accounts have been away; new ones get their cash, and on the simulated market their past."""
        now, away, new = self.clock(), [], []
        for room in rooms:
            if await self.store.snapshot(room.name) is None:
                new.append(room)
            else:
                away.append(_away(room, now))
        real = [room for room in new if self.seats.real(room)]
        paper = [room for room in new if room not in real]
        if floor.market.name == "simulated":
            await live_past(paper, floor.market, now)
        else:
            for room in paper:
                begin(room, now)
        for room in real:
            begin(room, now, "what was at the exchange")
        for room in rooms:
            floor.enter(room)
        await self.keeper.keep([step for room in new for step in room.recorder.drain(now)])
        for room in rooms:
            mine = identity(self.settings.accounts[room.name])
            await self.store.set_meta(f"account {room.name} exchange", mine)
        return away

    def _cursor(self, floor: Floor) -> dict[str, datetime]:
        """Per symbol: the close of the newest candle that every account on this floor has seen."""
        now = BASE.floor(self.clock())
        cursor: dict[str, datetime] = {}
        for room in floor.rooms.values():
            for symbol in room.desk.instruments:
                seen = room.desk.seen.get(symbol, now)
                cursor[symbol] = min(cursor.get(symbol, seen), seen)
        return cursor

    async def _catch_up(self, floor: Floor, away: list[Away]) -> list[Away]:
        groups = await self._tick(floor)
        told = []
        for entry in away:
            book = self.rooms[entry.account].desk.book
            told.append(
                Away(
                    account=entry.account,
                    since=entry.since,
                    until=entry.until,
                    candles=groups,
                    fills=book.fills - entry.fills,
                    profit=book.equity - entry.profit,
                    killed=self.rooms[entry.account].desk.halts.killed,
                )
            )
        return told

    async def close(self) -> None:
        """Everything written, every market let go of."""
        await self.keep_all()
        await self.seats.close()
        for floor in self.floors.values():
            await floor.market.close()

    # --- the pulse --------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """At the close of a minute: whatever closed since the last tick goes through every desk, then to disk."""
        for floor in self.floors.values():
            await self._tick(floor)

    async def follow_hints(self) -> None:
        """Until cancelled: when a stream says that a candle is over, look at once instead of at the next tick."""
        followed: set[str] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                for key in self.floors.keys() - followed:
                    followed.add(key)
                    group.create_task(self._follow(self.floors[key]))
                await asyncio.sleep(1)

    async def _follow(self, floor: Floor) -> None:
        async for _ in floor.feed.hints():
            await self._tick(floor)

    async def _tick(self, floor: Floor) -> int:
        groups = await floor.tick()
        for news in floor.feed.news():
            self._feed_news(floor, news)
        await self.keep_all()
        return len(groups)

    def _feed_news(self, floor: Floor, news: FeedLost | FeedRestored) -> None:
        for name, room in floor.rooms.items():
            self._tell(name, news)
            if isinstance(news, FeedLost):
                room.step(HaltAsked(news.at, HaltKind.FEED, news.reason, "feed"))
            else:
                room.step(HaltLifted(news.at, HaltKind.FEED, "feed"))

    async def keep_all(self) -> None:
        now = self.clock()
        steps = [step for room in self.rooms.values() for step in room.recorder.drain(now)]
        written = await self.keeper.keep(steps)
        for room in self.rooms.values():
            stopped = HaltKind.STORE in room.desk.halts
            if not written and not stopped:
                room.step(HaltAsked(now, HaltKind.STORE, self.keeper.trouble or "", "journal"))
            elif written and stopped:
                room.step(HaltLifted(now, HaltKind.STORE, "journal"))

    # --- one step for all, or for one -------------------------------------------------

    async def do(self, rooms: Iterable[Room], event: Callable[[datetime], DeskEvent]) -> None:
        """Step these accounts at once, each by its own market's time; then write it down."""
        self.step(rooms, event)
        await self.keep_all()

    def step(self, rooms: Iterable[Room], event: Callable[[datetime], DeskEvent]) -> None:
        """As `do`, without waiting for the disk."""
        for room in rooms:
            room.step(event(self._now_of(room)))

    def _now_of(self, room: Room) -> datetime:
        floor = next((f for f in self.floors.values() if room.name in f.rooms), None)
        return floor.market.now() if floor else self.clock()

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(self.settings.accounts)

    def room(self, account: str) -> Room:
        """Raises Refused while the account's market cannot be reached, saying why."""
        if account in self.rooms:
            return self.rooms[account]
        if account not in self.settings.accounts:
            raise Refused(f"There is no account '{account}'; there is {', '.join(self.accounts)}.")
        raise Refused(f"The account {account} is not trading yet: {self.trouble.get(account, 'starting')}")

    def named(self, account: str | Collection[str] | None) -> list[Room]:
        """One account; those of several that trade; or all of them (None)."""
        if account is None:
            return list(self.rooms.values())
        if isinstance(account, str):
            return [self.room(account)]
        return [room for name, room in self.rooms.items() if name in account]

    def floor_of(self, account: str) -> Floor:
        self.room(account)
        found = next((f for f in self.floors.values() if account in f.rooms), None)
        if found is None:
            raise Refused("No market is followed here: ask the running desk in its chat (make run).")
        return found

    # --- inside ---

    def _hearer(self, account: str) -> Callable[[Event], None]:
        return lambda event: self._tell(account, event)

    def _tell(self, account: str, event: Event) -> None:
        for listener in self._listeners:
            listener(account, event)


def _away(room: Room, now: datetime) -> Away:
    """As it was left: what changes until the desk has caught up is what happened meanwhile."""
    book = room.desk.book
    return Away(
        account=room.name,
        since=room.desk.last_candle_at or now,
        until=now,
        candles=0,
        fills=book.fills,
        profit=book.equity,
        killed=room.desk.halts.killed,
    )


def symbols_of(settings: Settings, account: str) -> tuple[str, ...]:
    mine = settings.accounts[account]
    extra = (s for sleeve in mine.sleeves.values() for s in sleeve.symbols)
    return tuple(dict.fromkeys((*mine.symbols, *extra)))
