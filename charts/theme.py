"""One visual language: colours in light and dark, three ways of reading up and down, and type sizes."""

from dataclasses import dataclass
from typing import Literal

Name = Literal["light", "dark"]
Palette = Literal["western", "korean", "safe"]

WIDTH = 1280  # pixels of every picture
PHONE = 360  # pixels it is shown at on a phone
SMALLEST = 10.0  # pixels a letter's size has there at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours as `#rrggbb`, sizes in pixels of a picture that is `WIDTH` wide."""

    name: Name
    palette: Palette
    background: str
    text: str
    muted: str
    grid: str
    up: str
    down: str
    accent: str
    warn: str
    series: tuple[str, ...]  # told apart by people who see colours differently, too
    small: float = 36
    body: float = 40
    title: float = 42
    hero: float = 76

    def towards(self, value: float) -> str:
        """The colour of a gain, a loss, or of nothing at all."""
        if value > 0:
            return self.up
        return self.down if value < 0 else self.muted

    def on(self, fill: str) -> str:
        """The text colour where it can be read on `fill`, otherwise black or white."""
        return max((self.text, "#000000", "#ffffff"), key=lambda colour: min(contrast(fill, colour), 4.5))

    def blend(self, colour: str, share: float) -> str:
        """`colour` laid over the background with the given opacity."""
        pairs = zip(_channels(colour), _channels(self.background), strict=True)
        return "#" + "".join(
            f"{round(255 * (top * share + under * (1 - share))):02x}" for top, under in pairs
        )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the accessibility guidelines: 1 (the same) ... 21 (black on white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _luminance(colour: str) -> float:
    linear = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour))
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


_UP_DOWN: dict[tuple[Name, Palette], tuple[str, str]] = {
    ("dark", "western"): ("#2ebd85", "#f6566b"),
    ("dark", "korean"): ("#f6566b", "#5b9dff"),
    ("dark", "safe"): ("#56a8f5", "#f09a37"),
    ("light", "western"): ("#0b8457", "#cf2f4a"),
    ("light", "korean"): ("#cf2f4a", "#1f66d0"),
    ("light", "safe"): ("#1a6fc4", "#bf5600"),
}
_SERIES: dict[Name, tuple[str, ...]] = {
    "dark": ("#56b4e9", "#e69f00", "#2bc59b", "#e78ac3", "#f0e442", "#b8a9ff", "#ff8a5c", "#c3cbd4"),
    "light": ("#0072b2", "#9c5d00", "#00845f", "#a8447f", "#7a6f00", "#5b45c9", "#c2450a", "#4d5762"),
}


def theme(name: Name = "dark", palette: Palette = "safe") -> Theme:
    """`western` is green up and red down, `korean` red up and blue down, `safe` blue up and orange down."""
    up, down = _UP_DOWN[name, palette]
    if name == "dark":
        return Theme(
            name=name,
            palette=palette,
            up=up,
            down=down,
            series=_SERIES[name],
            background="#11161d",
            text="#eef2f6",
            muted="#97a3b1",
            grid="#28303a",
            accent="#b8a9ff",
            warn="#f0c14b",
        )
    return Theme(
        name=name,
        palette=palette,
        up=up,
        down=down,
        series=_SERIES[name],
        background="#ffffff",
        text="#12171d",
        muted="#5a6571",
        grid="#e3e7eb",
        accent="#5b45c9",
        warn="#8a5a00",
    )
