"""What people read, in their language. English lives in the code; other languages lie beside this file."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "ko")
LONGEST = 1000  # characters of a finished sentence that is looked up; beyond it is said as it is
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language. `words` are the sentences the chat says; `finished` are those that reach it said already."""

    words: dict[str, str]
    finished: dict[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]


@cache
def catalogue(language: str) -> Catalogue:
    """What lies in `<language>.toml`; nothing for English, which needs none."""
    path = Path(__file__).with_name(f"{language}.toml")
    tables = tomllib.loads(path.read_text()) if path.exists() else {"words": {}, "finished": {}}
    finished = tables["finished"]
    filled = sorted((s for s in finished if _NAME.search(s)), key=lambda s: -len(_NAME.sub("", s)))
    patterns = tuple(
        (_pattern(sentence), finished[sentence]) for sentence in filled
    )  # the most telling first
    return Catalogue(tables["words"], finished, patterns)


class Words:
    """Says things in one language. The English sentence is the key, so the code reads as what it says."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = catalogue(language)

    def __call__(self, sentence: str, /, **values: Any) -> str:
        """`say("{n} trades", n=3)`. A sentence without a translation is said in English."""
        said = self._known.words.get(sentence, sentence)
        return said.format(**values) if values else said

    def again(self, text: str) -> str:
        """Says what was said or written down in English before: errors and reasons that come from trading.

        It is known by the sentence it was made from, and what was filled in is said again, too. A single word
        may be a name or a command, so it is left alone unless trading is known to say it.
        """
        if len(text) > LONGEST:
            return text
        known = self.exactly(text)
        if known != text:
            return known
        for pattern, said in self._known.patterns:
            if found := pattern.fullmatch(text):
                return said.format(**{name: self.again(value) for name, value in found.groupdict().items()})
        return text

    def exactly(self, text: str) -> str:
        """As `again`, for what a person may have typed: only a sentence that is known to the letter."""
        if text in self._known.finished or " " not in text:
            return self._known.finished.get(text, text)
        return self._known.words.get(text, text)


def _pattern(sentence: str) -> re.Pattern[str]:
    """What a sentence looks like once its `{names}` are filled in; a name that comes twice is the same twice."""
    seen: set[str] = set()
    parts = []
    for place, part in enumerate(_NAME.split(sentence)):
        if place % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.*?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)
