"""Protection at the desk: whose levels a candle touched, what may be acted on now, and what is sold because of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from math import isnan
from typing import TYPE_CHECKING

from trading.core import protect
from trading.core.plan import client_id, intent_for
from trading.core.protect import Guard, Touch
from trading.core.sleeve import Line, Sleeve
from trading.domain.account import Position
from trading.domain.actions import Action
from trading.domain.events import CandlesClosed
from trading.domain.market import Candle
from trading.domain.order import Fill, Reason
from trading.domain.protection import PROTECTIVE

if TYPE_CHECKING:
    from trading.core.desk import Desk

Key = tuple[str, str]


def touched(desk: "Desk", event: CandlesClosed) -> list[Action]:
    """The sale that these candles' first touch of a level asks for; asked again until there is none.

    What happened inside a candle happened before its close: this comes before anything is marked or decided by it.
    """
    if not desk.guards or desk.halts.killed:
        return []
    for candle in event.candles:
        if not candle.sound or not desk.is_news(candle):
            continue
        for key, guard in desk.guards.items():
            if key[1] != candle.symbol or guard.tried == _seconds(event.at) or desk.orders.blocked(*key):
                continue  # where a candle's volume gave nothing, the next one may
            sleeve = desk.sleeves[key[0]]
            touch = protect.touched(sleeve.protection, guard, candle, sleeve.timeframe.seconds)
            actions = _sell(desk, sleeve, candle, guard, touch, event.at) if touch else []
            if actions:
                return actions
    return []


def _sell(
    desk: "Desk", sleeve: Sleeve, candle: Candle, guard: Guard, touch: Touch, at: datetime
) -> list[Action]:
    symbol = candle.symbol
    held, price = desk.book.held(sleeve.name, symbol), Decimal(repr(touch.price))
    part = held
    if touch.share is not None:
        part = _tier(desk, symbol, guard, touch.share) - Decimal(repr(guard.sold))
    line = desk.line(sleeve.name, symbol)
    whole = part >= held
    intent = intent_for(
        account=desk.book.name,
        sleeve=sleeve.name,
        instrument=desk.instruments[symbol],
        target=Decimal(0) if whole else held - part,
        held=held,
        price=price,
        reason=touch.reason,
        at=at,
    )
    if intent is None:
        return []
    guard.tried = _seconds(at)
    if whole:
        give_up(sleeve, line)
    number = client_id(desk.book.name, sleeve.name, symbol, intent.side, touch.reason, at, guard.taken)
    return desk.ask_gate(replace(intent, client_id=number, touched=price), None, at)


def overdue(desk: "Desk", sleeve: Sleeve, symbol: str, at: datetime) -> bool:
    """Whether a position has been held for as long as it may be; its line wants out then."""
    guard = desk.guards.get((sleeve.name, symbol))
    if guard is None or not protect.overdue(sleeve.protection, guard, _seconds(at), sleeve.timeframe.seconds):
        return False
    give_up(sleeve, desk.line(sleeve.name, symbol))
    return True


def give_up(sleeve: Sleeve, line: Line) -> None:
    """Out, whatever the strategy says; whether it may be in again is looked at with its next word."""
    line.acted, line.reached, line.barred = 0.0, False, line.wanted != 0
    line.due = 0 if sleeve.protection.reenter else None


def may_act(desk: "Desk", sleeve: Sleeve, symbol: str, line: Line, exposure: float, at: datetime) -> bool:
    """Whether this exposure may be acted on now. Where it may be later, the line remembers when."""
    line.due = None
    p, now = sleeve.protection, _seconds(at)
    guard = desk.guards.get((sleeve.name, symbol))
    if line.acted != 0:
        less = exposure * line.acted <= 0 or abs(exposure) < abs(line.acted)
        if not less or guard is None or not protect.holds(p, guard, now, sleeve.timeframe.seconds):
            return True
        line.due = guard.since + p.min_hold * sleeve.timeframe.seconds
        return False
    if line.barred and not p.reenter:
        return False
    if guard is not None:
        line.due = 0  # first what is left of the last position has to go
        return False
    if now < line.shut_until:
        line.due = line.shut_until
        return False
    if p.needs_swing and _swing(desk, sleeve, symbol, now) is None:
        line.due = 0  # nobody knows when it will be known
        return False
    line.barred = False
    return True


def after_fill(desk: "Desk", fill: Fill, before: Position | None) -> None:
    """A guard begins with the position, follows its size, and ends with it."""
    key, sleeve = (fill.sleeve, fill.symbol), desk.sleeves.get(fill.sleeve)
    if sleeve is None or not sleeve.protection.on:
        return
    now, position, guard = _seconds(fill.at), desk.book.positions.get(key), desk.guards.get(key)
    if position is None or not _sellable(desk, position):
        desk.guards.pop(key, None)
        if fill.reason in PROTECTIVE:
            line = desk.line(*key)
            if fill.reason in (Reason.STOP, Reason.TRAILING_STOP) and line.acted != 0:
                give_up(sleeve, line)  # a stop that rested at the exchange sold it, without a decision here
            line.shut_until = now + sleeve.protection.cool_down * sleeve.timeframe.seconds
    elif guard is None or before is None or not _sellable(desk, before):
        _begin(desk, sleeve, position, now)
    elif position.quantity > before.quantity:
        protect.enlarge(guard, float(position.entry_price), float(position.quantity))
    elif fill.reason is Reason.TAKE_PROFIT:
        _take(desk, sleeve, guard, fill)


def _take(desk: "Desk", sleeve: Sleeve, guard: Guard, fill: Fill) -> None:
    """A tier is taken once all of it is sold, in however many parts."""
    tiers, sold = sleeve.protection.tiers, Decimal(repr(guard.sold)) + fill.net
    if guard.taken < len(tiers) and sold < _tier(desk, fill.symbol, guard, tiers[guard.taken][1]):
        guard.sold = float(sold)
        return
    guard.taken, guard.tried, guard.sold = guard.taken + 1, 0, 0.0


def _tier(desk: "Desk", symbol: str, guard: Guard, share: float) -> Decimal:
    """How much this share of the whole position is."""
    return desk.instruments[symbol].amount(Decimal(repr(guard.amount)) * Decimal(repr(share)))


def _begin(desk: "Desk", sleeve: Sleeve, position: Position, since: int) -> None:
    p = sleeve.protection
    known = _swing(desk, sleeve, position.symbol, since) if p.needs_swing else 0.0
    swing = protect.UNKNOWN if known is None else known
    guard = protect.begin(p, float(position.entry_price), since, float(position.quantity), swing)
    desk.guards[sleeve.name, position.symbol] = guard


def closed(desk: "Desk", candles: Iterable[Candle], at: datetime) -> None:
    """Move the levels of what these candles left standing; what was bought before there was protection gets it now."""
    for candle in candles:
        for key, position in desk.book.positions.items():
            sleeve = desk.sleeves.get(key[0])
            if key[1] != candle.symbol or sleeve is None or not sleeve.protection.on:
                continue
            guard, p, now = desk.guards.get(key), sleeve.protection, _seconds(at)
            if guard is not None:
                asks = p.atr_trail or guard.swing == protect.UNKNOWN
                swing = _swing(desk, sleeve, candle.symbol, now) if asks else None
                protect.closed(p, guard, candle, swing)
            elif _sellable(desk, position):
                _begin(desk, sleeve, position, now)


def _sellable(desk: "Desk", position: Position) -> bool:
    """Whether it is at least one step of something held; dust is nobody's to protect."""
    return position.quantity > 0 and desk.instruments[position.symbol].amount(position.quantity) > 0


def left(desk: "Desk", sleeve: Sleeve, symbol: str) -> float:
    """Which part of a full position the tiers have not sold yet."""
    guard = desk.guards.get((sleeve.name, symbol))
    if guard is None or not (guard.taken or guard.sold):
        return 1.0
    sold = guard.sold / guard.amount if guard.sold else 0.0
    return max(1.0 - sum(share for _, share in sleeve.protection.tiers[: guard.taken]) - sold, 0.0)


def _swing(desk: "Desk", sleeve: Sleeve, symbol: str, at: int) -> float | None:
    question = sleeve.swing_question(symbol)
    found = None if question is None else desk.answers.newest(question, at)
    return None if found is None or isnan(found) else found


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
