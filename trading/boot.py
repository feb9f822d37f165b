"""How an account comes to life: restored or new, its past lived through, its missed candles made up."""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.build import Room, room, sleeves_of
from trading.calendars import closures_for
from trading.clock import Clock
from trading.core.frames import Columns
from trading.core.halts import Halts
from trading.core.memory import recall
from trading.core.orders import Orders
from trading.core.signals import Board
from trading.core.sleeve import Sleeve
from trading.domain.errors import Refused, SettingsError
from trading.domain.events import CandlesClosed, CashMoved, Event
from trading.domain.market import Candle, Instrument, Timeframe
from trading.domain.report import CashFlow
from trading.domain.risk import HaltKind
from trading.exchange.client import CcxtMarket
from trading.exchange.hosts import check_options
from trading.exchange.library import check_id
from trading.exchange.resilience import Tell
from trading.floor import Floor
from trading.limits import limits_for
from trading.market.feed import Market
from trading.market.live import LiveFeed
from trading.market.simulated import SimulatedMarket
from trading.risk.calendar import Calendar
from trading.settings import AccountSettings, Settings
from trading.store.changes import kept_limits, skipped_closures
from trading.store.records import SleeveOverride
from trading.store.store import Store

PAST = timedelta(days=30)  # simulated days a new simulated account has already lived through
EQUITY_EVERY = timedelta(minutes=15)
BASE = Timeframe(60)
PASSING = (HaltKind.FEED, HaltKind.STORE)  # conditions, not latches: a fresh start finds out anew


def market_for(
    account: AccountSettings, settings: Settings, clock: Clock, tell: Tell | None = None
) -> Market:
    """The market an account asked for; never another one instead. `tell` hears when it is asked no more, and again."""
    if account.exchange == "simulated":
        return SimulatedMarket(settings.simulated.seed, clock)
    return CcxtMarket(account.exchange, dict(account.exchange_options), clock, tell=tell)


def check_exchange(settings: Settings, account: str) -> None:
    """Raise SettingsError for an exchange nobody knows, options that lead elsewhere, and symbols of two
    currencies; nothing is connected."""
    exchange, symbols = settings.accounts[account].exchange, settings.accounts[account].symbols
    _currency(account, (symbol.partition("/")[2].partition(":")[0] for symbol in symbols))
    if exchange == "simulated":
        return
    what = "exchange"
    try:
        check_id(exchange)
        what = "exchange_options"
        check_options(
            exchange, settings.accounts[account].exchange_options, settings.accounts[account].allow_hosts
        )
    except Refused as refused:
        where = settings.where(("accounts", account, what))
        raise SettingsError(f"{where}: {refused.tell}") from None


async def open_room(
    name: str,
    settings: Settings,
    instruments: Mapping[str, Instrument],
    store: Store,
    answers: Board,
    listener: Callable[[Event], None],
) -> Room:
    """The account as it was when it stopped; or as the settings describe it, when it never ran."""
    mine = settings.accounts[name]
    sleeves = await sleeves_now(settings, store, name)
    made = room(
        name,
        mode=mine.trading_mode,
        currency=_currency(name, (i.quote for i in instruments.values())),
        cash=mine.cash,
        fee=mine.fee,
        slippage=mine.slippage,
        instruments=instruments,
        sleeves=sleeves,
        limits=limits_for(settings, name, await kept_limits(store, name)),
        answers=answers,
        equity_every=EQUITY_EVERY,
        listeners=(listener,),
    )
    skipped = await skipped_closures(store, name)
    made.desk.calendar = Calendar.of(closures_for(settings, name, store.clock(), skipped))
    await _restore(made, store)
    return made


async def _restore(made: Room, store: Store) -> None:
    kept = await store.snapshot(made.name)
    if kept is None:
        return
    recall(made.desk, kept[1])
    live = await store.orders(made.name, live_only=True, limit=10_000)
    made.desk.orders = Orders(live)
    made.desk.halts = Halts(h for h in await store.halts(made.name) if h.kind not in PASSING)
    made.executor.restore(live)


