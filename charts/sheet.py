"""A page to draw on: title, headline, panes and footer, measured in pixels from the top left corner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from charts import fonts
from charts.format import Say, axis, plain
from charts.theme import WIDTH, Theme
from charts.ticks import number_ticks, time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

    Measure = Callable[[str, FontProperties, bool], tuple[float, float, float]]

DPI = 100
EDGE = 44  # free space around everything
HEAD = 196  # where the first pane may begin
Across = Literal["left", "center", "right"]
Upward = Literal["top", "center", "bottom", "baseline"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line of text that has its own size and colour."""

    text: str
    size: float
    colour: str
    bold: bool = False


def points(pixels: float) -> float:
    """Pixels of the picture as typographic points, which is what matplotlib wants."""
    return pixels * 72 / DPI


class Sheet:
    """One picture in the making. Every text goes through it: one font, one line, no markup obeyed."""

    def __init__(self, theme: Theme, height: int, say: Say = plain) -> None:
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.figure import Figure

        self.theme = theme
        self.height = height
        self.say = fonts.spoken(say)
        self.figure: Figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=theme.background)
        ruler = RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]
        self._measure: Measure = ruler.get_text_width_height_descent

    # --- text -------------------------------------------------------------------------------------------

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """How many pixels the text takes."""
        prop = fonts.properties(bold).copy()
        prop.set_size(points(size))
        return float(self._measure(fonts.drawable(text), prop, False)[0])

    def fit(self, text: str, size: float, room: float, bold: bool = False) -> str:
        """The text, or as much of it as fits, ending in `…`."""
        if self.width(text, size, bold) <= room:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(text[:middle] + "…", size, bold) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low].rstrip() + "…"

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        *,
        bold: bool = False,
        across: Across = "left",
        upward: Upward = "baseline",
    ) -> "Text":
        """Text at a place of the page."""
        return self.figure.text(
            x / WIDTH,
            1 - y / self.height,
            fonts.drawable(text),
            color=colour,
            ha=across,
            va=upward,
            fontproperties=fonts.properties(bold),
            fontsize=points(size),
            parse_math=False,
        )

    def row(self, x: float, y: float, parts: Sequence[Part], gap: float = 22) -> float:
        """Parts side by side on one baseline, made smaller where they don't fit; returns where they end."""
        shown = [part for part in parts if part.text]
        sizes = self._sizes(shown, WIDTH - EDGE - x - gap * (len(shown) - 1))
        for part, size in zip(shown, sizes, strict=True):
            self.write(x, y, part.text, size, part.colour, bold=part.bold)
            x += self.width(part.text, size, part.bold) + gap
        return x - gap

    def _sizes(self, parts: Sequence[Part], room: float) -> list[float]:
        """The parts' sizes, made smaller until they fit, but never too small to be read."""
        sizes = [part.size for part in parts]
        for _ in parts:
            widths = [self.width(part.text, size, part.bold) for part, size in zip(parts, sizes, strict=True)]
            if sum(widths) <= room:
                break
            least = self.theme.small
            fixed = sum(width for width, size in zip(widths, sizes, strict=True) if size <= least)
            shrink = 0.99 * max(room - fixed, 1.0) / max(sum(widths) - fixed, 1.0)
            sizes = [size if size <= least else max(size * shrink, least) for size in sizes]
        return sizes

    def head(self, title: str, parts: Sequence[Part], *, name: str) -> None:
        """The title (the picture's own `name` where that cannot be drawn) and the headline numbers."""
        size = self.theme.title
        text = fonts.drawable(title) or self.say(name)
        text = self.fit(text, size, WIDTH - 2 * EDGE, bold=True)
        self.write(EDGE, 74, text, size, self.theme.muted, bold=True)
        self.row(EDGE, 160, parts)

    def foot(self, text: str) -> None:
        """The last line: which window, whose clock."""
        fitting = self.fit(text, self.theme.small, WIDTH - 2 * EDGE)
        self.write(EDGE, self.height - 34, fitting, self.theme.small, self.theme.muted)

    def part(self, text: str, colour: str = "", *, size: float = 0, bold: bool = False) -> Part:
        """A part of a row in body size and text colour, if nothing else is said."""
        return Part(text, size or self.theme.body, colour or self.theme.text, bold)

    # --- panes ------------------------------------------------------------------------------------------

    def pane(self, left: float, top: float, right: float, bottom: float) -> "Axes":
        """An empty rectangle to draw in, without frame, marks or labels."""
        box = (left / WIDTH, 1 - bottom / self.height, (right - left) / WIDTH, (bottom - top) / self.height)
        axes = self.figure.add_axes(box, facecolor="none")
        axes.spines[:].set_visible(False)
        axes.tick_params(
            length=0,
            pad=points(16),
            labelsize=points(self.theme.small),
            labelcolor=self.theme.muted,
            labelfontfamily=list(fonts.stack()),
        )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_axisbelow(True)
        return axes

    def rules(
        self, axes: "Axes", values: Sequence[float], labels: Sequence[str], *, right: bool = False
    ) -> None:
        """Horizontal lines with their numbers beside them."""
        axes.set_yticks(values, labels)
        if right:
            axes.yaxis.tick_right()
            axes.tick_params(length=0)
        axes.grid(axis="y", color=self.theme.grid, linewidth=1.5)

    def margin(self, labels: Sequence[str]) -> float:
        """How much room the widest label needs beside a pane, the edge of the page included."""
        return EDGE + 16 + max((self.width(label, self.theme.small) for label in labels), default=0.0)

    def clock(self, axes: "Axes", start: float, end: float, zone: str, *, least: float = 60) -> None:
        """Time from left to right, a few round moments under the pane, `least` seconds apart or more."""
        pad = max((end - start) * 0.012, 1.0)
        axes.set_xlim(start - pad, end + pad)
        ticks = time_ticks(start, end, zone, self.say, least=least)
        self.below(axes, [at for at, _ in ticks], [label for _, label in ticks])

    def below(self, axes: "Axes", places: Sequence[float], labels: Sequence[str]) -> None:
        """Labels under a pane; those without room of their own, or off the page, are left out."""
        low, high = axes.get_xlim()
        box = axes.get_position()
        left, width = box.x0 * WIDTH, box.width * WIDTH
        shown, free = [""] * len(labels), 0.0
        for index, (place, label) in enumerate(zip(places, labels, strict=True)):
            middle, half = (
                left + width * (place - low) / (high - low),
                self.width(label, self.theme.small) / 2,
            )
            if middle - half >= free and middle + half <= WIDTH - 8:
                shown[index], free = label, middle + half + 28
        axes.set_xticks(places, shown)

    def tag(
        self,
        axes: "Axes",
        x: float,
        y: float,
        text: str,
        colour: str,
        *,
        shift: tuple[float, float] = (0, 0),
        across: Across = "left",
        upward: Upward = "center",
        bold: bool = False,
        size: float = 0,
        **more: Any,
    ) -> "Text":
        """A label at a place of the data, `shift` pixels to the right and up, on a patch of background."""
        patch = {"facecolor": self.theme.background, "edgecolor": "none", "alpha": 0.78, "pad": 1.5}
        return axes.annotate(
            fonts.drawable(text),
            (x, y),
            (points(shift[0]), points(shift[1])),
            textcoords="offset points",
            color=colour,
            ha=across,
            va=upward,
            fontproperties=fonts.properties(bold),
            fontsize=points(size or self.theme.small),
            parse_math=False,
            bbox=more.pop("bbox", patch),
            **more,
        )


