"""First light: all tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # numbers itself
KEY = sa.BigInteger()
TEXT = sa.Text()
MONEY = sa.Text().with_variant(sa.Numeric(), "postgresql")
TIME = sa.DateTime(timezone=True)
NUMBER: sa.Double[float] = sa.Double()


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=True),
        sa.Column("line", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "candle",
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("timeframe", sa.Integer(), nullable=False),
        sa.Column("opened_at", KEY, nullable=False),
        sa.Column("open", NUMBER, nullable=False),
        sa.Column("high", NUMBER, nullable=False),
        sa.Column("low", NUMBER, nullable=False),
        sa.Column("close", NUMBER, nullable=False),
        sa.Column("volume", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("exchange", "symbol", "timeframe", "opened_at", name="pk_candle"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cash_flow",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "at", "amount", "note", name="pk_cash_flow"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "equity",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("equity", NUMBER, nullable=False),
        sa.Column("flow", NUMBER, nullable=False),
        sa.Column("cash", MONEY, nullable=True),
        sa.Column("drawdown", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("account", "at", name="pk_equity"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event",
        sa.Column("seq", ID, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("account", "at", "digest", name="uq_event_account_at_digest"),
    )
    op.create_table(
        "fill",
        sa.Column("seq", ID, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("sleeve", TEXT, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("price", MONEY, nullable=False),
        sa.Column("fee", MONEY, nullable=False),
        sa.Column("fee_currency", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_fill"),
        sa.UniqueConstraint("account", "symbol", "id", name="uq_fill_account_symbol_id"),
    )
    op.create_index("ix_fill_account_at", "fill", ["account", "at"])
    op.create_table(
        "halt",
        sa.Column("seq", ID, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_halt"),
    )
    op.create_index("ix_halt_account", "halt", ["account"])
    op.create_table(
        "inbox",
        sa.Column("platform", TEXT, nullable=False),
        sa.Column("update_id", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("platform", "update_id", name="pk_inbox"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_inbox_at", "inbox", ["at"])
    op.create_table(
        "message",
        sa.Column("platform", TEXT, nullable=False),
        sa.Column("chat", TEXT, nullable=False),
        sa.Column("panel", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("platform", "chat", "panel", name="pk_message"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meta",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "orders",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("sleeve", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("limit_price", MONEY, nullable=True),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("price_at_decision", MONEY, nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("filled", MONEY, nullable=False),
        sa.Column("average_price", MONEY, nullable=True),
        sa.Column("fee", MONEY, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("exchange_id", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "client_id", name="pk_orders"),
    )
    op.create_index("ix_orders_account_decided_at", "orders", ["account", "decided_at"])
    op.create_index("ix_orders_account_status", "orders", ["account", "status"])
    op.create_table(
        "person",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("zone", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "position",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("sleeve", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("quantity", MONEY, nullable=False),
        sa.Column("entry_price", MONEY, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("fees", MONEY, nullable=False),
        sa.PrimaryKeyConstraint("account", "sleeve", "symbol", name="pk_position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signal",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("sleeve", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("exposure", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("account", "sleeve", "symbol", "at", name="pk_signal"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signal_account_at", "signal", ["account", "at"])
    op.create_table(
        "sleeve_setting",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("sleeve", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("params", TEXT, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", "sleeve", name="pk_sleeve_setting"),
    )
    op.create_table(
        "snapshot",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_snapshot"),
    )
    op.create_table(
        "chat",
        sa.Column("address", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("topics", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_chat_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("address", "account", name="pk_chat"),
    )
    op.create_table(
        "grants",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_grants_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "account", "role", name="pk_grants"),
    )
    op.create_table(
        "identity",
        sa.Column("platform", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("linked_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_identity_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("platform", "user_id", name="pk_identity"),
    )
    op.create_index("ix_identity_person_id", "identity", ["person_id"])
    op.create_table(
        "pairing",
        sa.Column("code_hash", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("roles", TEXT, nullable=False),
        sa.Column("accounts", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_pairing_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name="pk_pairing"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_session_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_session_expires_at", "session")
    op.drop_table("session")
    op.drop_table("pairing")
    op.drop_index("ix_identity_person_id", "identity")
    op.drop_table("identity")
    op.drop_table("grants")
    op.drop_table("chat")
    op.drop_table("snapshot")
    op.drop_table("sleeve_setting")
    op.drop_index("ix_signal_account_at", "signal")
    op.drop_table("signal")
    op.drop_table("position")
    op.drop_table("person")
    op.drop_index("ix_orders_account_status", "orders")
    op.drop_index("ix_orders_account_decided_at", "orders")
    op.drop_table("orders")
    op.drop_table("meta")
    op.drop_table("message")
    op.drop_index("ix_inbox_at", "inbox")
    op.drop_table("inbox")
    op.drop_index("ix_halt_account", "halt")
    op.drop_table("halt")
    op.drop_index("ix_fill_account_at", "fill")
    op.drop_table("fill")
    op.drop_table("event")
    op.drop_table("equity")
    op.drop_table("cash_flow")
    op.drop_table("candle")
    op.drop_table("audit")
