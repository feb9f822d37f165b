"""How an account comes to life: restored or new, its past lived through, its missed candles made up."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.build import Room, limits_of, room, sleeves_of
from trading.clock import Clock
from trading.core.desk import Sleeve
from trading.core.frames import Columns
from trading.core.halts import Halts
from trading.core.memory import recall
from trading.core.orders import Orders
from trading.core.signals import Board
from trading.domain.errors import Refused, SettingsError
from trading.domain.events import CandlesClosed, CashMoved, Event
from trading.domain.market import Candle, Instrument, Timeframe
from trading.domain.report import CashFlow
from trading.exchange.client import CcxtMarket
from trading.floor import Floor
from trading.market.feed import Market
from trading.market.live import LiveFeed
from trading.market.simulated import SimulatedMarket
from trading.settings import AccountSettings, Settings
from trading.store.records import SleeveOverride
from trading.store.store import Store

PAST = timedelta(days=30)  # simulated days a new simulated account has already lived through
EQUITY_EVERY = timedelta(minutes=15)
BASE = Timeframe(60)


def market_for(account: AccountSettings, settings: Settings, clock: Clock) -> Market:
    """The market an account asked for; never another one instead."""
    if account.exchange == "simulated":
        return SimulatedMarket(settings.simulated.seed, clock)
    return CcxtMarket(account.exchange, dict(account.exchange_options), clock)


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
    sleeves = sleeves_of(settings, name)
    for sleeve_name, override in (await store.sleeves(name)).items():
        if sleeve_name in sleeves:
            sleeves[sleeve_name] = _overridden(sleeves[sleeve_name], override)
    made = room(
        name,
        mode=mine.trading_mode,
        currency=_currency(name, instruments),
        cash=mine.cash,
        fee=mine.fee,
        slippage=mine.slippage,
        instruments=instruments,
        sleeves=sleeves,
        limits=limits_of(settings.risk),
        answers=answers,
        equity_every=EQUITY_EVERY,
        listeners=(listener,),
    )
    await _restore(made, store)
    return made


async def _restore(made: Room, store: Store) -> None:
    kept = await store.snapshot(made.name)
    if kept is None:
        return
    recall(made.desk, kept[1])
    live = await store.orders(made.name, live_only=True, limit=10_000)
    made.desk.orders = Orders(live)
    made.desk.halts = Halts(await store.halts(made.name))
    made.executor.restore(live)


def begin(made: Room, at: datetime) -> None:
    """A new account starts with its cash as the first flow in its books, so that it is never taken for profit."""
    book = made.desk.book
    start = CashFlow(at=at, amount=book.cash, note="paper money")
    book.cash = book.peak_equity = book.day_start_equity = Decimal(0)
    made.session.step(CashMoved(at, start))


async def live_past(made: Room, market: Market, now: datetime, base: Timeframe) -> datetime:
    """Let a new simulated account live through its last 30 days; answers the moment it has come to."""
    sleeves = made.desk.sleeves.values()
    step = Timeframe(math.gcd(*(s.timeframe.seconds for s in sleeves))) if sleeves else base
    end = step.floor(now)
    start = end - PAST
    board = Board(step, keep_all=True)
    questions = [q for s in sleeves for q in s.questions()]
    for question in questions:
        board.ask(question)
    warmup = max((q.warmup * q.timeframe.seconds for q in questions), default=0)
    lived: list[Candle] = []
    for symbol in made.desk.instruments:
        candles = await market.candles(symbol, step, start - timedelta(seconds=warmup), end)
        board.extend(symbol, Columns.of(candles))
        lived += [c for c in candles if c.opened_at >= start]
    begin(made, start)
    live_board, made.desk.answers = made.desk.answers, board
    by_time: dict[datetime, list[Candle]] = {}
    for candle in lived:
        by_time.setdefault(candle.closed_at, []).append(candle)
    for at in sorted(by_time):
        made.session.step(CandlesClosed(at, tuple(by_time[at])))
    made.desk.answers = live_board
    return end


def open_floor(market: Market, symbols: tuple[str, ...], clock: Clock) -> Floor:
    feed = LiveFeed(market, symbols, BASE, clock)
    return Floor(market, feed, BASE)


def _overridden(sleeve: Sleeve, override: SleeveOverride) -> Sleeve:
    values = sleeve.strategy.values(sleeve.params) | override.params
    try:
        params = sleeve.strategy.params(values)
    except Refused as refused:
        raise SettingsError(f"The stored parameters of {sleeve.name} no longer fit: {refused.tell}") from None
    enabled = sleeve.enabled if override.enabled is None else override.enabled
    return replace(sleeve, params=params, enabled=enabled)


def _currency(name: str, instruments: Mapping[str, Instrument]) -> str:
    quotes = sorted({i.quote for i in instruments.values()})
    if len(quotes) != 1:
        raise SettingsError(
            f"accounts.{name}.symbols: an account has one currency; found {', '.join(quotes)}. "
            "Give each currency an account of its own."
        )
    return quotes[0]
