"""Real money's types to rows and back; what went in comes out equal."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from trading.domain.approval import Approval, ApprovalState
from trading.domain.live import Answered, Attempt, AttemptState, Difference, ExternalFlow, FlowKind
from trading.domain.order import OrderIntent, OrderKind, Reason, Side
from trading.store.ledger import Values, plain


def intent(facts: dict[str, Any]) -> OrderIntent:
    """From what `plain` made of it."""
    return OrderIntent(
        client_id=facts["client_id"],
        sleeve=facts["sleeve"],
        symbol=facts["symbol"],
        side=Side(facts["side"]),
        kind=OrderKind(facts["kind"]),
        amount=Decimal(facts["amount"]),
        limit_price=None if facts["limit_price"] is None else Decimal(facts["limit_price"]),
        reduce_only=facts["reduce_only"],
        reason=Reason(facts["reason"]),
        price_at_decision=Decimal(facts["price_at_decision"]),
        decided_at=datetime.fromisoformat(facts["decided_at"]),
    )


def attempt_row(attempt: Attempt) -> Values:
    return {
        "account": attempt.account,
        "client_id": attempt.client_id,
        "intent_id": attempt.intent.client_id,
        "intent": plain(attempt.intent),
        "epoch": attempt.epoch,
        "state": attempt.state.value,
        "stop_price": attempt.stop_price,
        "exchange_id": attempt.exchange_id,
        "approval": attempt.approval,
        "gate": attempt.gate,
        "sent_at": attempt.sent_at,
        "changed_at": attempt.changed_at,
        "note": attempt.note,
    }


def attempt(row: Any) -> Attempt:
    return Attempt(
        account=row.account,
        client_id=row.client_id,
        intent=intent(row.intent),
        epoch=row.epoch,
        state=AttemptState(row.state),
        sent_at=row.sent_at,
        changed_at=row.changed_at,
        stop_price=row.stop_price,
        exchange_id=row.exchange_id,
        approval=row.approval,
        gate=row.gate,
        note=row.note,
    )


def approval_row(approval: Approval) -> Values:
    return {
        "account": approval.account,
        "id": approval.id,
        "intent": plain(approval.intent),
        "price_at_ask": approval.price_at_ask,
        "max_drift": approval.max_drift,
        "asked_at": approval.asked_at,
        "expires_at": approval.expires_at,
        "kill_epoch": approval.kill_epoch,
        "state": approval.state.value,
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at,
        "note": approval.note,
    }


def approval(row: Any) -> Approval:
    return Approval(
        id=row.id,
        account=row.account,
        intent=intent(row.intent),
        price_at_ask=row.price_at_ask,
        max_drift=row.max_drift,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        kill_epoch=row.kill_epoch,
        state=ApprovalState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )


def flow_row(flow: ExternalFlow) -> Values:
    return {
        "account": flow.account,
        "ref": flow.ref,
        "asset": flow.asset,
        "amount": flow.amount,
        "kind": flow.kind.value,
        "at": flow.at,
        "note": flow.note,
    }


def external_flow(row: Any) -> ExternalFlow:
    return ExternalFlow(
        account=row.account,
        ref=row.ref,
        asset=row.asset,
        amount=row.amount,
        kind=FlowKind(row.kind),
        at=row.at,
        note=row.note,
    )


def difference_row(difference: Difference) -> Values:
    return {
        "account": difference.account,
        "id": difference.id,
        "asset": difference.asset,
        "symbols": list(difference.symbols),
        "theirs": difference.theirs,
        "ours": difference.ours,
        "cause": difference.cause,
        "at": difference.at,
        "answer": difference.answer.value if difference.answer else None,
        "answered_by": difference.answered_by,
        "answered_at": difference.answered_at,
    }


def difference(row: Any) -> Difference:
    return Difference(
        id=row.id,
        account=row.account,
        asset=row.asset,
        symbols=tuple(row.symbols),
        theirs=row.theirs,
        ours=row.ours,
        cause=row.cause,
        at=row.at,
        answer=Answered(row.answer) if row.answer else None,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
    )
