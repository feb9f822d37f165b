"""The drill of a kill: the whole of it on a paper copy of an account, timed, while the account itself goes on."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import perf_counter

from trading.build import Room
from trading.core.book import Book
from trading.core.desk import Desk
from trading.core.halts import Halts
from trading.core.memory import recall, remember
from trading.domain.events import KillAsked, PricesSeen
from trading.execution.sim import Simulated
from trading.session import Session

SLIPPAGE = Decimal("0.0005")


@dataclass(frozen=True, slots=True)
class Drill:
    """What a kill would do, and how many seconds its steps took."""

    sold: int
    flat: bool
    equity: Decimal
    shut: float  # until entries were shut and every sale decided
    selling: float
    verifying: float


def drill(room: Room, now: datetime) -> Drill:
    """Kill a copy of the account: entries shut, orders taken back, everything sold at the last prices, verified."""
    desk = _copy(room.desk)
    executor = Simulated(desk.instruments, fee=None, slippage=SLIPPAGE, cash=lambda: desk.book.cash)
    session = Session(desk, executor, lambda event: None)
    held = len(desk.book.positions)
    began = perf_counter()
    session.step(KillAsked(now, "", ""))
    shut = perf_counter()
    session.step(PricesSeen(now, {symbol: float(price) for symbol, price in desk.book.prices.items()}))
    done = perf_counter()
    flat = not desk.orders.live and not any(
        desk.instruments[p.symbol].amount(abs(p.quantity)) > 0 for p in desk.book.positions.values()
    )
    verified = perf_counter()
    return Drill(held, flat, desk.book.equity, shut - began, done - shut, verified - done)


def _copy(desk: Desk) -> Desk:
    """The same book, limits and sleeves; nothing it does reaches the account."""
    copy = Desk(
        book=Book(desk.book.name, desk.book.currency, Decimal(0)),
        instruments=desk.instruments,
        limits=desk.limits,
        answers=desk.answers,
        sleeves=dict(desk.sleeves),
    )
    recall(copy, remember(desk))
    copy.halts = Halts()
    return copy
