"""Real money: leases, order attempts, approvals, external flows, differences."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text()
MONEY = sa.Text().with_variant(sa.Numeric(), "postgresql")
TIME = sa.DateTime(timezone=True)
NUMBER: sa.Double[float] = sa.Double()


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_lease"),
    )
    op.create_table(
        "attempt",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("intent_id", TEXT, nullable=False),
        sa.Column("intent", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("stop_price", MONEY, nullable=True),
        sa.Column("exchange_id", TEXT, nullable=True),
        sa.Column("approval", TEXT, nullable=True),
        sa.Column("gate", TEXT, nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "client_id", name="pk_attempt"),
        sa.UniqueConstraint("account", "intent_id", name="uq_attempt_account_intent_id"),
    )
    op.create_index("ix_attempt_account_state", "attempt", ["account", "state"])
    op.create_index("ix_attempt_account_sent_at", "attempt", ["account", "sent_at"])
    op.create_table(
        "approval",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("intent", TEXT, nullable=False),
        sa.Column("price_at_ask", MONEY, nullable=False),
        sa.Column("max_drift", NUMBER, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("kill_epoch", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "id", name="pk_approval"),
    )
    op.create_index("ix_approval_account_state", "approval", ["account", "state"])
    op.create_table(
        "external_flow",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "ref", name="pk_external_flow"),
    )
    op.create_index("ix_external_flow_account_at", "external_flow", ["account", "at"])
    op.create_table(
        "difference",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("symbols", TEXT, nullable=False),
        sa.Column("theirs", MONEY, nullable=False),
        sa.Column("ours", MONEY, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("answer", TEXT, nullable=True),
        sa.Column("answered_by", TEXT, nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("account", "id", name="pk_difference"),
    )
    op.create_index("ix_difference_account_answered_at", "difference", ["account", "answered_at"])


def downgrade() -> None:
    op.drop_index("ix_difference_account_answered_at", "difference")
    op.drop_table("difference")
    op.drop_index("ix_external_flow_account_at", "external_flow")
    op.drop_table("external_flow")
    op.drop_index("ix_approval_account_state", "approval")
    op.drop_table("approval")
    op.drop_index("ix_attempt_account_sent_at", "attempt")
    op.drop_index("ix_attempt_account_state", "attempt")
    op.drop_table("attempt")
    op.drop_table("lease")
