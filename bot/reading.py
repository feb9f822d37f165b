"""Words that people type, read as what they mean: numbers, times, yes or no."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from trading.domain.errors import Refused

_NUMBER = re.compile(r"[+-]?([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})", re.ASCII)


def _read_decimal(word: str, name: str) -> Decimal:
    """Digits, a point, a sign: no exponent, no commas, no other alphabet's digits, nothing around them."""
    if not _NUMBER.fullmatch(word):
        raise Refused(f"{name} should be a number like 12.5; found '{word}'.")
    return Decimal(word)


def _read_int(word: str, name: str) -> int:
    whole = re.fullmatch(r"[+-]?[0-9]{1,12}(\.0*)?", word, re.ASCII)
    if whole is None:
        raise Refused(f"{name} should be a whole number; found '{word}'.")
    return int(Decimal(word))


def _read_bool(word: str, name: str) -> bool:
    known = {
        "on": True,
        "yes": True,
        "true": True,
        "1": True,
        "off": False,
        "no": False,
        "false": False,
        "0": False,
    }
    if word.lower() not in known:
        raise Refused(f"{name} is on or off; found '{word}'.")
    return known[word.lower()]


def _read_time(word: str, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        raise Refused(
            f"{name} should be a date like 2024-08-05 or 2024-08-05T12:00; found '{word}'."
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


# What a command's word may be: its type -> how it is read, from the word and its name. Raises Refused.
READERS: dict[Any, Callable[[str, str], Any]] = {
    str: lambda word, name: word,
    int: _read_int,
    float: lambda word, name: float(_read_decimal(word, name)),
    Decimal: _read_decimal,
    bool: _read_bool,
    datetime: _read_time,
    Path: lambda word, name: Path(word),
}
