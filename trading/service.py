"""The door: everything a chat may ask of trading, one sentence a person would say per method."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from trading.analysis.metrics import measure
from trading.analysis.periods import by_period, first_start
from trading.analysis.trades import round_trips
from trading.boot import BASE, begin, live_past, market_for, open_floor, open_room
from trading.build import Room, sleeves_of
from trading.clock import Clock
from trading.core.signals import Board
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.events import (
    DeskEvent,
    Event,
    FeedLost,
    FeedRestored,
    HaltAsked,
    HaltLifted,
    KillAsked,
    KillLifted,
    SleeveChanged,
)
from trading.domain.market import Candle, Instrument, Timeframe
from trading.domain.order import Fill, Order
from trading.domain.report import CashFlow, EquityPoint, Report, RoundTrip
from trading.domain.research import Question
from trading.domain.risk import HaltKind
from trading.domain.view import Away, Figures, Period, Status
from trading.floor import Floor
from trading.keeper import Keeper
from trading.lab.ask import from_candles, load
from trading.lab.workers import Kind, Workers
from trading.market.archive import Recorded
from trading.modes import MODES, wiring
from trading.settings import Settings
from trading.store.records import SleeveOverride, StoredEvent
from trading.store.store import Store
from trading.strategies import find, strategies
from trading.views import status_of

Listener = Callable[[str, Event], None]
LOOK_BACK = timedelta(days=90)  # how far a backtest looks back when nothing else is said


@dataclass(slots=True)
class Trading:
    """All accounts of this house. One instance per process; everything runs on its loop."""

    settings: Settings
    store: Store
    clock: Clock
    keeper: Keeper
    kill_file: Path
    floors: dict[str, Floor] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)  # account -> why its market is not followed
    started_at: datetime | None = None
    workers: Workers = field(default_factory=Workers)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _listeners: list[Listener] = field(default_factory=list)

    # --- coming to life ---------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Be told every event of every account, after it happened."""
        self._listeners.append(listener)

    def check(self) -> None:
        """Raise SettingsError when an account cannot trade as it is set up; nothing is started then."""
        for name, account in self.settings.accounts.items():
            wiring(account.trading_mode, name)
            sleeves_of(self.settings, name)

    async def start(self) -> list[Away]:
        """Bring every account to this moment. An exchange that cannot be reached is told and tried again later."""
        self.started_at = self.clock()
        away: list[Away] = []
        for name in self.settings.accounts:
            self.trouble[name] = "starting"
        for key, names in self._by_market().items():
            away += await self._start_floor(key, names)
        return away

    async def look(self) -> None:
        """Know every account as it was left, without following any market: for a command line without a desk."""
        self.started_at = self.clock()
        for name, account in self.settings.accounts.items():
            market = market_for(account, self.settings, self.clock)
            try:
                instruments = await market.instruments(_symbols_of(self.settings, name))
                board = Board(BASE)
                self.rooms[name] = await open_room(
                    name, self.settings, instruments, self.store, board, self._hearer(name)
                )
            except (Uncertain, ExchangeSaidNo, Refused) as error:
                self.trouble[name] = error.tell
            finally:
                await market.close()

    async def retry(self) -> list[Away]:
        """Try again to reach the markets that could not be reached."""
        away: list[Away] = []
        for key, names in self._by_market().items():
            if any(name not in self.rooms for name in names):
                away += await self._start_floor(key, names)
        return away

    def _by_market(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for name, account in self.settings.accounts.items():
            key = json.dumps([account.exchange, account.exchange_options], sort_keys=True, default=str)
            groups.setdefault(key, []).append(name)
        return groups

    async def _start_floor(self, key: str, names: list[str]) -> list[Away]:
        accounts = {name: self.settings.accounts[name] for name in names}
        market = market_for(accounts[names[0]], self.settings, self.clock)
        try:
            symbols = tuple(dict.fromkeys(s for a in accounts.values() for s in a.symbols))
            instruments = await market.instruments(symbols)
            floor = open_floor(market, symbols, self.clock)
            rooms = [await self._open(name, instruments, floor) for name in names]
            away = await self._wake(rooms, floor)
            cursor = self._cursor(floor)
            floor.feed.start_from(cursor)
            await floor.warm(cursor)
        except (Uncertain, ExchangeSaidNo, Refused) as error:
            await market.close()
            for name in names:
                self.trouble[name] = error.tell
            return []
        self.floors[key] = floor
        for name, room in floor.rooms.items():
            self.rooms[name] = room
            self.trouble.pop(name, None)
        if self.kill_file.exists():
            floor.spread(KillAsked(self.clock(), "the KILL_SWITCH file was there at the start", "file"))
        return await self._catch_up(floor, away)

    async def _open(self, name: str, instruments: Mapping[str, Instrument], floor: Floor) -> Room:
        mine = {s: instruments[s] for s in _symbols_of(self.settings, name)}
        return await open_room(name, self.settings, mine, self.store, floor.board, self._hearer(name))

    async def _wake(self, rooms: Sequence[Room], floor: Floor) -> list[Away]:
        """Restored accounts have been away; new ones get their cash, and on the simulated market their past."""
        now, away, new = self.clock(), [], []
        for room in rooms:
            if await self.store.snapshot(room.name) is None:
                new.append(room)
            else:
                away.append(_away(room, now))
        if floor.market.name == "simulated":
            await live_past(new, floor.market, now)
        else:
            for room in new:
                begin(room, now)
        for room in rooms:
            floor.enter(room)
        await self.keeper.keep([step for room in new for step in room.recorder.drain(now)])
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
        await self._keep_all()
        self.workers.close()
        for floor in self.floors.values():
            await floor.market.close()

    # --- the pulse --------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """At the close of a minute: whatever closed since the last tick goes through every desk, then to disk."""
        for floor in self.floors.values():
            await self._tick(floor)

    async def _tick(self, floor: Floor) -> int:
        groups = await floor.tick()
        for news in floor.feed.news():
            self._feed_news(floor, news)
        await self._keep_all()
        return len(groups)

    def _feed_news(self, floor: Floor, news: FeedLost | FeedRestored) -> None:
        for name, room in floor.rooms.items():
            self._tell(name, news)
            if isinstance(news, FeedLost):
                room.session.step(HaltAsked(news.at, HaltKind.FEED, news.reason, "feed"))
            else:
                room.session.step(HaltLifted(news.at, HaltKind.FEED, "feed"))

    async def _keep_all(self) -> None:
        now = self.clock()
        steps = [step for room in self.rooms.values() for step in room.recorder.drain(now)]
        written = await self.keeper.keep(steps)
        for room in self.rooms.values():
            stopped = HaltKind.STORE in room.desk.halts
            if not written and not stopped:
                room.session.step(HaltAsked(now, HaltKind.STORE, self.keeper.trouble or "", "journal"))
            elif written and stopped:
                room.session.step(HaltLifted(now, HaltKind.STORE, "journal"))

    # --- stopping and starting --------------------------------------------------------------------------

    async def kill(self, reason: str, by: str, account: str | None = None) -> None:
        """Stop at once: latch, file, cancel, sell at the next price. Killing twice is killing once."""
        await self._do(self._named(account), lambda now: KillAsked(now, reason, by))
        trouble = self._write_kill_file(reason, by) if account is None else None
        for floor in self.floors.values():
            waiting = {s for room in floor.rooms.values() for s in room.executor.waiting}
            if waiting:
                await floor.quote(waiting)
        await self._keep_all()
        if trouble:
            raise Refused(f"Everything is stopped, but the KILL_SWITCH file could not be written: {trouble}.")

    async def close_entries(self, reason: str, by: str) -> None:
        """Pause every account at once; what is paused or killed already stays as it is."""
        await self._do(self._named(None), lambda now: HaltAsked(now, HaltKind.PAUSE, reason, by))

    async def unkill(self, by: str, account: str | None = None) -> None:
        """An owner lifts the kill: entries may open again, drawdown is measured from here."""
        if not any(room.desk.halts.killed for room in self._named(account)):
            raise Refused("Nothing is killed, so there is nothing to lift.")
        try:
            self.kill_file.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(
                f"The KILL_SWITCH file cannot be removed ({error.strerror}), so the kill stays."
            ) from None
        rooms = self._named(account)
        await self._do(rooms, lambda now: KillLifted(now, by))
        await self._do(rooms, lambda now: HaltLifted(now, HaltKind.PAUSE, by))

    async def obey_kill_file(self) -> None:
        """The file stops everything; taking it away does not start anything."""
        if any(not room.desk.halts.killed for room in self.rooms.values()) and self.kill_file.exists():
            await self.kill("the KILL_SWITCH file appeared", by="file")

    async def pause(self, account: str, reason: str, by: str) -> None:
        """No new entries until somebody resumes; exits go on."""
        await self._do(self._named(account), lambda now: HaltAsked(now, HaltKind.PAUSE, reason, by))

    async def resume(self, account: str, by: str) -> None:
        """Entries open again. A kill is not lifted by this."""
        halts = self.room(account).desk.halts
        if halts.killed:
            raise Refused("This account is killed; only an owner's /unkill ends that.")
        if HaltKind.PAUSE not in halts:
            raise Refused("This account is not paused.")
        await self._do(self._named(account), lambda now: HaltLifted(now, HaltKind.PAUSE, by))

    async def switch(self, account: str, sleeve: str, enabled: bool, by: str) -> None:
        """Turn a strategy on or off; switched off it sells what it holds."""
        room = self.room(account)
        found = self._sleeve(room, sleeve)
        if found.enabled == enabled:
            raise Refused(f"{sleeve} is {'on' if enabled else 'off'} already.")
        await self._change_sleeve(room, sleeve, enabled, found.strategy.values(found.params), by)

    async def set_params(self, account: str, sleeve: str, words: Mapping[str, str], by: str) -> None:
        """Change a strategy's parameters from the next candle on; raises Refused when one does not fit."""
        room = self.room(account)
        found = self._sleeve(room, sleeve)
        params = found.strategy.params({**found.strategy.values(found.params), **words})
        await self._change_sleeve(room, sleeve, found.enabled, found.strategy.values(params), by)

    async def _change_sleeve(
        self, room: Room, sleeve: str, enabled: bool, values: Mapping[str, Any], by: str
    ) -> None:
        override = SleeveOverride(enabled=enabled, params=dict(values))
        await self.store.save_sleeve(room.name, sleeve, override)
        floor = next(f for f in self.floors.values() if room.name in f.rooms)
        async with floor.busy:
            room.session.step(SleeveChanged(self.clock(), sleeve, enabled, dict(values), by))
            floor.enter(room)
            await floor.warm(floor.feed.cursor)
        await self._keep_all()

    async def _do(self, rooms: Iterable[Room], event: Callable[[datetime], DeskEvent]) -> None:
        now = self.clock()
        for room in rooms:
            room.session.step(event(now))
        await self._keep_all()

    def _write_kill_file(self, reason: str, by: str) -> str | None:
        try:
            self.kill_file.write_text(f"{self.clock().isoformat()} {by}: {reason}\n")
        except OSError as error:
            return error.strerror or type(error).__name__
        return None

    # --- looking ----------------------------------------------------------------------------------------

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(self.settings.accounts)

    def checks(self) -> dict[str, Any]:
        """Yes or no for everything that must work, for supervisors."""
        health = self.health()
        accounts = {f"account {name}": state == "ok" for name, state in health["accounts"].items()}
        return {"started": self.ready.is_set(), "database": self.keeper.trouble is None, **accounts}

    def header(self, account: str) -> str:
        """Mode and account, as every message starts."""
        mine = self.settings.accounts.get(account)
        return f"{MODES[mine.trading_mode].badge} · {account}" if mine else account

    def room(self, account: str) -> Room:
        """Raises Refused while the account's market cannot be reached, saying why."""
        if account in self.rooms:
            return self.rooms[account]
        if account not in self.settings.accounts:
            raise Refused(f"There is no account '{account}'; there is {', '.join(self.accounts)}.")
        raise Refused(f"The account {account} is not trading yet: {self.trouble.get(account, 'starting')}")

    def status(self, account: str) -> Status:
        return status_of(self.room(account), self.settings.accounts[account], self.trouble.get(account))

    def symbols(self, account: str) -> tuple[str, ...]:
        return _symbols_of(self.settings, account)

    async def orders(self, account: str, limit: int, offset: int = 0) -> list[Order]:
        return await self.store.orders(account, limit=limit, offset=offset)

    async def fills(self, account: str, since: datetime | None = None) -> list[Fill]:
        return await self.store.fills(account, since=since)

    async def trades(self, account: str) -> tuple[RoundTrip, ...]:
        """Closed trades, oldest first."""
        return round_trips(await self.store.fills(account))

    async def equity(self, account: str, since: datetime | None = None) -> list[EquityPoint]:
        """The equity curve, oldest first, ending at this moment."""
        points = await self.store.equity(account, since=since)
        room = self.rooms.get(account)
        now = self.clock()
        if room is not None and (not points or points[-1].at < now):
            points.append(EquityPoint(now, float(room.desk.book.equity)))
        return points

    async def figures(self, account: str) -> Figures:
        """The account since its start, measured."""
        points, trips = await self.equity(account), await self.trades(account)
        flows = await self.store.flows(account)
        metrics = await asyncio.to_thread(measure, points, trips)
        return Figures(
            paid_in=sum((f.amount for f in flows), Decimal(0)),
            fees=self.room(account).desk.book.fees,
            total_return=metrics["total_return"] or 0.0,
            metrics=metrics,
        )

    async def periods(self, account: str, length: str, count: int, zone: str) -> list[Period]:
        """The newest `count` days, weeks or months, oldest first; the running one is the last."""
        since = first_start(self.clock(), length, count, zone)
        points = await self.equity(account, since - timedelta(days=1))
        return by_period(points, await self.trades(account), since, self.clock(), length, zone)

    def timeframe(self, account: str) -> str:
        return self.settings.accounts[account].timeframe

    async def flows(self, account: str) -> list[CashFlow]:
        return await self.store.flows(account)

    async def events(self, account: str, since: datetime | None = None, limit: int = 50) -> list[StoredEvent]:
        return await self.store.events(account, since=since, limit=limit)

    async def candles(self, account: str, symbol: str, timeframe: Timeframe, count: int) -> list[Candle]:
        """The newest closed candles; raises Refused for a symbol the market does not have."""
        floor = self._floor_of(account)
        await floor.market.instruments([symbol])
        now = self.clock()
        start = timeframe.floor(now) - timeframe.length * count
        return await floor.market.candles(symbol, timeframe, start, now)

    # --- research ---------------------------------------------------------------------------------------

    async def research(self, kind: Kind, question: Question, account: str) -> AsyncIterator[float | Report]:
        """Would this have worked? Progress (0 ... 1), then the report.

        A backtest steps the desk over all candles at once; a replay sends them through a paper account by the code
        of the live session. Without recorded candles: those of the account's market.
        """
        started = perf_counter()
        if question.data is not None:
            recorded = await asyncio.to_thread(load, question)
        else:
            recorded = await self._recorded(question, account)
        async for answer in self.workers.run(kind, question, recorded, perf_counter() - started):
            yield answer

    async def _recorded(self, question: Question, account: str) -> tuple[Recorded, ...]:
        mine = self.settings.accounts[account]
        timeframe = Timeframe.parse(question.timeframe or mine.timeframe)
        end = question.end or self.clock()
        start = question.start or end - LOOK_BACK
        market = market_for(mine, self.settings, self.clock)
        try:
            symbols = question.symbols or mine.symbols
            await market.instruments(symbols)
            candles = {s: await market.candles(s, timeframe, start, end) for s in symbols}
        finally:
            await market.close()
        return await asyncio.to_thread(from_candles, candles, timeframe)

    def catalogue(self) -> dict[str, str]:
        """Every strategy this house knows, and what it does in one sentence."""
        return {name: strategy.summary for name, strategy in strategies().items()}

    def about(self, strategy: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """What a strategy does and its parameters with ranges; raises Refused for an unknown name."""
        found = find(strategy)
        return found.describe(found.params(params))

    def health(self) -> dict[str, Any]:
        """Whether everything that must work does, as plain facts."""
        feeds = {key: floor.feed.health() for key, floor in self.floors.items()}
        names = {key: f"{json.loads(key)[0]}" for key in feeds}
        return {
            "ok": not self.trouble and self.keeper.trouble is None,
            "uptime_seconds": int((self.clock() - self.started_at).total_seconds()) if self.started_at else 0,
            "database": self.keeper.trouble or "ok",
            "markets": {names[key]: health for key, health in feeds.items()},
            "accounts": {name: self.trouble.get(name, "ok") for name in self.accounts},
        }

    # --- inside -----------------------------------------------------------------------------------------

    def _hearer(self, account: str) -> Callable[[Event], None]:
        return lambda event: self._tell(account, event)

    def _tell(self, account: str, event: Event) -> None:
        for listener in self._listeners:
            listener(account, event)

    def _named(self, account: str | None) -> list[Room]:
        return list(self.rooms.values()) if account is None else [self.room(account)]

    def _floor_of(self, account: str) -> Floor:
        self.room(account)
        return next(f for f in self.floors.values() if account in f.rooms)

    @staticmethod
    def _sleeve(room: Room, name: str) -> Any:
        if name not in room.desk.sleeves:
            raise Refused(
                f"Account {room.name} has no strategy '{name}'; it has {', '.join(room.desk.sleeves)}."
            )
        return room.desk.sleeves[name]


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


def _symbols_of(settings: Settings, account: str) -> tuple[str, ...]:
    mine = settings.accounts[account]
    extra = (s for sleeve in mine.sleeves.values() for s in sleeve.symbols)
    return tuple(dict.fromkeys((*mine.symbols, *extra)))
