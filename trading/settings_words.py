"""A wrong setting in one sentence: where it stands, what was found, what would be right."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from trading.settings_shape import Kind, spot
from trading.toml_lines import Keys

Where = Callable[[Keys], str]

_SHOWN: Final = 32  # longer texts are not repeated: they may be a token in the wrong place

_SHOULD: Final = {
    "bool": "should be true or false",
    "int": "should be a whole number",
    "float": "should be a number",
    "finite": "should be a number",
    "decimal": "should be a number",
    "string": "should be text in quotes",
    "path": "should be text in quotes",
    "tuple": 'should be a list like ["BTC/USDT", "ETH/USDT"]',
    "list": 'should be a list like ["BTC/USDT", "ETH/USDT"]',
    "model": "should be a table of settings",
    "dict": "should be a table of settings",
}


def sentence(error: ErrorDetails, where: Where, shape: type[BaseModel]) -> str:
    """What is wrong with one setting. Never contains a secret, even one in the wrong place."""
    keys = tuple(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        return f"{where(keys)}: there is no setting {_quoted(keys[-1])} {_hint(keys, shape)}"
    name = repr(".".join(keys))[1:-1]
    return f"{where(keys)}: {name} {_should(error)}{_found(error, keys, shape)}."


def _should(error: ErrorDetails) -> str:
    """The rest of `name …`: what would be right."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"should be {context['expected']}"
        case "greater_than":
            return f"should be more than {context['gt']}"
        case "greater_than_equal":
            return f"should be at least {context['ge']}"
        case "less_than":
            return f"should be less than {context['lt']}"
        case "less_than_equal":
            return f"should be at most {context['le']}"
        case "too_short" | "string_too_short":
            return "should not be empty"
        case kind:
            return _SHOULD[kind.split("_", 1)[0]]


def _found(error: ErrorDetails, keys: Keys, shape: type[BaseModel]) -> str:
    found, place = error["input"], spot(shape, keys)
    if "[key]" in error["loc"] or (error["type"] in ("value_error", "too_short") and _is_many(found)):
        return ""  # the sentence has said it already
    if error["type"] == "value_error" and "; found " in str(error["ctx"]["error"]):
        return ""
    if place.secret:
        return "; what was found is not shown here"
    if place.kind is Kind.TABLE or _is_many(found):
        return f"; found {_kind(found)}"
    if isinstance(found, str):
        return f"; found {_quoted(found)}"
    return f"; found {str(found).lower() if isinstance(found, bool) else found}"


def _is_many(found: object) -> bool:
    return isinstance(found, Mapping | list | tuple)


def _kind(found: object) -> str:
    match found:
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case str():
            return "text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
    return "a date or a time"


def _hint(keys: Keys, shape: type[BaseModel]) -> str:
    """Which table it is missing from, and what was probably meant."""
    table, known = ".".join(keys[:-1]), spot(shape, keys[:-1]).names
    inside = f"in [{table}]" if table else "at the top of the settings"
    near = get_close_matches(keys[-1].lower(), known, 1, cutoff=0.6)
    if near:
        return f"{inside}; did you mean {near[0]}?"
    if keys[-1] in shape.model_fields:
        return f"{inside}; it belongs at the top, before the first table."
    homes = [section for section in shape.model_fields if keys[-1] in spot(shape, (section,)).names]
    if homes:
        return f"{inside}; it belongs in [{homes[0]}]."
    return f"{inside}; known are {', '.join(known)}."


def _quoted(text: str) -> str:
    """The text as it can be shown on one line, or only its length when it might be a secret."""
    if len(text) > _SHOWN:
        return f"a text of {len(text)} characters"
    return repr(text) if text else "nothing"
