"""Which events are worth a message, and in which words."""

from datetime import datetime

from bot.show import reason_of
from bot.words import Words
from charts.format import money, price
from trading.domain.events import (
    Event,
    FeedLost,
    FeedRestored,
    OrderChanged,
    OrderFilled,
    OrderRefused,
    SleeveFailed,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.notice import Notice, Severity
from trading.domain.order import OrderStatus, Side
from trading.domain.risk import Halt, HaltKind, RiskDecision

_WORSE = {
    HaltKind.KILL: Severity.EMERGENCY,
    HaltKind.DAILY_LOSS: Severity.CRITICAL,
    HaltKind.STORE: Severity.CRITICAL,
}


def notice_for(account: str, event: Event, say: Words) -> Notice | None:
    """The notice for an event in its reader's language, or None when it is not worth a message."""
    match event:
        case OrderFilled(at, fill):
            facts = (
                (say("fee"), money(fill.fee, fill.fee_currency)),
                (say("strategy"), fill.sleeve),
                (say("why"), say(fill.reason)),
            )
            values = {
                "amount": f"{fill.amount:f}",
                "symbol": fill.symbol,
                "price": price(fill.price, fill.fee_currency),
            }
            title = (
                say("Bought {amount} {symbol} at {price}", **values)
                if fill.side is Side.BUY
                else say("Sold {amount} {symbol} at {price}", **values)
            )
            return _notice(Severity.INFO, "trades", title, account, fill.id, at, facts)
        case OrderChanged(at, order) if order.status in (OrderStatus.REFUSED, OrderStatus.EXPIRED):
            title = say(
                "Order for {symbol} {status}: {note}",
                symbol=order.intent.symbol,
                status=say(order.status),
                note=say.again(order.note) if order.note else say("no reason given"),
            )
            return _notice(Severity.WARNING, "alerts", title, account, order.client_id, at)
        case OrderRefused(at, decision):
            return _refused(account, at, decision, say)
        case TradingHalted(at, halt):
            severity, values = _WORSE.get(halt.kind, Severity.WARNING), _who_and_why(halt, say)
            title = (
                say("KILLED by {by}: {reason}", **values)
                if halt.kind is HaltKind.KILL
                else say("No new entries, by {by}: {reason}", **values)
            )
            return _notice(severity, "alerts", title, account, f"halt:{halt.kind}", at)
        case TradingResumed(at, kind, by):
            title = say("Entries are open again ({kind}, by {by})", kind=say(kind), by=say.exactly(by))
            return _notice(Severity.INFO, "alerts", title, account, f"halt:{kind}", at)
        case SleeveFailed(at, sleeve, reason):
            title = say(
                "{name} failed and buys nothing until it works again; what it holds stays", name=sleeve
            )
            why = ((say("why"), say.again(reason)),)
            return _notice(Severity.CRITICAL, "alerts", title, account, f"sleeve:{sleeve}", at, why)
        case WentFlat(at, _, equity, currency):
            title = say("Flat: everything is sold, {equity} is left", equity=money(equity, currency))
            return _notice(Severity.CRITICAL, "alerts", title, account, "flat", at)
        case FeedLost(at, reason):
            title = say("No fresh prices: {reason}", reason=say.again(reason))
            return _notice(Severity.WARNING, "alerts", title, account, "feed", at)
        case FeedRestored(at, missed) if missed > 5:
            title = say("Prices are back; {missed} candles were filled in", missed=missed)
            return _notice(Severity.INFO, "alerts", title, account, "feed", at)
    return None


def _refused(account: str, at: datetime, decision: RiskDecision, say: Words) -> Notice:
    symbol = decision.intent.symbol
    title = say("{symbol} not bought: {reason}", symbol=symbol, reason=say.again(decision.reason))
    facts = (
        (say("rule"), decision.rule),
        (say("limit"), say.again(decision.limit)),
        (say("found"), say.again(decision.observed)),
    )
    return _notice(Severity.INFO, "alerts", title, account, f"{decision.rule}:{symbol}", at, facts)


def _who_and_why(halt: Halt, say: Words) -> dict[str, str]:
    return {"by": say.exactly(halt.by), "reason": reason_of(halt, say)}


def _notice(
    severity: Severity,
    topic: str,
    title: str,
    account: str,
    key: str,
    at: datetime,
    facts: tuple[tuple[str, str], ...] = (),
) -> Notice:
    return Notice(severity=severity, topic=topic, title=title, account=account, key=key, at=at, facts=facts)
