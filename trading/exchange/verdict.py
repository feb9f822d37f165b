"""What a venue's raw answer to an order means. Pure: status and body in, one of three answers out.

ccxt's error classes are not used: they file lost answers as refusals and refusals as lost answers.
"""

import json
from dataclasses import dataclass
from typing import Any

from trading.exchange.facts import Codes, Facts
from trading.execution.venue import Denied, Doubtful, Why

_TELL = {
    Why.FUNDS: "there is not enough money",
    Why.FILTER: "size or price do not fit the market's rules",
    Why.MARKET: "this market cannot be traded now",
    Why.RATE: "too many requests",
    Why.CLOCK: "our clock is off",
    Why.KEY: "the key is not accepted for this",
    Why.OTHER: "the request is not understood",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one request: whether a byte of it left, and what came back, if anything did."""

    left: bool
    status: int | None = None
    body: str = ""


def refusal(facts: Facts, heard: Heard) -> Denied | Doubtful:
    """Why an order was not placed, if that is certain; only raw codes on the venue's list are."""
    name = facts.profile.name
    if not heard.left:
        return Denied(Why.NOT_SENT, f"The request never left for {name}.")
    if heard.status is None:
        return Doubtful(f"{name} did not answer.")
    found = _codes(facts.codes, heard.body)
    shown = f" ({_short(found[0])})" if found else ""
    if heard.status >= 500:
        return Doubtful(f"{name} answered with status {heard.status}{shown}, which says nothing.")
    if any(code in facts.codes.doubtful for code in found):
        return Doubtful(f"{name} says that it may know this order already, or that it lost its way{shown}.")
    why = _why(facts.codes, found, _words(facts.codes, heard.body))
    if why is None and (why := facts.codes.statuses.get(heard.status)) is None:
        return Doubtful(f"{name} answered something that is on no list of refusals{shown}.")
    return Denied(why, f"{name} says that {_TELL[why]}{shown}.")


def says_unknown(facts: Facts, heard: Heard) -> bool:
    """Whether this answer says that there is no such order. An error never does."""
    if not _answered(heard):
        return False
    empty = facts.codes.empty and _at(_parsed(heard.body), facts.codes.empty) == []
    return bool(empty) or _among(facts.codes, facts.codes.unknown_order, heard.body)


def says_over(facts: Facts, heard: Heard) -> bool:
    """Whether this answer to a cancel says that there is nothing left to cancel."""
    return _answered(heard) and _among(facts.codes, facts.codes.over, heard.body)


def says_wait(facts: Facts, heard: Heard) -> bool:
    """Whether this answer asks to be left alone for a while."""
    if heard.status in (418, 429):
        return True
    why = _why(facts.codes, _codes(facts.codes, heard.body), _words(facts.codes, heard.body))
    return heard.status is not None and heard.status < 500 and why is Why.RATE


def _answered(heard: Heard) -> bool:
    return heard.status is not None and heard.status < 500


def _among(codes: Codes, listed: tuple[tuple[str, str], ...], body: str) -> bool:
    found, words = _codes(codes, body), _words(codes, body)
    return any(_same(code, known) and text.lower() in words for known, text in listed for code in found)


def _why(codes: Codes, found: list[str], words: str) -> Why | None:
    for code in found:
        for known in codes.refused:
            if _same(code, known.code) and known.text.lower() in words:
                return known.why
    return None


def _same(code: str, known: str) -> bool:
    return code == known or (
        ":" in known and code.startswith(f"{known}:")
    )  # EGeneral:Invalid arguments:volume


def _codes(codes: Codes, body: str) -> list[str]:
    parsed = _parsed(body)
    values = (_at(parsed, path) for path in codes.where)
    return [str(value) for value in values if isinstance(value, str | int) and value not in ("", "0", 0)]


def _words(codes: Codes, body: str) -> str:
    parsed = _parsed(body)
    return " ".join(str(_at(parsed, path) or "") for path in codes.text).lower()


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _at(parsed: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(parsed, list) and step.isdigit() and int(step) < len(parsed):
            parsed = parsed[int(step)]
        elif isinstance(parsed, dict):
            parsed = parsed.get(step)
        else:
            return None
    return parsed


def _short(code: str) -> str:
    return code if len(code) <= 60 else f"{code[:57]}..."
