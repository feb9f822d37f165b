"""Which events are worth a message, and in which words."""

from datetime import datetime

from charts.format import money, price
from trading.domain.events import (
    Event,
    FeedLost,
    FeedRestored,
    OrderChanged,
    OrderFilled,
    OrderRefused,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.notice import Notice, Severity
from trading.domain.order import OrderStatus, Side
from trading.domain.risk import HaltKind

_WORSE = {
    HaltKind.KILL: Severity.EMERGENCY,
    HaltKind.DAILY_LOSS: Severity.CRITICAL,
    HaltKind.STORE: Severity.CRITICAL,
}


def notice_for(account: str, event: Event) -> Notice | None:
    """The notice for an event, or None when it is not worth a message."""
    match event:
        case OrderFilled(at, fill):
            verb = "Bought" if fill.side is Side.BUY else "Sold"
            facts = (
                ("fee", money(fill.fee, fill.fee_currency)),
                ("strategy", fill.sleeve),
                ("why", str(fill.reason)),
            )
            title = f"{verb} {fill.amount:f} {fill.symbol} at {price(fill.price, fill.fee_currency)}"
            return _notice(Severity.INFO, "trades", title, account, fill.id, at, facts)
        case OrderChanged(at, order) if order.status in (OrderStatus.REFUSED, OrderStatus.EXPIRED):
            title = f"Order for {order.intent.symbol} {order.status}: {order.note or 'no reason given'}"
            return _notice(Severity.WARNING, "alerts", title, account, order.client_id, at)
        case OrderRefused(at, decision):
            title = f"{decision.intent.symbol} not bought: {decision.reason}"
            facts = (("rule", decision.rule), ("limit", decision.limit), ("found", decision.observed))
            return _notice(
                Severity.INFO,
                "alerts",
                title,
                account,
                f"{decision.rule}:{decision.intent.symbol}",
                at,
                facts,
            )
        case TradingHalted(at, halt):
            severity = _WORSE.get(halt.kind, Severity.WARNING)
            word = "KILLED" if halt.kind is HaltKind.KILL else "No new entries"
            return _notice(
                severity, "alerts", f"{word} by {halt.by}: {halt.reason}", account, f"halt:{halt.kind}", at
            )
        case TradingResumed(at, kind, by):
            return _notice(
                Severity.INFO,
                "alerts",
                f"Entries are open again ({kind}, by {by})",
                account,
                f"halt:{kind}",
                at,
            )
        case WentFlat(at, _, equity):
            return _notice(
                Severity.CRITICAL,
                "alerts",
                f"Flat: everything is sold, {equity:.2f} is left",
                account,
                "flat",
                at,
            )
        case FeedLost(at, reason):
            return _notice(Severity.WARNING, "alerts", f"No fresh prices: {reason}", account, "feed", at)
        case FeedRestored(at, missed) if missed > 5:
            return _notice(
                Severity.INFO,
                "alerts",
                f"Prices are back; {missed} candles were filled in",
                account,
                "feed",
                at,
            )
    return None


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
