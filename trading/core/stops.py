"""Stops as they should rest at an exchange: one for each protected position, where the desk itself would sell."""

from decimal import Decimal
from typing import TYPE_CHECKING

from trading.core import protect
from trading.core.protect import Guard
from trading.core.sleeve import Sleeve
from trading.domain.order import Reason
from trading.domain.protection import RestingStop

if TYPE_CHECKING:
    from trading.core.desk import Desk


def stops(desk: "Desk") -> list[RestingStop]:
    """Of every position that has a level below it: where, how much, and why.

    What is too little for the exchange has none, and neither has anything while the desk is killed: all of it is
    being sold.
    """
    if desk.halts.killed:
        return []
    found = []
    for (name, symbol), guard in desk.guards.items():
        instrument, held = desk.instruments.get(symbol), desk.book.held(name, symbol)
        if instrument is None:
            continue
        level, reason = _level(desk, desk.sleeves[name], symbol, guard)
        price, amount = instrument.price(Decimal(repr(level))), instrument.amount(max(held, Decimal(0)))
        if (
            price > 0
            and amount > 0
            and amount >= instrument.min_amount
            and amount * price >= instrument.min_cost
        ):
            found.append(RestingStop(sleeve=name, symbol=symbol, amount=amount, price=price, reason=reason))
    return found


def _level(desk: "Desk", sleeve: Sleeve, symbol: str, guard: Guard) -> tuple[float, Reason]:
    """The level that stands in the candle that has just begun; 0 where there is none."""
    p, since = sleeve.protection, desk.seen.get(symbol)
    level = protect.stop_level(p, guard)
    if since is not None and protect.holds(p, guard, int(since.timestamp()), sleeve.timeframe.seconds):
        return level, Reason.STOP
    trail = protect.trail_level(p, guard)
    return (trail, Reason.TRAILING_STOP) if trail > level else (level, Reason.STOP)
