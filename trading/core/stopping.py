"""Stopping and starting again: what halts a desk, how it sells everything, and what lifts that."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from trading.core.plan import intent_for
from trading.domain.actions import Action, CancelAll, Publish
from trading.domain.errors import Broken
from trading.domain.events import KillLifted, TradingHalted, TradingResumed, WentFlat
from trading.domain.order import Fill, Order, OrderStatus, Reason, Side
from trading.domain.risk import Halt, HaltKind, per_cent
from trading.risk.account import is_lost

if TYPE_CHECKING:
    from trading.core.desk import Desk

LIQUIDATION = frozenset({Reason.KILL, Reason.DRAWDOWN})


def watch(desk: "Desk", at: datetime) -> list[Action]:
    """The account's own limits: the lost day closes entries, the drawdown sells everything and stops."""
    if desk.halts.killed:
        return []
    book, limits = desk.book, desk.limits
    equity = book.equity
    if is_lost(equity, book.peak_equity, limits.drawdown):
        found, limit = per_cent(desk.account(at).drawdown), per_cent(limits.drawdown)
        reason = f"drawdown {found} reached its limit of {limit}"
        return kill(desk, at, reason, "risk", Reason.DRAWDOWN)
    if HaltKind.DAILY_LOSS not in desk.halts and is_lost(equity, book.day_start_equity, limits.daily_loss):
        return halt(desk, Halt(kind=HaltKind.DAILY_LOSS, reason=day_lost(desk, at), by="risk", since=at))
    return []


def day_lost(desk: "Desk", at: datetime) -> str:
    """Why entries are closed after a day's loss."""
    found, limit = per_cent(desk.account(at).day_change), per_cent(desk.limits.daily_loss)
    return f"today's loss {found} reached its limit of -{limit}"


def kill(desk: "Desk", at: datetime, reason: str, by: str, why: Reason) -> list[Action]:
    """Sell everything and stay stopped until an owner lifts it."""
    halt = Halt(kind=HaltKind.KILL, reason=reason, by=by, since=at)
    if not desk.halts.raise_(halt):
        return flatten(desk, at, why)
    for line in desk.lines.values():
        line.acted, line.reached = 0.0, True
    actions: list[Action] = [Publish(TradingHalted(at, halt)), CancelAll()]
    if not desk.orders.live and not holds_something(desk):
        return [*actions, Publish(WentFlat(at, reason, desk.book.equity, desk.book.currency))]
    return actions + flatten(desk, at, why)


def flatten(desk: "Desk", at: datetime, reason: Reason, only: tuple[str, str] | None = None) -> list[Action]:
    """Sell everything the desk surely holds, where no order is out already that could sell it."""
    actions: list[Action] = []
    for (sleeve, symbol), position in list(desk.book.positions.items()):
        if desk.orders.blocked(sleeve, symbol) or only not in (None, (sleeve, symbol)):
            continue
        intent = intent_for(
            account=desk.book.name,
            sleeve=sleeve,
            instrument=desk.instruments[symbol],
            target=Decimal(0),
            held=position.quantity,
            price=desk.book.prices[symbol],
            reason=reason,
            at=at,
        )
        if intent is not None:
            actions += desk.ask_gate(intent, None, at)
    return actions


def after_order(desk: "Desk", order: Order, at: datetime, again: bool) -> list[Action]:
    """While killed: what an order that was still out left behind is sold, once it is known. `again`: a sale was found
    too large, and a smaller one may pass."""
    intent = order.intent
    if not desk.halts.killed or order.status.is_live:
        return tell_when_flat(desk, at)
    done = order.status in (OrderStatus.CANCELED, OrderStatus.FILLED)
    if intent.reason in LIQUIDATION and not (done or again):
        return tell_when_flat(desk, at)  # one that was refused is tried again with the next candle
    sales = flatten(desk, at, Reason.KILL, only=(intent.sleeve, intent.symbol))
    return sales or tell_when_flat(desk, at)


def after_fill(desk: "Desk", fill: Fill, at: datetime) -> list[Action]:
    """While killed: what was bought by an order that we took for over is sold at once."""
    late = desk.halts.killed and fill.side is Side.BUY
    sales = flatten(desk, at, Reason.KILL, only=(fill.sleeve, fill.symbol)) if late else []
    return sales or tell_when_flat(desk, at)


def tell_when_flat(desk: "Desk", at: datetime) -> list[Action]:
    """While killed: tell once that everything is sold."""
    if not desk.halts.killed or desk.orders.live or holds_something(desk):
        return []
    kill = next(h for h in desk.halts.all if h.kind is HaltKind.KILL)
    return [Publish(WentFlat(at, kill.reason, desk.book.equity, desk.book.currency))]


def lift_kill(desk: "Desk", event: KillLifted) -> list[Action]:
    """Start afresh: drawdown is measured from here, and signals act when they next change or are still there."""
    if not desk.halts.lift(HaltKind.KILL):
        return []
    desk.book.forget_peak()
    for line in desk.lines.values():
        line.wanted, line.acted, line.reached, line.refusal = 0.0, 0.0, True, ""
        line.barred, line.shut_until, line.due = False, 0, None
    return [Publish(TradingResumed(event.at, HaltKind.KILL, event.by))]


def halt(desk: "Desk", halt: Halt) -> list[Action]:
    """No new entries, for this reason."""
    return [Publish(TradingHalted(halt.since, halt))] if desk.halts.raise_(halt) else []


def resume(desk: "Desk", at: datetime, kind: HaltKind, by: str) -> list[Action]:
    """Lift a halt that is no kill."""
    if kind is HaltKind.KILL:
        raise Broken("A kill is lifted by KillLifted only.")
    if not desk.halts.lift(kind):
        return []
    for line in desk.lines.values():
        line.refusal = ""
    return [Publish(TradingResumed(at, kind, by))]


def holds_something(desk: "Desk") -> bool:
    """Whether there is at least one step of anything; less than that is dust no exchange would take."""
    return any(desk.instruments[p.symbol].amount(abs(p.quantity)) > 0 for p in desk.book.positions.values())
