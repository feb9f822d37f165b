"""Exchange keys, sealed; and a seal on every row of the audit, given to old rows at the next start."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # numbers itself
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
KEPT = "seq, at, person, place, account, line, outcome"


def upgrade() -> None:
    _audit_anew([sa.Column("mac", TEXT, nullable=False)], f"{KEPT}, mac", f"{KEPT}, ''")
    op.create_table(
        "credential",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("wrapped", TEXT, nullable=False),
        sa.Column("sealed", TEXT, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("added_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "purpose", name="pk_credential"),
    )


def downgrade() -> None:
    op.drop_table("credential")
    _audit_anew([], KEPT, KEPT)


def _audit_anew(more: list[sa.Column[str]], into: str, from_: str) -> None:
    """The same rows in a new table: SQLite takes no column without a default into one that exists."""
    op.execute("CREATE TEMPORARY TABLE audit_before AS SELECT * FROM audit")
    op.drop_table("audit")
    op.create_table(
        "audit",
        sa.Column("seq", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=True),
        sa.Column("line", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO audit ({into}) SELECT {from_} FROM audit_before ORDER BY seq")  # noqa: S608
    op.execute("DROP TABLE audit_before")
