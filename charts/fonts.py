"""Which installed fonts draw our words, and what of a text they can draw."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

KOREAN = (
    "Pretendard",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "NanumGothic",
    "NanumBarunGothic",
    "UnDotum",
)
_FALLBACK = "DejaVu Sans"  # comes with matplotlib
_FILES = (
    "notosanscjk",
    "notosanskr",
    "nanumgothic",
    "nanumbarungothic",
    "malgun",
    "applesdgothicneo",
    "pretendard",
)


@lru_cache(1)
def stack() -> tuple[str, ...]:
    """Font families to draw with, best first: a Korean one where one is installed, then DejaVu Sans."""
    korean = _known_korean() or _newly_installed()
    return (korean, _FALLBACK) if korean else (_FALLBACK,)


def _known_korean() -> str | None:
    from matplotlib.font_manager import fontManager

    known = {entry.name for entry in fontManager.ttflist}
    return next((name for name in KOREAN if name in known), None)


def _newly_installed() -> str | None:
    """Fonts installed after matplotlib wrote its list: look at the file names, read only ours."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    files = [
        file for file in findSystemFonts() if Path(file).name.lower().replace("-", "").startswith(_FILES)
    ]
    for file in files:
        fontManager.addfont(file)
    return _known_korean() if files else None


@lru_cache(2)
def properties(bold: bool) -> "FontProperties":
    """The stack as matplotlib wants it; the size is given to each text."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=list(stack()), weight="bold" if bold else "normal")


@lru_cache(4096)
def _has(character: str) -> bool:
    return any(face.get_char_index(ord(character)) for face in _faces())


def _faces() -> tuple["FT2Font", ...]:
    """Not kept here: matplotlib keeps one for each thread, because they must not be shared."""
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    return tuple(get_font(fontManager.findfont(FontProperties(family=name))) for name in stack())


def drawable(text: str) -> str:
    """The text on one line, without the characters that no installed font can draw (emoji, or Hangul)."""
    return " ".join("".join(c if c.isspace() or _has(c) else "" for c in text).split())


def spoken(say: Callable[[str], str]) -> Callable[[str], str]:
    """As `say`, but English where the translation cannot be drawn: words are better than empty boxes."""

    def speak(key: str) -> str:
        text = say(key)
        return text if all(c.isspace() or _has(c) for c in text) else key

    return speak