def begin(made: Room, at: datetime, note: str = "paper money") -> None:
    """A new account starts with its cash as the first flow in its books, so that it is never taken for profit."""
    book = made.desk.book
    start = CashFlow(at=at, amount=book.cash, note=note)
    book.cash = book.peak_equity = book.day_start_equity = Decimal(0)
    made.session.step(CashMoved(at, start))


async def live_past(rooms: Sequence[Room], market: Market, now: datetime) -> None:
    """Let new simulated accounts live through their last 30 days; strategies they share are asked once for all."""
    by_step: dict[Timeframe, list[Room]] = {}
    for made in rooms:
        frames = [s.timeframe.seconds for s in made.desk.sleeves.values()]
        by_step.setdefault(Timeframe(math.gcd(*frames)) if frames else BASE, []).append(made)
    for step, group in by_step.items():
        await _live_past(group, market, step, step.floor(now) - PAST, step.floor(now))


async def _live_past(
    rooms: Sequence[Room], market: Market, step: Timeframe, start: datetime, end: datetime
) -> None:
    board = Board(step, keep_all=True)
    for question in (q for made in rooms for s in made.desk.sleeves.values() for q in s.questions()):
        board.ask(question)
    for made in rooms:
        for symbol in made.desk.instruments if made.desk.limits.needs_history else ():
            board.watch(symbol)
    reach = {s: max(n * f.seconds for (t, f), n in board.needs().items() if t == s) for s, _ in board.needs()}
    lived: dict[str, list[Candle]] = {}
    for symbol in dict.fromkeys(s for made in rooms for s in made.desk.instruments):
        first = start - timedelta(seconds=reach.get(symbol, 0))
        candles = await market.candles(symbol, step, first, end)
        board.extend(symbol, Columns.of(candles))
        lived[symbol] = [c for c in candles if c.opened_at >= start]
    for made in rooms:
        await _step_through(made, board, [c for s in made.desk.instruments for c in lived[s]], start)


async def _step_through(made: Room, board: Board, candles: Sequence[Candle], start: datetime) -> None:
    begin(made, start)
    groups: dict[datetime, list[Candle]] = {}
    for candle in candles:
        groups.setdefault(candle.closed_at, []).append(candle)
    later, made.desk.answers = made.desk.answers, board
    for number, at in enumerate(sorted(groups)):
        made.session.step(CandlesClosed(at, tuple(groups[at])))
        if number % 50 == 0:
            await asyncio.sleep(0)  # the chat answers meanwhile
    made.desk.answers = later


def open_floor(market: Market, symbols: tuple[str, ...]) -> Floor:
    """Minute candles of these symbols, closed by the exchange's own time."""
    return Floor(market, LiveFeed(market, symbols, BASE, market.now), BASE)


async def sleeves_now(settings: Settings, store: Store, account: str) -> dict[str, Sleeve]:
    """An account's sleeves as the settings describe them, and what people changed of them since."""
    sleeves = sleeves_of(settings, account)
    for name, override in (await store.sleeves(account)).items():
        if name in sleeves:
            sleeves[name] = _overridden(sleeves[name], override)
    return sleeves


def _overridden(sleeve: Sleeve, override: SleeveOverride) -> Sleeve:
    values = sleeve.strategy.values(sleeve.params) | override.params
    try:
        params = sleeve.strategy.params(values)
    except Refused as refused:
        raise SettingsError(f"The stored parameters of {sleeve.name} no longer fit: {refused.tell}") from None
    enabled = sleeve.enabled if override.enabled is None else override.enabled
    return replace(sleeve, params=params, enabled=enabled)


def _currency(name: str, quotes: Iterable[str]) -> str:
    found = sorted(set(quotes))
    if len(found) != 1:
        raise SettingsError(
            f"accounts.{name}.symbols: an account has one currency; found {', '.join(found)}. "
            "Give each currency an account of its own."
        )
    return found[0]
