"""The tables, one class each; the words are those of the glossary. Mapping to domain types: ledger.py."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from trading.store.live_tables import ApprovalRow, AttemptRow, DifferenceRow, ExternalFlowRow, LeaseRow
from trading.store.notice_tables import IncidentRow, OutboxRow
from trading.store.people_tables import (
    AccountRow,
    ChatRow,
    DelegationRow,
    FactorRow,
    GrantRow,
    IdentityRow,
    PairingRow,
    PersonRow,
    SessionRow,
)
from trading.store.row import CLUSTERED, Row, counted, json, money, number, table, text, time
from trading.store.secure_tables import AuditEntry, CredentialRow

__all__ = [
    "AccountRow",
    "ApprovalRow",
    "AttemptRow",
    "AuditEntry",
    "ChatRow",
    "CredentialRow",
    "DelegationRow",
    "DifferenceRow",
    "ExternalFlowRow",
    "FactorRow",
    "GrantRow",
    "IdentityRow",
    "IncidentRow",
    "LeaseRow",
    "OutboxRow",
    "PairingRow",
    "PersonRow",
    "Row",
    "SessionRow",
    "table",
]

# --- the market ---------------------------------------------------------------------------------------------


class CandleRow(Row, table=True):
    """Seconds since 1970 and seconds of length, because there are millions of them."""

    __tablename__ = "candle"
    __table_args__ = CLUSTERED

    exchange: str = text(primary_key=True)
    symbol: str = text(primary_key=True)
    timeframe: int = Field(primary_key=True)
    opened_at: int = Field(primary_key=True, sa_type=BigInteger)
    open: float = number()
    high: float = number()
    low: float = number()
    close: float = number()
    volume: float = number()


# --- an account's book --------------------------------------------------------------------------------------


class SignalRow(Row, table=True):
    __tablename__ = "signal"
    __table_args__ = (Index(None, "account", "at"), CLUSTERED)

    account: str = text(primary_key=True)
    sleeve: str = text(primary_key=True)
    symbol: str = text(primary_key=True)
    at: datetime = time(primary_key=True)
    exposure: float = number()


class OrderRow(Row, table=True):
    __tablename__ = "orders"
    __table_args__ = (Index(None, "account", "decided_at"), Index(None, "account", "status"))

    account: str = text(primary_key=True)
    client_id: str = text(primary_key=True)
    sleeve: str = text()
    symbol: str = text()
    side: str = text()
    kind: str = text()
    amount: Decimal = money()
    limit_price: Decimal | None = money(nullable=True)
    reduce_only: bool
    reason: str = text()
    price_at_decision: Decimal = money()
    decided_at: datetime = time()
    status: str = text()
    filled: Decimal = money()
    average_price: Decimal | None = money(nullable=True)
    fee: Decimal = money()
    changed_at: datetime = time()
    exchange_id: str | None = text(nullable=True)
    note: str = text()


class FillRow(Row, table=True):
    """The key includes the symbol: some exchanges number the trades of each market by themselves."""

    __tablename__ = "fill"
    __table_args__ = (UniqueConstraint("account", "symbol", "id"), Index(None, "account", "at"))

    seq: int | None = counted()
    account: str = text()
    symbol: str = text()
    id: str = text()
    client_id: str = text()
    sleeve: str = text()
    side: str = text()
    amount: Decimal = money()
    price: Decimal = money()
    fee: Decimal = money()
    fee_currency: str = text()
    at: datetime = time()
    reason: str = text()


class PositionRow(Row, table=True):
    __tablename__ = "position"
    __table_args__ = CLUSTERED

    account: str = text(primary_key=True)
    sleeve: str = text(primary_key=True)
    symbol: str = text(primary_key=True)
    quantity: Decimal = money()
    entry_price: Decimal = money()
    opened_at: datetime = time()
    fees: Decimal = money()


class EquityRow(Row, table=True):
    __tablename__ = "equity"
    __table_args__ = CLUSTERED

    account: str = text(primary_key=True)
    at: datetime = time(primary_key=True)
    equity: float = number()
    flow: float = number()
    cash: Decimal | None = money(nullable=True)
    drawdown: float | None = number(nullable=True)


class CashFlowRow(Row, table=True):
    __tablename__ = "cash_flow"
    __table_args__ = CLUSTERED

    account: str = text(primary_key=True)
    at: datetime = time(primary_key=True)
    amount: Decimal = money(primary_key=True)
    note: str = text(primary_key=True)


class HaltRow(Row, table=True):
    __tablename__ = "halt"
    __table_args__ = (Index(None, "account"),)

    seq: int | None = counted()
    account: str = text()
    kind: str = text()
    reason: str = text()
    by: str = text()
    since: datetime = time()


class EventRow(Row, table=True):
    """`digest` is a hash of kind and facts: the same news of the same moment is kept once."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("account", "at", "digest"),)

    seq: int | None = counted()
    account: str = text()
    at: datetime = time()
    kind: str = text()
    facts: dict[str, Any] = json()
    digest: str = text()


class SnapshotRow(Row, table=True):
    __tablename__ = "snapshot"

    account: str = text(primary_key=True)
    at: datetime = time()
    state: dict[str, Any] = json()


class SleeveRow(Row, table=True):
    """What a person changed at run time; `enabled` null: as the settings say."""

    __tablename__ = "sleeve_setting"

    account: str = text(primary_key=True)
    sleeve: str = text(primary_key=True)
    enabled: bool | None = Field(default=None)
    params: dict[str, Any] = json()
    changed_at: datetime = time()


# --- the house ----------------------------------------------------------------------------------------------


class InboxRow(Row, table=True):
    __tablename__ = "inbox"
    __table_args__ = (Index(None, "at"), CLUSTERED)

    platform: str = text(primary_key=True)
    update_id: str = text(primary_key=True)
    at: datetime = time()


class MessageRow(Row, table=True):
    """Which message shows a panel in a chat, so that it can be edited."""

    __tablename__ = "message"
    __table_args__ = CLUSTERED

    platform: str = text(primary_key=True)
    chat: str = text(primary_key=True)
    panel: str = text(primary_key=True)
    ref: str = text()
    at: datetime = time()


class MetaRow(Row, table=True):
    __tablename__ = "meta"

    key: str = text(primary_key=True)
    value: str = text()
