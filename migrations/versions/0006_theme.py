"""People: pictures light or dark, as each likes them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def _before() -> list[sa.Column[Any]]:
    needed: list[tuple[str, Any]] = [
        ("name", TEXT),
        ("language", TEXT),
        ("zone", TEXT),
        ("account", TEXT),
        ("created_at", TIME),
    ]
    empty: list[tuple[str, Any]] = [("quiet_from", TEXT), ("quiet_until", TEXT), ("disabled_at", TIME)]
    return [
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in needed),
        *(sa.Column(name, kind, nullable=True) for name, kind in empty),
    ]


def _theme() -> sa.Column[Any]:
    return sa.Column("theme", TEXT, nullable=True)


def _rebuild(*more: sa.Column[Any]) -> None:
    """Let the SQLite table have these columns beside its others. It is written down as the models are."""
    columns = _before()
    kept = ", ".join(column.name for column in columns)
    op.execute(f"CREATE TEMPORARY TABLE kept AS SELECT {kept} FROM person")  # noqa: S608 - names from above
    op.drop_table("person")
    key = sa.PrimaryKeyConstraint("id", name="pk_person")
    op.create_table("person", *columns, *more, key, sqlite_autoincrement=True)
    op.execute(f"INSERT INTO person ({kept}) SELECT {kept} FROM kept")  # noqa: S608 - likewise
    op.execute("DROP TABLE kept")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_theme())
    else:
        op.add_column("person", _theme())


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        op.drop_column("person", "theme")
