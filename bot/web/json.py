"""Everything the product owns as JSON text: exact money, UTC times, plain names."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import orjson

PLAIN_RANGE = 40  # decimal exponents up to here are written out; beyond, 1E+41 is the honest form


def to_json(value: Any, *, money_as_text: bool = False, indent: bool = False) -> str:
    """`value` as JSON text.

    Decimal is a JSON *number* with every digit it has (`12345678.123456789012345678`): JSON sets no limit on
    digits, and most readers want to calculate. One that reads numbers as doubles and still needs the last
    digit asks for `money_as_text`. Times are UTC and end in Z; a time without a zone is refused. NaN and
    infinity are null, sets are sorted lists, durations are seconds, enums are their values.
    """
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    if indent:
        options |= orjson.OPT_INDENT_2
    return orjson.dumps(value, _rest(money_as_text), options).decode()


def _rest(money_as_text: bool) -> Callable[[Any], Any]:
    """What orjson asks about the types it does not know."""

    def plain(value: Any) -> Any:
        match value:
            case Decimal():
                return _number(value, money_as_text)
            case datetime():
                return _instant(value)
            case timedelta():
                return value.total_seconds()
            case frozenset() | set():
                return sorted(value)
            case PurePath():
                return str(value)
        if is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in fields(value)}
        raise TypeError(f"{type(value).__name__} has no JSON form; teach bot/web/json.py to write it")

    return plain


def _number(value: Decimal, as_text: bool) -> Any:
    if not value.is_finite():
        return None
    digits = f"{value:f}" if abs(value.adjusted()) <= PLAIN_RANGE else str(value)
    return digits if as_text else orjson.Fragment(digits)


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError(f"a time needs a zone; found {value.isoformat()}")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