def scale(low: float, high: float, say: Say, count: int = 4) -> tuple[list[float], list[str]]:
    """Round numbers between two others, and how they are written."""
    values = number_ticks(low, high, count)
    return values, axis(values, say)


def roomy(low: float, high: float, below: float = 0.06, above: float = 0.06) -> tuple[float, float]:
    """A range with some air around it; a range of nothing is opened up a little."""
    height = high - low
    if height <= max(abs(low), abs(high)) * 1e-9:
        height = abs(high) * 0.02 or 1.0
        low, high = low - height / 2, high + height / 2
    return low - height * below, high + height * above


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved apart to at least `gap`, in their order, and kept within low ... high."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = [min(max(places[index], low), high) for index in order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    ceiling = max(high, low + gap * (len(moved) - 1))
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], ceiling - gap * (len(moved) - 1 - i))
    result = [0.0] * len(places)
    for index, place in zip(order, moved, strict=True):
        result[index] = place
    return result


def empty_figure(title: str, *, theme: Theme, say: Say = plain, name: str, hint: str = "") -> "Figure":
    """A friendly picture for when there is nothing to show yet."""
    sheet = Sheet(theme, 640, say)
    sheet.head(title, [], name=name)
    pane = sheet.pane(EDGE, 130, WIDTH - EDGE, 600)
    pane.set_xlim(0, 1)
    pane.set_ylim(0, 1)
    pane.plot([0.04, 0.96], [0.12, 0.12], color=theme.grid, linewidth=points(6), solid_capstyle="round")
    sheet.write(WIDTH / 2, 330, sheet.say("No data yet"), 64, theme.text, bold=True, across="center")
    line = sheet.fit(
        sheet.say(hint or "The picture comes with the first numbers."), theme.body, WIDTH - 2 * EDGE
    )
    sheet.write(WIDTH / 2, 410, line, theme.body, theme.muted, across="center")
    return sheet.figure
