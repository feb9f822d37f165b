"""Who moves with whom: a square for every pair of markets, warm where they rise and fall together."""

import math
from typing import TYPE_CHECKING

from charts.format import UNKNOWN, Say, plain
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme
from trading.domain.portfolio import Likeness

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMES = HEAD + 56  # baseline of the names along the top
_FIRST = _NAMES + 22
_SIDE = 180  # pixels of the column of names
MOST = 10  # markets whose numbers can be read on a phone


def correlation_chart(likeness: Likeness, *, title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `correlation_figure`."""
    return png(correlation_figure(likeness, title=title, theme=theme, say=say))


def correlation_figure(likeness: Likeness, *, title: str, theme: Theme, say: Say = plain) -> "Figure":
    """The correlations as numbers on coloured squares; the first ten markets where there are more."""
    count = min(len(likeness.symbols), MOST)
    if count < 2:
        return empty_figure(title, theme=theme, say=say, name="Correlation")
    high = min(92, (WIDTH - 2 * EDGE - _SIDE) // count)
    bottom = _FIRST + high * count
    sheet = Sheet(theme, max(bottom + 120, 520), say)
    mean = _mean(likeness)
    parts = [
        sheet.part(_number(mean), theme.up if mean else theme.muted, size=theme.hero, bold=True),
        sheet.part(sheet.say("correlation of a pair, on average"), theme.muted),
    ]
    sheet.head(title, parts, name="Correlation")
    wide = (WIDTH - 2 * EDGE - _SIDE) / count
    for n, symbol in enumerate(likeness.symbols[:count]):
        name = symbol.partition("/")[0]
        middle = EDGE + _SIDE + (n + 0.5) * wide
        sheet.write(
            middle,
            _NAMES,
            sheet.fit(name, theme.small, wide - 8),
            theme.small,
            theme.muted,
            across="center",
        )
        sheet.write(
            EDGE,
            _FIRST + (n + 0.5) * high,
            sheet.fit(name, theme.small, _SIDE - 20, bold=True),
            theme.small,
            theme.text,
            upward="center",
            bold=True,
        )
    _squares(sheet, likeness, count, wide, high)
    sheet.foot(sheet.say("hourly returns of the last {n} days").format(n=_days(likeness)))
    return sheet.figure


def alt_text(likeness: Likeness, *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    pairs = _pairs(likeness)
    if not pairs:
        return say("There are not two markets to compare yet.")
    value, one, other = max(pairs)
    return say("Correlation of a pair {mean} on average; closest: {one} and {other}, {most}.").format(
        mean=_number(_mean(likeness)), one=one, other=other, most=_number(value)
    )


def _pairs(likeness: Likeness) -> list[tuple[float, str, str]]:
    return [
        (value, likeness.symbols[i].partition("/")[0], likeness.symbols[j].partition("/")[0])
        for i, row in enumerate(likeness.matrix)
        for j, value in enumerate(row[:i])
        if value is not None and math.isfinite(value)
    ]


def _mean(likeness: Likeness) -> float | None:
    values = [value for value, _, _ in _pairs(likeness)]
    return sum(values) / len(values) if values else None


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value + 0.0:.2f}"


def _days(likeness: Likeness) -> int:
    return round((likeness.until - likeness.since).total_seconds() / 86400)


def _squares(sheet: Sheet, likeness: Likeness, count: int, wide: float, high: float) -> None:
    from matplotlib.collections import PolyCollection

    theme, boxes, fills = sheet.theme, [], []
    left = EDGE + _SIDE
    for i in range(count):
        for j in range(count):
            value = likeness.matrix[i][j]
            if value is None or i == j:
                colour = theme.blend(theme.grid, 0.45)
            else:
                colour = theme.blend(theme.towards(value), 0.12 + 0.5 * abs(value))
            x, y = left + j * wide, _FIRST + i * high
            boxes.append(
                [
                    (x + 2, y + 2),
                    (x + wide - 2, y + 2),
                    (x + wide - 2, y + high - 2),
                    (x + 2, y + high - 2),
                ]
            )
            fills.append(colour)
            if i != j:
                sheet.write(
                    x + wide / 2,
                    y + high / 2,
                    _number(value),
                    theme.small,
                    theme.on(colour),
                    across="center",
                    upward="center",
                )
    pane = sheet.pane(left, _FIRST, WIDTH - EDGE, _FIRST + high * count)
    pane.set_xlim(left, WIDTH - EDGE)
    pane.set_ylim(_FIRST + high * count, _FIRST)
    pane.add_collection(PolyCollection(boxes, facecolors=fills, edgecolors="none"))
