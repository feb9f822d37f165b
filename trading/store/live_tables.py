"""The tables of real money: who may trade, what was sent, what waits for a person. Mapping: journal.py."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, UniqueConstraint

from trading.store.row import Row, json, money, number, text, time


class LeaseRow(Row, table=True):
    """Who may trade an exchange account; a raised `epoch` locks out whoever had it before."""

    __tablename__ = "lease"

    identity: str = text(primary_key=True)
    account: str = text()
    holder: str = text()
    epoch: int
    taken_at: datetime = time()
    expires_at: datetime = time()


class AttemptRow(Row, table=True):
    """One order request, written before it leaves. An intent has one at most, whatever happens."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("account", "intent_id"),
        Index(None, "account", "state"),
        Index(None, "account", "sent_at"),
    )

    account: str = text(primary_key=True)
    client_id: str = text(primary_key=True)
    intent_id: str = text()
    intent: dict[str, Any] = json()
    epoch: int
    state: str = text()
    stop_price: Decimal | None = money(nullable=True)
    exchange_id: str | None = text(nullable=True)
    approval: str | None = text(nullable=True)
    gate: str = text()
    sent_at: datetime = time()
    changed_at: datetime = time()
    note: str = text()


class ApprovalRow(Row, table=True):
    __tablename__ = "approval"
    __table_args__ = (Index(None, "account", "state"),)

    account: str = text(primary_key=True)
    id: str = text(primary_key=True)
    intent: dict[str, Any] = json()
    price_at_ask: Decimal = money()
    max_drift: float = number()
    asked_at: datetime = time()
    expires_at: datetime = time()
    kill_epoch: int
    state: str = text()
    decided_by: str | None = text(nullable=True)
    decided_at: datetime | None = time(nullable=True)
    note: str = text()


class ExternalFlowRow(Row, table=True):
    """What moved an exchange account's balances without an order of ours."""

    __tablename__ = "external_flow"
    __table_args__ = (Index(None, "account", "at"),)

    account: str = text(primary_key=True)
    ref: str = text(primary_key=True)
    asset: str = text()
    amount: Decimal = money()
    kind: str = text()
    at: datetime = time()
    note: str = text()


class DifferenceRow(Row, table=True):
    __tablename__ = "difference"
    __table_args__ = (Index(None, "account", "answered_at"),)

    account: str = text(primary_key=True)
    id: str = text(primary_key=True)
    asset: str = text()
    symbols: list[str] = json()
    theirs: Decimal = money()
    ours: Decimal = money()
    cause: str = text()
    at: datetime = time()
    answer: str | None = text(nullable=True)
    answered_by: str | None = text(nullable=True)
    answered_at: datetime | None = time(nullable=True)
