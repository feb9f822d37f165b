"""How models and migrations are compared, and how our column types are written into a migration."""

from typing import Any, Literal

from trading.store.columns import Json, Money, PlainText, UtcTime
from trading.store.tables import Row

VERSION_TABLE = "tradewind_alembic_version"  # others (Optuna) keep an `alembic_version` of their own

# A migration must mean the same for ever, so it names plain types and not our classes.
_WRITTEN: dict[type, str] = {
    Money: "sa.Text().with_variant(sa.Numeric(), 'postgresql')",
    PlainText: "sa.Text()",
    Json: "sa.Text()",
    UtcTime: "sa.DateTime(timezone=True)",
}


def rendered(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """The text of a column type in a new migration; False leaves it to Alembic."""
    return _WRITTEN.get(type(item), False) if kind == "type" else False


def _ours(name: str | None, kind: str, parents: Any) -> bool:
    """Tables of other programs in the same database are left alone."""
    return kind != "table" or name in Row.metadata.tables


OPTIONS: dict[str, Any] = {
    "version_table": VERSION_TABLE,
    "compare_type": True,
    "include_name": _ours,
}
