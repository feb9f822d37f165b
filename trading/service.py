"""The door: everything a chat may ask of trading, one sentence a person would say per method."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from trading import delisted
from trading.analysis.metrics import measure
from trading.analysis.periods import by_period, first_start
from trading.analysis.trades import round_trips
from trading.archiving import Archive
from trading.boot import check_exchange, sleeves_now
from trading.build import sleeves_of
from trading.calendars import closures_for
from trading.domain.errors import Refused
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill, Order
from trading.domain.report import CashFlow, EquityPoint, RoundTrip
from trading.domain.view import Figures, Period, Status
from trading.drill import Drill, drill
from trading.incidents import Incidents
from trading.keywatch import KeyWatch, asks_exchange
from trading.laboratory import Laboratory
from trading.ladder import Ladder
from trading.limits import limits_for
from trading.modes import MODES, wiring
from trading.opening import Opening
from trading.portfolios import Portfolios
from trading.realmoney import RealMoney
from trading.replaying import Replays
from trading.reporting import Reports
from trading.risks import Risks
from trading.running import Running, symbols_of
from trading.safe import Safe
from trading.seating import Seats, ccxt_ways, check_real
from trading.shared import Shared
from trading.steering import Steering
from trading.store.changes import kept_limits
from trading.store.notices import NoticeStore
from trading.store.records import StoredEvent
from trading.strategies.own import load_folder
from trading.views import status_of


@dataclass(slots=True)
class Trading(Steering):
    """All accounts of this house, and everything one may ask of them."""

    archive: Archive = field(init=False)  # recorded candles, and the way to more of them
    lab: Laboratory = field(init=False)  # backtests, honesty, search
    incidents: Incidents = field(init=False)  # what is wrong, and what was
    opening: Opening = field(init=False)  # accounts that people open and close
    ladder: Ladder = field(init=False)  # from paper to real money, step by step
    safe: Safe = field(init=False)  # exchange keys and the audit
    real: RealMoney = field(init=False)  # cards, parked orders, differences: accounts with real money
    portfolio: Portfolios = field(init=False)  # correlation, bad days, stress, rebalancing
    risks: Risks = field(init=False)  # limits, reasons, the calendar
    keywatch: KeyWatch = field(init=False)  # what exchanges say of the keys behind real money
    reports: Reports = field(init=False)  # looking back: reviews, a year's gains
    replays: Replays = field(init=False)  # single trades again; strategies and accounts side by side
    _shared: Shared = field(default_factory=Shared)

    def __post_init__(self) -> None:
        self.seats = Seats(self.settings, self.store, self.keeper, self.clock)
        self.real = RealMoney(self.seats)
        self.archive = Archive(self.settings, self.clock)
        kept = partial(kept_limits, self.store)
        sleeves = partial(sleeves_now, self.settings, self.store)
        self.lab = Laboratory(self.settings, self.clock, self.archive, kept, sleeves)
        self.incidents = Incidents(NoticeStore(self.store.database), self.clock)
        self.portfolio = Portfolios(self)
        self.opening = Opening(self)
        self.ladder = Ladder(self)
        self.safe = Safe(self.store, self.exchange_of)
        has = partial(delisted.had, self.store)
        self.seats.open_way = ccxt_ways(self.settings, self.safe, self.clock, has)
        self.keywatch = KeyWatch(self, self.seats, asks_exchange(self.settings, self.safe, self.clock))
        self.risks = Risks(self)
        self.reports = Reports(self)
        self.replays = Replays(self)

    def check(self) -> None:
        """Raise SettingsError when an account cannot trade as it is set up; nothing is started then."""
        load_folder(self.settings.strategies_dir)
        for name, account in self.settings.accounts.items():
            wiring(account.trading_mode, name)
            check_real(self.settings, name)
            check_exchange(self.settings, name)
            sleeves_of(self.settings, name)
            limits_for(self.settings, name)
            closures_for(self.settings, name, self.clock())

    async def close(self) -> None:
        """Everything written, every market and worker let go of."""
        self.lab.workers.close()
        await Running.close(self)

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
        room = self.room(account)
        floor = next((f for f in self.floors.values() if account in f.rooms), None)
        untraded = delisted.untraded(floor.market, room) if floor else ()
        return status_of(room, self.settings.accounts[account], self.trouble.get(account), untraded)

    def symbols(self, account: str) -> tuple[str, ...]:
        return symbols_of(self.settings, account)

    async def orders(self, account: str, limit: int, offset: int = 0) -> list[Order]:
        """Newest first."""

        async def work() -> list[Order]:
            return await self.store.orders(account, limit=limit, offset=offset)

        return await self._shared.get(("orders", account, limit, offset), self._state(account), work)

    def steps(self, account: str) -> dict[str, Decimal]:
        """The smallest amount of each of its markets."""
        return {symbol: i.amount_step for symbol, i in self.room(account).desk.instruments.items()}

    def _state(self, account: str) -> tuple[int, int]:
        """What answers depend on: they are worked out anew once this has changed."""
        return self.room(account).desk.book.fills, self.keeper.written

    async def fills(self, account: str, since: datetime | None = None) -> list[Fill]:
        return await self.store.fills(account, since=since)

    async def trades(self, account: str) -> tuple[RoundTrip, ...]:
        """Closed trades, oldest first."""

        async def work() -> tuple[RoundTrip, ...]:
            return round_trips(await self.store.fills(account), self.steps(account))

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

    def exchange_of(self, account: str) -> str:
        """The exchange of an account; raises Refused for an account there is not."""
        if account not in self.settings.accounts:
            raise Refused(f"There is no account '{account}'; there are {', '.join(self.accounts)}.")
        return self.settings.accounts[account].exchange

    def fee_of(self, account: str, symbol: str) -> Decimal:
        """What the exchange takes of a trade, as a share."""
        return self.room(account).desk.instruments[symbol].taker_fee

    def drill(self, account: str) -> Drill:
        """Rehearse a kill on a copy of the book."""
        return drill(self.room(account), self.clock())

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
