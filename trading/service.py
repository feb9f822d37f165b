"""The door: everything a chat may ask of trading, one sentence a person would say per method."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from time import perf_counter
from typing import Any

import structlog

from trading.analysis.metrics import measure
from trading.analysis.periods import by_period, first_start
from trading.analysis.trades import round_trips
from trading.archiving import Archive
from trading.boot import check_exchange, market_for
from trading.build import Room, sleeves_of
from trading.core.desk import Sleeve
from trading.domain.errors import Refused, TradingError
from trading.domain.events import (
    Event,
    HaltAsked,
    HaltLifted,
    KillAsked,
    KillLifted,
    SleeveChanged,
)
from trading.domain.honesty import Honesty, Trial
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill, Order
from trading.domain.report import CashFlow, EquityPoint, Report, RoundTrip
from trading.domain.research import Question
from trading.domain.risk import HaltKind
from trading.domain.search import SearchProgress, SearchQuestion, SearchResult
from trading.domain.view import Figures, Period, Status
from trading.floor import Floor
from trading.lab import searching
from trading.lab.ask import from_candles
from trading.lab.workers import Answer, Kind, Workers
from trading.market.archive import Recorded
from trading.modes import MODES, wiring
from trading.running import Running, symbols_of
from trading.shared import Shared
from trading.store.records import SleeveOverride, StoredEvent
from trading.strategies import find, strategies
from trading.strategies.own import load_folder
from trading.views import status_of

Listener = Callable[[str, Event], None]
log = structlog.get_logger("service")

KILL_ASKED = "a kill was asked for"  # the reason of the pause that begins with the question
QUOTE_SECONDS = 5.0  # how long a kill waits for fresh prices; without them it sells at the next candle
MOST_CANDLES = 600_000  # a year of minutes of one symbol
LOOK_BACK = timedelta(days=90)  # how far a backtest looks back when nothing else is said


@dataclass(slots=True)
class Trading(Running):
    """All accounts of this house, and everything one may ask of them."""

    workers: Workers = field(default_factory=Workers)
    archive: Archive = field(init=False)  # recorded candles, and the way to more of them
    _shared: Shared = field(default_factory=Shared)

    def __post_init__(self) -> None:
        self.archive = Archive(self.settings, self.clock)

    def check(self) -> None:
        """Raise SettingsError when an account cannot trade as it is set up; nothing is started then."""
        load_folder(self.settings.strategies_dir)
        for name, account in self.settings.accounts.items():
            wiring(account.trading_mode, name)
            check_exchange(self.settings, name)
            sleeves_of(self.settings, name)

    async def close(self) -> None:
        """Everything written, every market and worker let go of."""
        self.workers.close()
        await Running.close(self)

    # --- stopping and starting --------------------------------------------------------------------------

    async def kill(self, reason: str, by: str, account: str | None = None) -> None:
        """Stop at once: latch, file, cancel, sell at the next price. Killing twice is killing once."""
        self.step(self.named(account), lambda now: KillAsked(now, reason, by))
        trouble = self._write_kill_file(reason, by) if account is None else None
        for floor in self.floors.values():
            waiting = {s for room in floor.rooms.values() for s in room.executor.waiting}
            if waiting:
                await self._quote(floor, waiting)
        await self.keep_all()
        if trouble:
            raise Refused(f"Everything is stopped, but the KILL_SWITCH file could not be written: {trouble}.")

    @staticmethod
    async def _quote(floor: Floor, symbols: set[str]) -> None:
        """Sell at a fresh price where there is one; what a silent market cannot tell sells at its next candle."""
        try:
            async with asyncio.timeout(QUOTE_SECONDS):
                await floor.quote(symbols)
        except (TradingError, TimeoutError) as error:
            log.warning("no_quote", symbols=sorted(symbols), reason=str(error))

    async def close_entries(self, by: str) -> None:
        """Pause every account at once, because a kill is being asked for; what is stopped already stays as it is."""
        await self.do(
            self.named(None), lambda now: HaltAsked(now, HaltKind.PAUSE, "a kill was asked for", by)
        )

    async def unkill(self, by: str, account: str | None = None) -> None:
        """An owner lifts the kill: entries may open again, drawdown is measured from here."""
        killed = [room for room in self.named(account) if room.desk.halts.killed]
        if not killed:
            raise Refused("Nothing is killed, so there is nothing to lift.")
        if account is None and self.trouble:
            name, why = next(iter(self.trouble.items()))
            raise Refused(f"The account {name} cannot be reached yet ({why}); lift the kill once it is back.")
        try:
            self.kill_file.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(
                f"The KILL_SWITCH file cannot be removed ({error.strerror}), so the kill stays."
            ) from None
        await self.do(killed, lambda now: KillLifted(now, by))
        await self._lift_kill_pause(killed, by)

    async def _lift_kill_pause(self, rooms: Iterable[Room], by: str) -> None:
        """The pause that asking for a kill began; one that a person asked for stays."""
        asked = [
            r
            for r in rooms
            if any((h.kind, h.reason) == (HaltKind.PAUSE, KILL_ASKED) for h in r.desk.halts.all)
        ]
        await self.do(asked, lambda now: HaltLifted(now, HaltKind.PAUSE, by))

    async def obey_kill_file(self) -> None:
        """The file stops everything; taking it away does not start anything."""
        if any(not room.desk.halts.killed for room in self.rooms.values()) and self.kill_file.exists():
            await self.kill("the KILL_SWITCH file appeared", by="file")

    async def pause(self, account: str, reason: str, by: str) -> None:
        """No new entries until somebody resumes; exits go on."""
        await self.do(self.named(account), lambda now: HaltAsked(now, HaltKind.PAUSE, reason, by))

    async def resume(self, account: str, by: str) -> None:
        """Entries open again. A kill is not lifted by this."""
        halts = self.room(account).desk.halts
        if halts.killed:
            raise Refused("This account is killed; only an owner's /unkill ends that.")
        kinds = [kind for kind in (HaltKind.PAUSE, HaltKind.BROKEN) if kind in halts]
        if not kinds:
            raise Refused("This account is not paused.")
        await self._lift_kill_pause(
            self.rooms.values(), by
        )  # "sell nothing" after a kill question paused them all
        for kind in kinds:
            await self.do(self.named(account), partial(HaltLifted, kind=kind, by=by))

    async def switch(self, account: str, sleeve: str, enabled: bool, by: str) -> None:
        """Turn a strategy on or off; switched off it sells what it holds."""
        room = self.room(account)
        found = self._sleeve(room, sleeve)
        if found.enabled == enabled:
            raise Refused(f"{sleeve} is {'on' if enabled else 'off'} already.")
        await self._change_sleeve(room, replace(found, enabled=enabled), {}, by)

    async def set_params(self, account: str, sleeve: str, words: Mapping[str, str], by: str) -> None:
        """Change a strategy's parameters from the next candle on; raises Refused when one does not fit."""
        room = self.room(account)
        found = self._sleeve(room, sleeve)
        params = found.strategy.params({**found.strategy.values(found.params), **words})
        changed = {name: value for name, value in found.strategy.values(params).items() if name in words}
        await self._change_sleeve(room, replace(found, params=params), changed, by)

    async def _change_sleeve(self, room: Room, changed: Sleeve, words: Mapping[str, Any], by: str) -> None:
        """History first, because a market may fail to give it; then the database, then the desk."""
        floor = next((f for f in self.floors.values() if room.name in f.rooms), None)
        if floor is not None:
            async with floor.busy:
                await floor.learn(changed.questions())
        known = (await self.store.sleeves(room.name)).get(changed.name, SleeveOverride())
        switched = room.desk.sleeves[changed.name].enabled != changed.enabled
        override = SleeveOverride(
            enabled=changed.enabled if switched else known.enabled, params={**known.params, **words}
        )
        await self.store.save_sleeve(room.name, changed.name, override)
        values: dict[str, Any] = dict(changed.strategy.values(changed.params))
        await self.do([room], lambda now: SleeveChanged(now, changed.name, changed.enabled, values, by))

    def _write_kill_file(self, reason: str, by: str) -> str | None:
        try:
            self.kill_file.write_text(f"{self.clock().isoformat()} {by}: {reason}\n")
        except OSError as error:
            return error.strerror or type(error).__name__
        return None

    # --- looking ----------------------------------------------------------------------------------------

    def checks(self) -> dict[str, Any]:
        """Yes or no for everything that must work, for supervisors."""
        health = self.health()
        accounts = {f"account {name}": state == "ok" for name, state in health["accounts"].items()}
        return {"started": self.ready.is_set(), "database": self.keeper.trouble is None, **accounts}

    def header(self, account: str) -> str:
        """Mode and account, as every message starts."""
        mine = self.settings.accounts.get(account)
        return f"{MODES[mine.trading_mode].badge} · {account}" if mine else account

    def status(self, account: str) -> Status:
        return status_of(self.room(account), self.settings.accounts[account], self.trouble.get(account))

    def symbols(self, account: str) -> tuple[str, ...]:
        return symbols_of(self.settings, account)

    async def orders(self, account: str, limit: int, offset: int = 0) -> list[Order]:
        """Newest first."""

        async def work() -> list[Order]:
            return await self.store.orders(account, limit=limit, offset=offset)

        return await self._shared.get(("orders", account, limit, offset), self._state(account), work)

    def _state(self, account: str) -> tuple[int, int]:
        """What answers depend on: they are worked out anew once this has changed."""
        return self.room(account).desk.book.fills, self.keeper.written

    async def fills(self, account: str, since: datetime | None = None) -> list[Fill]:
        return await self.store.fills(account, since=since)

    async def trades(self, account: str) -> tuple[RoundTrip, ...]:
        """Closed trades, oldest first."""

        async def work() -> tuple[RoundTrip, ...]:
            return round_trips(await self.store.fills(account))

        return await self._shared.get(("trades", account), self._state(account), work)

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
        return await self._shared.get(
            ("figures", account), self._state(account), lambda: self._figures(account)
        )

    async def _figures(self, account: str) -> Figures:
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

        async def work() -> list[Period]:
            points = await self.equity(account, since - timedelta(days=1))
            return by_period(points, await self.trades(account), since, self.clock(), length, zone)

        return await self._shared.get(("periods", account, length, zone, since), self._state(account), work)

    def timeframe(self, account: str) -> str:
        return self.settings.accounts[account].timeframe

    async def flows(self, account: str) -> list[CashFlow]:
        return await self.store.flows(account)

    async def events(self, account: str, since: datetime | None = None, limit: int = 50) -> list[StoredEvent]:
        return await self.store.events(account, since=since, limit=limit)

    async def candles(self, account: str, symbol: str, timeframe: Timeframe, count: int) -> list[Candle]:
        """The newest closed candles; raises Refused for a symbol the market does not have."""
        floor = self.floor_of(account)
        await floor.market.instruments([symbol])
        now = self.clock()
        start = timeframe.floor(now) - timeframe.length * count
        return await floor.market.candles(symbol, timeframe, start, now)

    def health(self) -> dict[str, Any]:
        """Whether everything that must work does, as plain facts."""
        feeds = {key: floor.feed.health() for key, floor in self.floors.items()}
        names = {key: self.floors[key].market.name for key in feeds}
        return {
            "ok": not self.trouble and self.keeper.trouble is None,
            "uptime_seconds": int((self.clock() - self.started_at).total_seconds()) if self.started_at else 0,
            "database": self.keeper.trouble or "ok",
            "markets": {names[key]: health for key, health in feeds.items()},
            "accounts": {name: self.trouble.get(name, "ok") for name in self.accounts},
        }

    # --- research ---------------------------------------------------------------------------------------

    async def research(self, kind: Kind, question: Question, account: str) -> AsyncIterator[float | Report]:
        """Would this have worked? Progress (0 ... 1), then the report.

        A backtest steps the desk over all candles at once; a replay sends them through a paper account by the code
        of the live session. Without recorded candles: those of the account's market.
        """
        async for answer in self._research(kind, question, account):
            if not isinstance(answer, Honesty):
                yield answer

    async def examine(self, trial: Trial, account: str) -> AsyncIterator[float | Honesty]:
        """Is it honest, or luck? Progress (0 ... 1), then every verdict, against the limits of this house."""
        trial = replace(trial, drawdown_limit=self.settings.risk.drawdown)
        async for answer in self._research("honesty", trial, account):
            if not isinstance(answer, Report):
                yield answer

    async def search(
        self, asked: SearchQuestion, account: str
    ) -> AsyncIterator[SearchProgress | SearchResult]:
        """Better parameters: progress now and then, then what was found. What was tried outlives its process."""
        asked = await asyncio.to_thread(searching.rejoined, asked, searching.place(self.settings))
        question = replace(asked.question, params={})
        if question.data is not None:
            recorded = await asyncio.to_thread(self.archive.load, question, self._exchange(account))
        else:
            end = question.end or self.clock()
            question = replace(question, start=question.start or end - LOOK_BACK, end=end)
            recorded = await self._recorded(question, account)
        asked = replace(asked, question=replace(question, params=asked.question.params))
        order = await asyncio.to_thread(searching.order_for, asked, recorded, self.settings)
        async with aclosing(searching.run(order, own_process=self.workers.own_process)) as heard:
            async for told in heard:
                yield told

    async def _research(self, kind: Kind, question: Question, account: str) -> AsyncIterator[float | Answer]:
        started = perf_counter()
        if question.data is not None:
            recorded = await asyncio.to_thread(self.archive.load, question, self._exchange(account))
        else:
            recorded = await self._recorded(question, account)
        async for answer in self.workers.run(kind, question, recorded, perf_counter() - started):
            yield answer

    def _exchange(self, account: str) -> str:
        return self.settings.accounts[account].exchange

    async def _recorded(self, question: Question, account: str) -> tuple[Recorded, ...]:
        mine = self.settings.accounts[account]
        timeframe = Timeframe.parse(question.timeframe or mine.timeframe)
        end = question.end or self.clock()
        start = question.start or end - LOOK_BACK
        symbols = question.symbols or mine.symbols
        asked = max((end - start) // timeframe.length, 0) * len(symbols)
        if asked > MOST_CANDLES:
            raise Refused(
                f"That is {asked:,} candles, and a chat may ask for {MOST_CANDLES:,}; choose a longer timeframe, fewer "
                "symbols or less time, or fill the archive with /download and use --data archive."
            )
        market = market_for(mine, self.settings, self.clock)
        try:
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

    # --- inside ---

    @staticmethod
    def _sleeve(room: Room, name: str) -> Any:
        if name not in room.desk.sleeves:
            raise Refused(
                f"Account {room.name} has no strategy '{name}'; it has {', '.join(room.desk.sleeves)}."
            )
        return room.desk.sleeves[name]
