"""A map of neighbouring parameters: how good each pair is, and where the chosen one lies."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from charts.format import UNKNOWN, Say, plain
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme
from trading.domain.honesty import Landscape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 92
_NAMES = HEAD + 64  # baseline of the values along the top
_FIRST = _NAMES + 24
_SIDE = 170  # pixels of the column of values


def sensitivity_chart(landscape: Landscape, *, title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `sensitivity_figure`."""
    return png(sensitivity_figure(landscape, title=title, theme=theme, say=say))


def sensitivity_figure(landscape: Landscape, *, title: str, theme: Theme, say: Say = plain) -> "Figure":
    """A square for every pair, with its yearly Sharpe ratio; the chosen pair has a frame."""
    scores = _known(landscape)
    if not scores:
        return empty_figure(title, theme=theme, say=say, name="Sensitivity")
    sheet = Sheet(theme, _FIRST + _ROW * len(landscape.ys) + 120, say)
    ours = _score(landscape, *landscape.chosen)
    parts = [
        sheet.part(_number(ours), theme.towards(ours or 0.0), size=theme.hero, bold=True),
        sheet.part(_point(landscape), theme.text, size=44),
    ]
    sheet.head(title, parts, name="Sensitivity")
    wide = (WIDTH - 2 * EDGE - _SIDE) / len(landscape.xs)
    _scales(sheet, landscape, wide)
    _cells(sheet, landscape, wide, max(abs(s) for s in scores) or 1.0)
    below = sheet.say("yearly Sharpe ratio; across {x}").format(x=landscape.x_name)
    if landscape.y_name:
        below = sheet.say("yearly Sharpe ratio; across {x}, down {y}").format(
            x=landscape.x_name, y=landscape.y_name
        )
    sheet.foot(below)
    return sheet.figure


def alt_text(landscape: Landscape, *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    scores = _known(landscape)
    if not scores:
        return say("No variants to show yet.")
    return say("{point}: Sharpe ratio {score}; all {n} variants lie between {low} and {high}.").format(
        point=_point(landscape),
        score=_number(_score(landscape, *landscape.chosen)),
        n=len(scores),
        low=_number(min(scores)),
        high=_number(max(scores)),
    )


def _known(landscape: Landscape) -> list[float]:
    return [s for row in landscape.scores for s in row if s is not None and math.isfinite(s)]


def _score(landscape: Landscape, row: int, column: int) -> float | None:
    found = landscape.scores[row][column]
    return found if found is not None and math.isfinite(found) else None


def _number(score: float | None) -> str:
    return UNKNOWN if score is None else f"{score + 0.0:.2f}"


def _point(landscape: Landscape) -> str:
    row, column = landscape.chosen
    point = f"{landscape.x_name}={landscape.xs[column]:g}"
    return f"{point} {landscape.y_name}={landscape.ys[row]:g}" if landscape.y_name else point


def _scales(sheet: Sheet, landscape: Landscape, wide: float) -> None:
    """The values of both parameters; the chosen ones are bold."""
    small, theme = sheet.theme.small, sheet.theme
    row, column = landscape.chosen
    for n, value in enumerate(landscape.xs):
        text = sheet.fit(f"{value:g}", small, wide - 6, bold=n == column)
        colour = theme.text if n == column else theme.muted
        x = EDGE + _SIDE + (n + 0.5) * wide
        sheet.write(x, _NAMES, text, small, colour, across="center", bold=n == column)
    if not landscape.y_name:
        return
    for n, value in enumerate(landscape.ys):
        text = sheet.fit(f"{value:g}", small, _SIDE - 24, bold=n == row)
        colour, middle = theme.text if n == row else theme.muted, _FIRST + (n + 0.5) * _ROW
        sheet.write(EDGE, middle, text, small, colour, upward="center", bold=n == row)


def _cells(sheet: Sheet, landscape: Landscape, wide: float, strong: float) -> None:
    """The coloured squares, drawn at once; their numbers follow, and a frame around the chosen one."""
    from matplotlib.collections import PolyCollection

    theme, boxes, fills = sheet.theme, [], []
    left, bottom = EDGE + _SIDE, _FIRST + _ROW * len(landscape.ys)
    for row in range(len(landscape.ys)):
        for column in range(len(landscape.xs)):
            score = _score(landscape, row, column)
            colour = _fill(theme, score, strong)
            boxes.append(_box(left + column * wide, _FIRST + row * _ROW, wide))
            fills.append(colour)
            x, y = left + (column + 0.5) * wide, _FIRST + (row + 0.5) * _ROW
            text = sheet.fit(_number(score), theme.small, wide - 8)
            sheet.write(x, y, text, theme.small, theme.on(colour), across="center", upward="center")
    pane = sheet.pane(left, _FIRST, WIDTH - EDGE, bottom)
    pane.set_xlim(left, WIDTH - EDGE)
    pane.set_ylim(bottom, _FIRST)
    pane.add_collection(PolyCollection(boxes, facecolors=fills, edgecolors="none"))
    row, column = landscape.chosen
    frame = _box(left + column * wide, _FIRST + row * _ROW, wide)
    for (x0, y0), (x1, y1) in pairwise([*frame, frame[0]]):
        pane.plot(
            [x0, x1], [y0, y1], color=theme.text, linewidth=5, solid_capstyle="projecting", clip_on=False
        )


def _box(left: float, top: float, wide: float) -> Sequence[tuple[float, float]]:
    right, bottom = left + wide - 2, top + _ROW - 3
    return [(left + 2, top + 3), (right, top + 3), (right, bottom), (left + 2, bottom)]


def _fill(theme: Theme, score: float | None, strong: float) -> str:
    if score is None:
        return theme.blend(theme.grid, 0.45)
    return theme.blend(theme.towards(score), 0.14 + 0.48 * min(1.0, abs(score) / strong))
