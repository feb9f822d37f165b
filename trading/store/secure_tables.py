"""The tables that are protected by the master key: exchange keys, sealed, and the audit, chained."""

from datetime import datetime

from trading.store.row import NUMBERED_ONCE, Row, counted, text, time


class AuditEntry(Row, table=True):
    """Never changed, never deleted. `mac` chains each row to the one before it; see audit.py."""

    __tablename__ = "audit"
    __table_args__ = NUMBERED_ONCE

    seq: int | None = counted()
    at: datetime = time()
    person: str = text()
    place: str = text()
    account: str | None = text(nullable=True)
    line: str = text()
    outcome: str = text()
    mac: str = text()


class CredentialRow(Row, table=True):
    """An exchange key of an account, sealed; `hint` is the end of its public half. See vault.py."""

    __tablename__ = "credential"

    account: str = text(primary_key=True)
    purpose: str = text(primary_key=True)
    exchange: str = text()
    hint: str = text()
    version: int
    key_id: str = text()
    wrapped: str = text()
    sealed: str = text()
    added_at: datetime = time()
    added_by: str = text()
