"""Telegram's reading of HTML: what a message shows, or why it is refused."""

import html
import re
from dataclasses import dataclass

TAGS = {
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "span", "tg-spoiler",
    "tg-emoji", "blockquote",
}  # fmt: skip

_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>|(<)|([^<]+)", re.DOTALL)


class BadMarkup(Exception):
    """What Telegram says about HTML that it cannot read."""


@dataclass(frozen=True)
class Entity:
    """A formatted stretch, counted in UTF-16 units as Telegram does."""

    tag: str
    text: str


def units(text: str) -> int:
    """UTF-16 units: the strictest way of counting that Telegram's clients and servers know."""
    return len(text.encode("utf-16-le")) // 2


def read(markup: str) -> tuple[str, list[Entity]]:
    """The visible text and its entities. Raises BadMarkup for unknown, unbalanced or unescaped markup."""
    text, entities = "", []
    opened: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(markup):
        closing, tag, _, stray, words = token.groups()
        if words is not None:
            text += html.unescape(words)
            continue
        where = f"at byte offset {len(markup[: token.start()].encode())}"
        if stray is not None or tag.lower() not in TAGS:
            raise BadMarkup(f'Unsupported start tag "{tag or token.group()}" {where}')
        if not closing:
            opened.append((tag.lower(), len(text)))
            continue
        if not opened:
            raise BadMarkup(f"Unexpected end tag {where}")
        expected, start = opened.pop()
        if expected != tag.lower():
            raise BadMarkup(f'Unmatched end tag {where}, expected "</{expected}>", found "</{tag}>"')
        entities.append(Entity(expected, text[start:]))
    if opened:
        raise BadMarkup(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return text.strip(), entities
