"""The desk's memory as plain JSON, so that a restart continues where it stopped."""

from dataclasses import astuple
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from trading.core.book import Book
from trading.core.desk import Desk
from trading.core.protect import Guard
from trading.core.sleeve import Line
from trading.domain.account import Position


def remember(desk: Desk) -> dict[str, Any]:
    """Everything a restart needs besides live orders and halts, which have tables of their own."""
    book = desk.book
    return {
        "cash": str(book.cash),
        "fees": str(book.fees),
        "fills": book.fills,
        "peak_equity": str(book.peak_equity),
        "day_start_equity": str(book.day_start_equity),
        "day": book.day.isoformat() if book.day else None,
        "prices": {symbol: str(price) for symbol, price in book.prices.items()},
        "positions": [_position_out(p) for p in book.positions.values()],
        "lines": [
            [
                *key,
                line.wanted,
                line.acted,
                line.reached,
                line.refusal,
                line.rest,
                line.barred,
                line.shut_until,
                line.due,
                line.weight,
            ]
            for key, line in desk.lines.items()
        ],
        "guards": [[*key, *astuple(guard)] for key, guard in desk.guards.items()],
        "seen": {symbol: at.isoformat() for symbol, at in desk.seen.items()},
        "records": desk.records,
        "trips": desk.trips.remember(),
        "risk": desk.risk.remember(),
    }


def recall(desk: Desk, memory: dict[str, Any]) -> None:
    """Put a remembered state back into a freshly built desk."""
    book = desk.book
    _recall_book(book, memory)
    desk.lines = {(sleeve, symbol): Line(*remembered) for sleeve, symbol, *remembered in memory["lines"]}
    desk.guards = {
        (sleeve, symbol): Guard(*known)
        for sleeve, symbol, *known in memory.get("guards", ())
        if sleeve in desk.sleeves and desk.sleeves[sleeve].protection.on
    }
    desk.seen = {symbol: datetime.fromisoformat(at) for symbol, at in memory["seen"].items()}
    desk.risk.recall(memory.get("risk", {}))
    desk.records = {sleeve: list(record) for sleeve, record in memory.get("records", {}).items()}
    desk.trips.recall(memory.get("trips"), book.positions)


def _recall_book(book: Book, memory: dict[str, Any]) -> None:
    book.cash, book.fees = Decimal(memory["cash"]), Decimal(memory["fees"])
    book.fills = memory["fills"]
    book.peak_equity = Decimal(memory["peak_equity"])
    book.day_start_equity = Decimal(memory["day_start_equity"])
    book.day = date.fromisoformat(memory["day"]) if memory["day"] else None
    book.prices = {symbol: Decimal(price) for symbol, price in memory["prices"].items()}
    positions = [_position_in(row) for row in memory["positions"]]
    book.positions = {(p.sleeve, p.symbol): p for p in positions}


def _position_out(position: Position) -> list[str]:
    p = position
    return [p.sleeve, p.symbol, str(p.quantity), str(p.entry_price), p.opened_at.isoformat(), str(p.fees)]


def _position_in(row: list[str]) -> Position:
    sleeve, symbol, quantity, entry_price, opened_at, fees = row
    return Position(
        sleeve=sleeve,
        symbol=symbol,
        quantity=Decimal(quantity),
        entry_price=Decimal(entry_price),
        opened_at=datetime.fromisoformat(opened_at),
        fees=Decimal(fees),
    )
