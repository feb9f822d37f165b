"""People: quiet hours, disabled persons, where codes and sessions came from; accounts, second factors, delegations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # numbers itself
KEY = sa.BigInteger()
TEXT = sa.Text()
MONEY = sa.Text().with_variant(sa.Numeric(), "postgresql")
TIME = sa.DateTime(timezone=True)

# What each table had, and what it has now; made anew for every use, because a column belongs to one table.
NEW = {
    "person": (("quiet_from", TEXT), ("quiet_until", TEXT), ("disabled_at", TIME)),
    "pairing": (("origin", TEXT),),
    "session": (("origin", TEXT),),
}


def _before(name: str) -> list[sa.Column[Any]]:
    had: dict[str, list[tuple[str, Any]]] = {
        "person": [
            ("id", ID),
            ("name", TEXT),
            ("language", TEXT),
            ("zone", TEXT),
            ("account", TEXT),
            ("created_at", TIME),
        ],
        "pairing": [
            ("code_hash", TEXT),
            ("person_id", KEY),
            ("roles", TEXT),
            ("accounts", TEXT),
            ("created_at", TIME),
            ("expires_at", TIME),
            ("used_at", TIME),
        ],
        "session": [
            ("token_hash", TEXT),
            ("person_id", KEY),
            ("created_at", TIME),
            ("seen_at", TIME),
            ("expires_at", TIME),
        ],
    }
    empty = {("pairing", "person_id"), ("pairing", "used_at")}
    return [sa.Column(column, kind, nullable=(name, column) in empty) for column, kind in had[name]]


def _constraints(name: str) -> list[sa.Constraint]:
    key = {"person": "id", "pairing": "code_hash", "session": "token_hash"}[name]
    mine: list[sa.Constraint] = [sa.PrimaryKeyConstraint(key, name=f"pk_{name}")]
    if name != "person":
        mine.insert(0, _of_person(name))
    return mine


def _of_person(name: str, column: str = "person_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["person.id"], name=f"fk_{name}_{column}", ondelete="CASCADE")


def _rebuild(name: str, *more: sa.Column[Any]) -> None:
    """Let a SQLite table have these columns beside its first ones. It is written down as the models are."""
    columns = _before(name)
    kept = ", ".join(column.name for column in columns)
    numbered = {"sqlite_autoincrement": True} if name == "person" else {}
    op.execute(f"CREATE TEMPORARY TABLE kept AS SELECT {kept} FROM {name}")  # noqa: S608 - names from above
    op.drop_table(name)
    op.create_table(name, *columns, *more, *_constraints(name), **numbered)
    op.execute(f"INSERT INTO {name} ({kept}) SELECT {kept} FROM kept")  # noqa: S608 - likewise
    op.execute("DROP TABLE kept")
    if name == "session":
        op.create_index("ix_session_expires_at", "session", ["expires_at"])


def upgrade() -> None:
    for name, columns in NEW.items():
        more = [sa.Column(column, kind, nullable=True) for column, kind in columns]
        if op.get_bind().dialect.name == "sqlite":
            _rebuild(name, *more)
            continue
        for column in more:
            op.add_column(name, column)
    op.create_table(
        "account",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("settings", TEXT, nullable=False),
        sa.Column("opened_by", KEY, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        _of_person("account", "opened_by"),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )
    op.create_table(
        "second_factor",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("sealed", TEXT, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("last_step", KEY, nullable=False),
        _of_person("second_factor"),
        sa.PrimaryKeyConstraint("person_id", name="pk_second_factor"),
    )
    op.create_table(
        "delegation",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("cap", MONEY, nullable=False),
        sa.Column("given_by", KEY, nullable=False),
        sa.Column("given_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        _of_person("delegation"),
        _of_person("delegation", "given_by"),
        sa.PrimaryKeyConstraint("id", name="pk_delegation"),
    )
    op.create_index("ix_delegation_account", "delegation", ["account"])


def downgrade() -> None:
    op.drop_index("ix_delegation_account", "delegation")
    for name in ("delegation", "second_factor", "account"):
        op.drop_table(name)
    for name, columns in NEW.items():
        if op.get_bind().dialect.name == "sqlite":
            _rebuild(name)
            continue
        for column, _ in columns:
            op.drop_column(name, column)
