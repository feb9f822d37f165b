"""What a strategy can be told: typed parameters with a range, read from words, settings and forms."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, TypeVar, cast, get_type_hints

from trading.domain.errors import Broken, Refused

Value = int | float | bool
T = TypeVar("T", int, float, bool)

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_KEY = "spec"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """One parameter as a person, a form and a search see it. `low` and `high` are None for a switch."""

    name: str
    type: type[int] | type[float] | type[bool]
    default: Value
    low: float | None
    high: float | None
    help: str

    @property
    def range(self) -> str:
        """`3 ... 60` or `true or false`, as it is shown."""
        if self.low is None or self.high is None:
            return "true or false"
        return f"{self.low:g} ... {self.high:g}"

    def read(self, value: object, owner: str) -> Value:
        """The typed value; raises Refused, naming `owner`, when it is no number or out of range."""
        found = self._typed(value)
        if found is None:
            raise Refused(f"{owner}: {self.name} must be {_WANTED[self.type]} ({self.range}), not '{value}'.")
        if self.low is not None and self.high is not None and not self.low <= found <= self.high:
            raise Refused(f"{owner}: {self.name} must be within {self.range}, not {value}.")
        return found

    def _typed(self, value: object) -> Value | None:
        if self.type is bool:
            return _switch(value)
        number = _number(value)
        if number is None or self.type is float:
            return number
        return int(number) if number.is_integer() else None


_WANTED: dict[type, str] = {int: "a whole number", float: "a number", bool: "a switch"}


def param(default: T, *, low: float | None = None, high: float | None = None, help: str) -> T:
    """A parameter of a strategy's `Params`: its default, its range (both ends allowed) and its meaning.

    Numbers need a range; a switch (`bool`) has none.
    """
    return field(default=default, metadata={_KEY: (low, high, help)})


def specs_of(params: type) -> tuple[ParamSpec, ...]:
    """The parameters of a `Params` class in the order written; raises Broken when one is not well formed."""
    hints = get_type_hints(params)
    return tuple(
        _checked(
            ParamSpec(
                name=f.name,
                type=hints[f.name],
                default=cast("Value", f.default),
                low=f.metadata[_KEY][0],
                high=f.metadata[_KEY][1],
                help=f.metadata[_KEY][2],
            ),
            params,
        )
        for f in fields(params)
    )


def read_params(owner: str, specs: tuple[ParamSpec, ...], values: Mapping[str, Any]) -> dict[str, Value]:
    """Every parameter's value: what was given, else the default. Raises Refused on an unknown name."""
    known = {spec.name: spec for spec in specs}
    for name in values:
        if name not in known:
            raise Refused(f"{owner} has no parameter '{name}'; {nearest(name, known)}.")
    return {
        name: spec.read(values[name], owner) if name in values else spec.default
        for name, spec in known.items()
    }


def nearest(word: str, offered: Iterable[str]) -> str:
    """`did you mean 'fast'?`-like help, or the whole list when nothing is near."""
    names = sorted(offered)
    close = get_close_matches(word, names, n=1)
    return f"the nearest is '{close[0]}'" if close else f"there is {', '.join(names) or 'none'}"


def _checked(spec: ParamSpec, owner: type) -> ParamSpec:
    where = f"{owner.__module__}.{spec.name}"
    if spec.type not in _WANTED:
        raise Broken(f"{where} must be int, float or bool, not {spec.type}.")
    if not spec.help:
        raise Broken(f"{where} needs a line that says what it means.")
    if spec.type is bool:
        return spec
    if spec.low is None or spec.high is None or not spec.low <= spec.default <= spec.high:
        raise Broken(f"{where} needs a range that holds its default {spec.default}.")
    return spec


def _switch(value: object) -> bool | None:
    word = str(value).strip().lower()
    if word in _YES:
        return True
    return False if word in _NO else None


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None
