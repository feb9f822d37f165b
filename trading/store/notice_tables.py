"""The tables of what is told: incidents, and messages that have not arrived yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from trading.store.row import NUMBERED_ONCE, Row, counted, json, text, time


class IncidentRow(Row, table=True):
    """`said` is title and facts by language; `lasts` is seconds."""

    __tablename__ = "incident"
    __table_args__ = (Index(None, "account", "last_at"),)

    id: str = text(primary_key=True)
    account: str = text()
    key: str = text()
    topic: str = text()
    severity: int = Field()
    said: dict[str, Any] = json()
    count: int = Field()
    first_at: datetime = time()
    last_at: datetime = time()
    lasts: int | None = Field(default=None)
    over_at: datetime | None = time(nullable=True)
    acked_by: str | None = text(nullable=True)
    acked_at: datetime | None = time(nullable=True)
    snoozed_until: datetime | None = time(nullable=True)
    calls: int = Field()


class OutboxRow(Row, table=True):
    """What must arrive although the desk may stop before; `seq` is the order. Gone once it was delivered."""

    __tablename__ = "outbox"
    __table_args__ = NUMBERED_ONCE

    seq: int | None = counted()
    id: str = text(unique=True)
    address: str = text()
    at: datetime = time()
    parcel: dict[str, Any] = json()
