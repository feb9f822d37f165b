"""What people read, in their language. English lives in the code; other languages lie beside this file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "ko")


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = Path(__file__).with_name(f"{language}.toml")
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return tomllib.load(file)["words"]  # type: ignore[no-any-return]


class Words:
    """Says things in one language. The English sentence is the key, so the code reads as what it says."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = {} if language == "en" else _catalogue(language)

    def __call__(self, sentence: str, /, **values: Any) -> str:
        """`say("{n} trades", n=3)`. A sentence without a translation is said in English."""
        said = self._known.get(sentence, sentence)
        return said.format(**values) if values else said
