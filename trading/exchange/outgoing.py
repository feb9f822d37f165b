"""What a request is about to say: read off its bytes before they leave. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class NotWhatWasMeant(Exception):
    """The bytes are not the request that was decided; they stay here."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What an order request has to say: our id and these numbers, each as it is."""

    client_id: str
    numbers: tuple[tuple[str, Decimal], ...]  # (what it is, how much)

    def check(self, url: str, body: Any) -> None:
        """Raises NotWhatWasMeant unless the request carries our id and every number exactly."""
        said = list(spoken(url, body))
        if not any(text.endswith(self.client_id) for text in said):  # some put a prefix of theirs before it
            raise NotWhatWasMeant("the request would leave without our order id")
        for what, number in self.numbers:
            if not any(_equal(text, number) for text in said):
                raise NotWhatWasMeant(f"the request would leave with another {what} than {number}")


def spoken(url: str, body: Any) -> Iterator[str]:
    """Every value that a request carries, in its address or in its body."""
    for _, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        yield value
    if not isinstance(body, str) or not body:
        return
    try:
        yield from _leaves(json.loads(body, parse_float=str, parse_int=str))
    except ValueError:
        for _, value in parse_qsl(body, keep_blank_values=True):
            yield value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value


def _equal(text: str, number: Decimal) -> bool:
    try:
        return Decimal(text) == number
    except InvalidOperation:
        return False
