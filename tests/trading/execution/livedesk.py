"""A desk with a seat at a fake exchange, in virtual time: real desk, real journal on SQLite, no threads."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.builders import HOUR, a_candle, an_instrument
from tests.fakes.inline import InlineDatabase
from tests.fakes.venue import FakeVenue, World
from tests.fakes.virtual import VirtualLoop, this_loop
from trading.build import Room
from trading.core.book import Book
from trading.core.desk import Desk
from trading.core.halts import Halts
from trading.core.memory import recall
from trading.core.orders import Orders
from trading.core.recheck import recheck
from trading.core.sleeve import Sleeve
from trading.core.stops import stops
from trading.domain.account import Mode
from trading.domain.events import CandlesClosed, CashMoved, Event, HaltAsked, KillAsked, OrderChanged
from trading.domain.live import ExternalFlow, FlowKind
from trading.domain.order import Order
from trading.domain.protection import NOTHING, Protection
from trading.domain.report import CashFlow
from trading.domain.risk import HaltKind, Limits
from trading.execution.approval import Asking
from trading.execution.live import Live, Outside
from trading.execution.seat import Seat
from trading.execution.times import Times
from trading.keeper import Keeper
from trading.recorder import Recorder
from trading.session import Session
from trading.store.journal import SqlJournal
from trading.store.store import Store
from trading.strategies import find

OPEN = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
BTC = "BTC/USDT"
ALWAYS = Asking(above=Decimal(0), lasts=timedelta(minutes=10), max_drift=0.005)  # every order asks
PASSING = (HaltKind.FEED, HaltKind.STORE)


class Wanted:
    """The strategy says what the test has put here."""

    history_seconds = 3600

    def __init__(self) -> None:
        self.exposures: dict[str, float] = {}

    def exposure(self, question: Any, at: int) -> float | None:
        return self.exposures.get(question.symbol)

    def history(self, symbol: str, at: int) -> None:
        return None


@dataclass
class LiveDesk:
    """One life of a process. `world` and the database file outlive it."""

    world: World
    path: Path
    database: InlineDatabase
    store: Store
    room: Room
    live: Live
    wanted: Wanted
    venue: FakeVenue
    killer: FakeVenue
    told: list[Event] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return self.room.desk

    @property
    def loop(self) -> VirtualLoop:
        return this_loop()

    def close(
        self, exposure: float | None = None, price: str = "100", symbol: str = BTC, high: str = ""
    ) -> None:
        """A candle closes now, and the strategy wants this exposure."""
        if exposure is not None:
            self.wanted.exposures[symbol] = exposure
        now = self.loop.wall()
        candle = a_candle(
            symbol=symbol,
            opened_at=now - HOUR.length,
            open=float(price),
            high=float(high or price),
            low=float(price),
            close=float(price),
        )
        self.world.move(symbol, Decimal(price))
        self.room.step(CandlesClosed(now, (candle,)))

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, holds: Callable[[], Any], within: float = 600.0) -> Any:
        """What `holds` answers once that is true; TimeoutError when it is not within so many virtual seconds."""
        async with asyncio.timeout(within):
            while not (found := holds()):
                await asyncio.sleep(0.05)
        return found

    def kill(self, reason: str = "a test") -> None:
        self.room.step(KillAsked(self.loop.wall(), reason, "ann"))

    def pause(self) -> None:
        self.room.step(HaltAsked(self.loop.wall(), HaltKind.PAUSE, "lunch", "ann"))

    async def keep(self) -> bool:
        return await self._keeper.keep(self.room.recorder.drain(self.loop.wall()))

    @property
    def orders(self) -> list[Order]:
        """The last that was heard of each order, oldest first."""
        last: dict[str, Order] = {}
        for event in self.told:
            if isinstance(event, OrderChanged):
                last[event.order.client_id] = event.order
        return list(last.values())

    def news(self, kind: type) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def held(self) -> Decimal:
        return self.desk.book.held("ema_cross", BTC)

    def halted(self, kind: HaltKind) -> bool:
        return kind in self.desk.halts

    def books_agree(self) -> bool:
        """Whether our books say exactly what the exchange says, to the last digit."""
        seat = self.live.seat
        assets = {"BTC", "USDT"} | set(seat.balances)
        zero = Decimal(0)
        return all(seat.balances.get(a, zero) == self.world.totals.get(a, zero) for a in assets)

    _keeper: Keeper = field(init=False, repr=False)


def a_world(**changes: Any) -> World:
    """An exchange on the running virtual loop, with 10,000 USDT in the account."""
    loop = this_loop()
    return World(loop.time, loop.wall, **changes)


@asynccontextmanager
async def a_live_desk(
    path: Path,
    world: World,
    *,
    asking: Asking | None = None,
    limits: Limits = OPEN,
    holder: str = "here",
    recover: bool = True,
    symbols: tuple[str, ...] = (BTC,),
    protection: Protection = NOTHING,
):
    """Start on this database (made when missing) and run until the end of the block."""
    desk = await open_desk(
        path, world, asking=asking, limits=limits, holder=holder, symbols=symbols, protection=protection
    )
    if recover:
        await desk.live.recover()
        await desk.keep()
    task = asyncio.create_task(desk.live.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await desk.database.close()


async def open_desk(
    path: Path,
    world: World,
    *,
    asking: Asking | None = None,
    limits: Limits = OPEN,
    holder: str = "here",
    symbols: tuple[str, ...] = (BTC,),
    protection: Protection = NOTHING,
    at_commit: Callable[[str], None] = lambda moment: None,
) -> LiveDesk:
    """A desk that has not recovered yet. It may die at a commit already now; then its file is let go of."""
    database = InlineDatabase(path)
    database.at_commit = at_commit
    try:
        return await _seated(database, path, world, asking, limits, holder, symbols, protection)
    except BaseException:
        await database.close()
        raise


async def _seated(
    database: InlineDatabase,
    path: Path,
    world: World,
    asking: Asking | None,
    limits: Limits,
    holder: str,
    symbols: tuple[str, ...],
    protection: Protection,
) -> LiveDesk:
    loop = this_loop()
    store = Store(database, loop.wall)  # type: ignore[arg-type]
    journal = SqlJournal(database)  # type: ignore[arg-type]
    instruments = {s: an_instrument(symbol=s, base=s.partition("/")[0]) for s in symbols}
    strategy, wanted = find("ema_cross"), Wanted()
    sleeve = Sleeve(
        name="ema_cross",
        strategy=strategy,
        params=strategy.params({}),
        symbols=symbols,
        timeframe=HOUR,
        share=0.5,
        enabled=True,
        protection=protection,
    )
    book = Book("main", "USDT", Decimal(0))
    made = Desk(
        book=book, instruments=instruments, limits=limits, answers=wanted, sleeves={"ema_cross": sleeve}
    )
    recorder = Recorder(made, timedelta(minutes=15))
    told: list[Event] = []
    session = Session(made, None, recorder.hear, [told.append])  # type: ignore[arg-type]
    room = Room(name="main", mode=Mode.LIVE, session=session, recorder=recorder)
    keeper = Keeper(store)

    async def keep() -> bool:
        return await keeper.keep(recorder.drain(loop.wall()))

    async def cash_moves() -> set[Any]:
        return {(f.at, f.amount, f.note) for f in await store.flows("main")}

    lease = await journal.take("main", "fakex 1", holder, loop.wall(), 0)
    seat = Seat(
        account="main",
        venue=FakeVenue(world),
        journal=journal,
        times=Times(loop.wall, loop.time),
        secret=await journal.secret(),
        lease=lease,
        instruments=instruments,
        step=room.step,
        tell=session.tell,
        keep=keep,
        cash_moves=cash_moves,
        view=lambda: made.account(loop.wall()),
        halts=lambda: made.halts.all,
        began=loop.wall(),
    )

    async def price(symbol: str) -> Decimal:
        await asyncio.sleep(seat.venue.latency)
        return world.prices[symbol]

    killer = FakeVenue(world)
    outside = Outside(
        killer=killer,
        asking=asking,
        recheck=lambda intent: recheck(made, intent, loop.wall()),
        price=price,
        stops=lambda: stops(made),
    )
    live = Live(seat, outside)
    session.executor = live
    desk = LiveDesk(world, path, database, store, room, live, wanted, seat.venue, killer, told)  # type: ignore[arg-type]
    desk._keeper = keeper
    kept = await store.snapshot("main")
    if kept is None:
        await _begin(desk, journal)
    else:
        recall(made, kept[1])
        orders = await store.orders("main", live_only=True, limit=10_000)
        made.orders = Orders(orders)
        made.halts = Halts(h for h in await store.halts("main") if h.kind not in PASSING)
        live.restore(orders)
    return desk


async def _begin(desk: LiveDesk, journal: SqlJournal) -> None:
    """A new account begins with what is there."""
    now = desk.loop.wall()
    totals = dict(desk.world.totals)
    await journal.add_flows(
        [
            ExternalFlow(
                account="main",
                ref=f"opening {asset}",
                asset=asset,
                amount=amount,
                kind=FlowKind.OPENING,
                at=now,
            )
            for asset, amount in totals.items()
        ]
    )
    desk.room.step(CashMoved(now, CashFlow(at=now, amount=totals["USDT"], note="what was there")))
    await desk.keep()
