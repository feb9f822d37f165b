"""What was bought and sold, drawn among the candles: triangles, prices where there is room, and trips."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charts.bars import Bars, Mark
from charts.format import price
from charts.sheet import Sheet
from charts.theme import WIDTH, Theme
from trading.domain.order import Side
from trading.domain.report import RoundTrip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = 30  # pixels of a triangle
_LINE = 44  # height of a line of small text
_AIR = 3

Box = tuple[float, float, float, float]  # left, bottom, right, top in pixels of the pane


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Places of the data in pixels from the pane's lower left corner, and back."""

    left: float
    low: float
    across: float
    upward: float

    @classmethod
    def of(cls, sheet: Sheet, pane: "Axes") -> "_Ruler":
        (left, right), (low, high), box = pane.get_xlim(), pane.get_ylim(), pane.get_position()
        wide, tall = box.width * WIDTH, box.height * sheet.height
        return cls(left, low, wide / (right - left), tall / (high - low))

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) * self.across, (y - self.low) * self.upward

    def data(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x / self.across, self.low + y / self.upward


def draw_trips(pane: "Axes", theme: Theme, shown: Bars, trips: Sequence[RoundTrip]) -> None:
    """A dashed line from where a trade began to where it ended."""
    for trip in trips:
        entry, leave = shown.place(trip.entry_at), shown.place(trip.exit_at)
        if entry is None or leave is None:
            continue
        prices = [float(trip.entry_price), float(trip.exit_price)]
        pane.plot([entry, leave], prices, color=theme.text, linewidth=2.4, linestyle=(0, (2, 1.5)), zorder=4)


def draw_marks(sheet: Sheet, pane: "Axes", shown: Bars, found: Sequence[Mark], quote: str) -> None:
    """▲ under the candle where was bought, ▼ over it where was sold, with the price where there is room."""
    ruler = _Ruler.of(sheet, pane)
    wicks = [(ruler.pixels(i, shown.low[i]), ruler.pixels(i, shown.high[i])) for i in range(len(shown))]
    taken: list[Box] = [(*low, *high) for low, high in wicks]
    end = ruler.pixels(len(shown) - 0.5, 0)[0]  # beyond it stand the names of overlays
    spots = []
    for mark in found:
        sign = -1 if mark.side is Side.BUY else 1
        x, edge = wicks[mark.bar][0 if sign < 0 else 1]
        y = edge + sign * (_SIZE / 2 + 8)
        _draw_triangle(pane, sheet.theme, ruler.data(x, y), mark.side)
        taken.append((x - _SIZE / 2, y - _SIZE / 2, x + _SIZE / 2, y + _SIZE / 2))
        spots.append((mark, x, y + sign * (_SIZE / 2 + _LINE / 2 + _AIR)))
    for mark, x, y in spots:
        text = price(mark.price, quote, short=True)
        half = sheet.width(text, sheet.theme.small) / 2
        box = _free_box(x, y, half, taken, end)
        if box is None:
            continue
        taken.append(box)
        at = ruler.data((box[0] + box[2]) / 2, y)
        sheet.tag(pane, *at, text, sheet.theme.text, across="center")


def _draw_triangle(pane: "Axes", theme: Theme, at: tuple[float, float], side: Side) -> None:
    shape, colour = ("^", theme.up) if side is Side.BUY else ("v", theme.down)
    pane.plot(
        *at,
        shape,
        color=colour,
        markersize=_SIZE * 0.72,
        markeredgewidth=2.5,
        markeredgecolor=theme.background,
        zorder=6,
    )


def _free_box(x: float, y: float, half: float, taken: Sequence[Box], end: float) -> Box | None:
    """Where a label fits: centred, or to either side; None where it would cover something."""
    for middle in (x, x - half, x + half):
        box = (middle - half - 6, y - _LINE / 2, middle + half + 6, y + _LINE / 2)
        if box[0] >= 0 and box[2] <= end and not any(_meet(box, other) for other in taken):
            return box
    return None


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
