"""Which events are worth a message, and in which words."""

from datetime import datetime

from bot.show import amount, reason_of
from bot.words import Words
from charts.format import money, price
from trading.domain.alerts import RULES
from trading.domain.events import (
    DifferenceAnswered,
    DifferenceFound,
    DrawdownWarned,
    Event,
    FeedLost,
    FeedRestored,
    KillReported,
    OrderChanged,
    OrderFilled,
    OrderParked,
    OrderRefused,
    Reconciled,
    SignalChanged,
    SleeveFailed,
    StopMissing,
    StopReplaced,
    StopRests,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.live import KillReceipt
from trading.domain.notice import Notice, Severity
from trading.domain.order import Order, OrderStatus, Side
from trading.domain.risk import HaltKind, RiskDecision

# The alert rule that a halt belongs to; a halt for want of prices is told as what it is.
HALTS = {
    HaltKind.KILL: "killed",
    HaltKind.PAUSE: "paused",
    HaltKind.DAILY_LOSS: "daily_loss",
    HaltKind.WEEKLY_LOSS: "weekly_loss",
    HaltKind.MONTHLY_LOSS: "monthly_loss",
    HaltKind.CALENDAR: "calendar",
    HaltKind.FEED: "no_prices",
    HaltKind.EXCHANGE: "exchange_failing",
    HaltKind.STORE: "cannot_write",
    HaltKind.BROKEN: "broken",
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
                "amount": amount(fill.amount),
                "symbol": fill.symbol,
                "price": price(fill.price, fill.fee_currency),
            }
            title = (
                say("Bought {amount} {symbol} at {price}", **values)
                if fill.side is Side.BUY
                else say("Sold {amount} {symbol} at {price}", **values)
            )
            return Notice(
                severity=Severity.INFO,
                topic="trades",
                title=title,
                account=account,
                key=f"fill:{fill.id}",
                at=at,
                facts=facts,
            )
        case OrderChanged(at, order, too_large) if order.status in (OrderStatus.REFUSED, OrderStatus.EXPIRED):
            return None if too_large else _order_failed(account, at, order, say)
        case OrderRefused(at, decision):
            return _refused(account, at, decision, say)
        case TradingHalted(at, halt) if halt.kind is not HaltKind.FEED:
            values = {"by": say.exactly(halt.by), "reason": reason_of(halt, say)}
            title = (
                say("KILLED by {by}: {reason}", **values)
                if halt.kind is HaltKind.KILL
                else say("No new entries, by {by}: {reason}", **values)
            )
            return alert(HALTS[halt.kind], "", account, at, title)
        case TradingResumed(at, kind, by) if kind is not HaltKind.FEED:
            title = say("Entries are open again ({kind}, by {by})", kind=say(kind), by=say.exactly(by))
            return over(HALTS[kind], "", account, at, title)
        case DrawdownWarned(at, drawdown, step, limit):
            title = say(
                "Equity is {drawdown} below its highest; at {limit} everything is sold",
                drawdown=f"{drawdown:.1%}",
                limit=f"{limit:.0%}",
            )
            return alert("drawdown_near", f"{step:g}", account, at, title)
        case SleeveFailed(at, sleeve, reason):
            title = say(
                "{name} failed and buys nothing until it works again; what it holds stays", name=sleeve
            )
            return alert("strategy_failed", sleeve, account, at, title, ((say("why"), say.again(reason)),))
        case SignalChanged(at, signal, _):
            return over("strategy_failed", signal.sleeve, account, at)
        case WentFlat(at, _, equity, currency):
            title = say("Flat: everything is sold, {equity} is left", equity=money(equity, currency))
            return alert("flat", "", account, at, title)
        case OrderParked() | DifferenceFound() | DifferenceAnswered() | KillReported() | Reconciled():
            return real_money(account, event, say)
        case StopMissing() | StopRests() | StopReplaced():
            return stops(account, event, say)
        case FeedLost(at, reason):
            title = say("No fresh prices: {reason}", reason=say.again(reason))
            return alert("no_prices", "", account, at, title)
        case FeedRestored(at, missed):
            title = say("Prices are back; {missed} candles were filled in", missed=missed)
            return over("no_prices", "", account, at, title if missed > 5 else "")
    return None


def real_money(
    account: str,
    event: OrderParked | DifferenceFound | DifferenceAnswered | KillReported | Reconciled,
    say: Words,
) -> Notice:
    """What an exchange account has to say."""
    match event:
        case OrderParked(at, attempt):
            intent = attempt.intent
            title = say(
                "Does an order of {amount} {symbol} exist at the exchange? /parked",
                amount=amount(intent.amount),
                symbol=intent.symbol,
            )
            why = ((say("why"), say.again(attempt.note)),)
            return alert("order_in_doubt", attempt.client_id, account, at, title, why)
        case DifferenceFound(at, found):
            title = say(
                "{asset}: the exchange says {theirs}, the books say {ours}; /reconcile",
                asset=found.asset,
                theirs=amount(found.theirs),
                ours=amount(found.ours),
            )
            cause = ((say("why"), say.again(found.cause)),)
            return alert("books_differ", found.asset, account, at, title, cause)
        case DifferenceAnswered(at, found):
            return over("books_differ", found.asset, account, at)
        case KillReported(at, receipt):
            return alert(
                "kill_receipt", "", account, at, _receipt_title(receipt, say), _receipt(receipt, say)
            )
        case Reconciled(at, lines):
            return Notice(
                severity=Severity.INFO,
                topic="trades",
                title=say("Reconciled: what differed is explained ({n})", n=len(lines)),
                account=account,
                key=f"reconciled:{at.isoformat()}",
                at=at,
                facts=tuple((str(n), say.again(text)) for n, text in enumerate(lines[:5], 1)),
            )


def stops(account: str, event: StopMissing | StopRests | StopReplaced, say: Words) -> Notice:
    """What became of a stop that should rest at an exchange."""
    values = {"symbol": event.stop.symbol, "price": amount(event.stop.price)}
    key = f"{event.stop.sleeve}:{event.stop.symbol}"
    match event:
        case StopMissing(at, _, reason):
            title = say(
                "{symbol} has no stop at the exchange; the desk watches {price} at each close", **values
            )
            return alert("no_stop", key, account, at, title, ((say("why"), say.again(reason)),))
        case StopRests(at):
            return over("no_stop", key, account, at)
        case StopReplaced(at):
            title = say(
                "The stop of {symbol} was gone from the exchange; a new one rests at {price}", **values
            )
            return Notice(
                severity=Severity.WARNING,
                topic="trades",
                title=title,
                account=account,
                key=f"stop:{key}:{at.isoformat()}",
                at=at,
            )


def _receipt_title(receipt: KillReceipt, say: Words) -> str:
    if receipt.open:
        return say("The kill is not done: {n} left", n=receipt.open)
    if receipt.left:
        return say("The kill is done: flat but for dust, verified at the exchange")
    return say("The kill is done: flat, verified at the exchange")


def _receipt(receipt: KillReceipt, say: Words) -> tuple[tuple[str, str], ...]:
    """Every line of the receipt."""
    took = (receipt.done_at - receipt.asked_at).total_seconds()
    facts = [(say("took"), say("{n} s", n=f"{took:.1f}")), (say("cancelled"), str(len(receipt.canceled)))]
    facts += [(say("sold"), f"{amount(sold)} {symbol}") for symbol, sold in receipt.sold]
    facts += [
        (say("LEFT"), f"{amount(left)} {symbol}: {say.again(why)}") for symbol, left, why in receipt.left
    ]
    facts += [(say("IN DOUBT"), name) for name in receipt.unconfirmed]
    return tuple(facts)


def _order_failed(account: str, at: datetime, order: Order, say: Words) -> Notice:
    title = say(
        "Order for {symbol} {status}: {note}",
        symbol=order.intent.symbol,
        status=say(order.status),
        note=say.again(order.note) if order.note else say("no reason given"),
    )
    return alert("order_failed", order.client_id, account, at, title)


def _refused(account: str, at: datetime, decision: RiskDecision, say: Words) -> Notice:
    symbol = decision.intent.symbol
    title = say("{symbol} not bought: {reason}", symbol=symbol, reason=say.again(decision.reason))
    facts = (
        (say("rule"), decision.rule),
        (say("limit"), say.again(decision.limit)),
        (say("found"), say.again(decision.observed)),
    )
    return alert("order_refused", f"{decision.rule}:{symbol}", account, at, title, facts)


def alert(
    rule: str, detail: str, account: str, at: datetime, title: str, facts: tuple[tuple[str, str], ...] = ()
) -> Notice:
    """Something is wrong by one of the alert rules; the same rule and detail are the same incident."""
    found = RULES[rule]
    return Notice(
        severity=found.severity,
        topic="alerts",
        title=title,
        account=account,
        key=f"{rule}:{detail}",
        at=at,
        facts=facts,
        lasts=found.lasts,
        cool_down=found.cool_down,
    )


def over(rule: str, detail: str, account: str, at: datetime, title: str = "") -> Notice:
    """It is well again; without a title nothing is said of it but in the incident's own message."""
    return Notice(
        severity=Severity.INFO,
        topic="alerts",
        title=title,
        account=account,
        key=f"{rule}:{detail}",
        at=at,
        over=True,
        told=bool(title),
    )
