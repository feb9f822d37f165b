"""The tables about people: who they are, what they may, where they speak from, and the accounts they opened."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from trading.store.row import NUMBERED_ONCE, Row, counted, json, money, text, time


class PersonRow(Row, table=True):
    """Ids are never used again, so that an old audit row cannot point to somebody new.

    `quiet_from` and `quiet_until` are times of day (`22:00`) in the person's zone; both or neither.
    """

    __tablename__ = "person"
    __table_args__ = NUMBERED_ONCE

    id: int | None = counted()
    name: str = text()
    language: str = text()
    zone: str = text()
    account: str = text()
    created_at: datetime = time()
    quiet_from: str | None = text(nullable=True)
    quiet_until: str | None = text(nullable=True)
    disabled_at: datetime | None = time(nullable=True)
    theme: str | None = text(nullable=True)  # none was chosen: dark


def person_key(**more: Any) -> Any:
    return Field(foreign_key="person.id", ondelete="CASCADE", sa_type=BigInteger, **more)


class IdentityRow(Row, table=True):
    __tablename__ = "identity"
    __table_args__ = (Index(None, "person_id"),)

    platform: str = text(primary_key=True)
    user_id: str = text(primary_key=True)
    person_id: int = person_key()
    linked_at: datetime = time()


class GrantRow(Row, table=True):
    """`account` is a name or '*': all of them."""

    __tablename__ = "grants"

    person_id: int = person_key(primary_key=True)
    account: str = text(primary_key=True)
    role: str = text(primary_key=True)


class PairingRow(Row, table=True):
    """A code that makes its sender `person_id`, or a new person (null) with these roles on these accounts.

    `origin` is the platform where somebody asked for it; null: the desk itself printed it at its start.
    """

    __tablename__ = "pairing"

    code_hash: str = text(primary_key=True)
    person_id: int | None = person_key(nullable=True)
    roles: list[str] = json()
    accounts: list[str] = json()
    created_at: datetime = time()
    expires_at: datetime = time()
    used_at: datetime | None = time(nullable=True)
    origin: str | None = text(nullable=True)


class SessionRow(Row, table=True):
    """`origin` is where the way into it came from: `terminal`, or a chat platform."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "expires_at"),)

    token_hash: str = text(primary_key=True)
    person_id: int = person_key()
    created_at: datetime = time()
    seen_at: datetime = time()
    expires_at: datetime = time()
    origin: str | None = text(nullable=True)


class ChatRow(Row, table=True):
    """What a chat wants to hear of an account; '*' stands for each without a row of its own."""

    __tablename__ = "chat"

    address: str = text(primary_key=True)
    account: str = text(primary_key=True)
    person_id: int = person_key()
    topics: list[str] = json()


class AccountRow(Row, table=True):
    """An account that was opened in a chat; `settings` is what settings.toml would say of it.

    A name is never used again: the books of a closed account stay.
    """

    __tablename__ = "account"

    name: str = text(primary_key=True)
    settings: dict[str, Any] = json()
    opened_by: int = person_key()
    opened_at: datetime = time()
    closed_at: datetime | None = time(nullable=True)


class FactorRow(Row, table=True):
    """A person's second factor. `sealed` holds its secret, encrypted; `last_step` is the last one used up."""

    __tablename__ = "second_factor"

    person_id: int = person_key(primary_key=True)
    sealed: str = text()
    confirmed_at: datetime | None = time(nullable=True)
    last_step: int = Field(sa_type=BigInteger)


class DelegationRow(Row, table=True):
    """`person_id` may approve orders of an account up to `cap` each, until `expires_at`."""

    __tablename__ = "delegation"
    __table_args__ = (Index(None, "account"),)

    id: int | None = counted()
    person_id: int = person_key()
    account: str = text()
    cap: Decimal = money()
    given_by: int = person_key()
    given_at: datetime = time()
    expires_at: datetime = time()
    revoked_at: datetime | None = time(nullable=True)
