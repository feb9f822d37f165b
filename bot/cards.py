"""A canary's card: an order that waits for a button, with all a person needs to decide, and what became of it."""

from datetime import datetime
from decimal import Decimal

from bot.reply import Button, Reply, Row, Tone
from bot.show import amount, moment, money, percent, price
from bot.words import Words
from trading.domain.approval import Approval, ApprovalState
from trading.domain.order import Fill, Side

SIGNS = {  # of what has no colour of its own
    ApprovalState.REJECTED: "✖",
    ApprovalState.LAPSED: "⌛",
    ApprovalState.DRIFTED: "↔",
    ApprovalState.WITHDRAWN: "⛔",
}


def card(
    approval: Approval,
    say: Words,
    zone: str,
    now: datetime,
    *,
    header: str = "",
    equity: Decimal = Decimal(0),
    fee: Decimal = Decimal(0),
    fill: Fill | None = None,
) -> Reply:
    """The card as it is now; every copy of it shows the same. `fee`: what the exchange takes of a trade, as a share."""
    intent = approval.intent
    currency = intent.symbol.partition("/")[2].partition(":")[0]
    values = {
        "amount": amount(intent.amount),
        "symbol": intent.symbol,
        "worth": money(approval.notional, currency),
    }
    title = (
        say("Buy {amount} {symbol} ≈ {worth}?", **values)
        if intent.side is Side.BUY
        else say("Sell {amount} {symbol} ≈ {worth}?", **values)
    )
    waits = approval.state is ApprovalState.PENDING
    return Reply(
        title=f"{SIGNS.get(approval.state, '')} {title}".strip(),
        text=_waiting(approval, say, zone, now) if waits else _outcome(approval, say, zone, fill),
        rows=_facts(approval, say, now, equity, fee, currency),
        header=header,
        tone=Tone.WARNING if waits else Tone.GOOD if approval.state is ApprovalState.APPROVED else Tone.PLAIN,
        buttons=_buttons(approval, say) if waits else (),
        footer=f"#{approval.id}",
        data=approval,
    )


def _facts(
    approval: Approval, say: Words, now: datetime, equity: Decimal, fee: Decimal, currency: str
) -> tuple[Row, ...]:
    intent, worth = approval.intent, approval.notional
    drift = percent(approval.max_drift, signed=False)
    share = float(worth / equity) if equity > 0 else 0.0
    age = max(int((now - approval.asked_at).total_seconds()), 0)
    told = say("{n} s ago; may move by {drift} until you press", n=age, drift=drift)
    if approval.state is not ApprovalState.PENDING:
        told = say("when it was asked")
    rows = [
        Row(say("Price"), price(approval.price_at_ask, currency), told),
        Row(
            say("Worth"),
            money(worth, currency),
            say("{share} of the equity", share=percent(share, signed=False)),
        ),
        Row(say("Fee"), f"≈ {money(worth * fee, currency)}"),
    ]
    if intent.side is Side.BUY:
        rows.append(Row(say("At worst"), money(-worth, currency, signed=True), say("if it fell to nothing")))
    rows.append(Row(say("Strategy"), intent.sleeve, say(str(intent.reason))))
    return tuple(rows)


def _waiting(approval: Approval, say: Words, zone: str, now: datetime) -> str:
    left = max(int((approval.expires_at - now).total_seconds()), 0)
    return say(
        "Nothing is sent without a yes. It lapses at {at}, in {n} s.",
        at=moment(approval.expires_at, zone, say),
        n=left,
    )


def _outcome(approval: Approval, say: Words, zone: str, fill: Fill | None) -> str:
    by = say.exactly(approval.decided_by or "")
    match approval.state:
        case ApprovalState.APPROVED:
            text = say("Approved by {by} after {n} s; the order left.", by=by, n=_seconds(approval))
        case ApprovalState.REJECTED:
            text = say("Rejected by {by}; nothing was sent.", by=by)
        case ApprovalState.LAPSED:
            text = say("Nobody answered; nothing was sent.")
        case ApprovalState.DRIFTED:
            text = say("Nothing was sent: {why}. A new card asks again.", why=say.again(approval.note))
        case _:
            text = say("Withdrawn; nothing was sent. {why}", why=say.again(approval.note))
    if (
        fill is not None and approval.state is ApprovalState.APPROVED
    ):  # not the order of the card that asked again
        text += "\n" + say(
            "Filled: {amount} at {price}.",
            amount=amount(fill.amount),
            price=price(fill.price, fill.fee_currency),
        )
    return text


def _seconds(approval: Approval) -> int:
    if approval.decided_at is None:
        return 0
    return int((approval.decided_at - approval.asked_at).total_seconds())


def _buttons(approval: Approval, say: Words) -> tuple[tuple[Button, ...], ...]:
    return (
        (Button(say("Approve"), f"/approve {approval.id}"), Button(say("Reject"), f"/reject {approval.id}")),
        (Button(say("Chart"), f"/chart {approval.intent.symbol}"), Button(say("Kill"), "/kill", danger=True)),
    )
