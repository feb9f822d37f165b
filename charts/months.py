"""The table of months: a row for each year, coloured by what each month earned, with the year's total."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charts.format import UNKNOWN, Say, compact, month, percent, plain
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Months = Mapping[tuple[int, int], float]

_MOST_YEARS = 12
_YEAR = 98  # pixels of the first column
_TOTAL = 132  # and of the last
_CELL = (WIDTH - 2 * EDGE - _YEAR - _TOTAL) / 12
_ROW = 92
_NAMES = HEAD + 50  # baseline of the months' names
_FIRST = _NAMES + 24  # top of the first year


def monthly_heatmap(months: Months, *, title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `monthly_figure`."""
    return png(monthly_figure(months, title=title, theme=theme, say=say))


def monthly_figure(months: Months, *, title: str, theme: Theme, say: Say = plain) -> "Figure":
    """Returns by (year, month) as shares, 0.021 being 2.1 %. A year's total is its months compounded."""
    found = _known(months)
    if not found:
        return empty_figure(title, theme=theme, say=say, name="Profit a month")
    years = sorted({year for year, _ in found})
    shown = years[-_MOST_YEARS:]
    sheet = Sheet(theme, _FIRST + _ROW * len(shown) + 110, say)
    total = compounded(list(found.values()))
    parts = [
        sheet.part(percent(total), theme.towards(total), size=theme.hero, bold=True),
        sheet.part(_length(len(found), sheet.say), theme.text, size=44),
    ]
    sheet.head(title, parts, name="Profit a month")
    _names(sheet)
    _cells(sheet, shown, found)
    notes = [sheet.say("per cent")]
    if len(years) > len(shown):
        notes.append(sheet.say("earlier years: {n}").format(n=len(years) - len(shown)))
    sheet.foot(" · ".join(notes))
    return sheet.figure


def alt_text(months: Months, *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    found = _known(months)
    if not found:
        return say("No months to show yet.")
    best, worst = max(found, key=lambda key: found[key]), min(found, key=lambda key: found[key])
    pattern = say("{total} {length}; best month {best} ({best_month}), worst {worst} ({worst_month}).")
    return pattern.format(
        total=percent(compounded(list(found.values()))),
        length=_length(len(found), say),
        best=percent(found[best]),
        best_month=_name(best, say),
        worst=percent(found[worst]),
        worst_month=_name(worst, say),
    )


def compounded(returns: Sequence[float]) -> float:
    """What the returns make one after the other; nothing can be lost twice."""
    return math.prod(min(max(1 + value, 0.0), 1e12) for value in returns) - 1


def _length(count: int, say: Say) -> str:
    return say("in 1 month") if count == 1 else say("in {n} months").format(n=count)


def _known(months: Months) -> dict[tuple[int, int], float]:
    """The months of the calendar that have a number, in order."""
    good = {key: value for key, value in months.items() if 1 <= key[1] <= 12 and math.isfinite(value)}
    return dict(sorted(good.items()))


def _name(key: tuple[int, int], say: Say) -> str:
    return say("{month} {year}").format(month=month(key[1], say), year=key[0])


def _strong(found: Months) -> float:
    """The size from which a month has its full colour: nine of ten are smaller."""
    sizes = sorted(abs(value) for value in found.values())
    return sizes[int(0.9 * (len(sizes) - 1) + 0.5)] or 1.0


def _left(column: int) -> float:
    return EDGE + _YEAR + column * _CELL


def _names(sheet: Sheet) -> None:
    theme = sheet.theme
    for number in range(1, 13):
        name = sheet.fit(month(number, sheet.say), theme.small, _CELL + 8)
        sheet.write(_left(number - 1) + _CELL / 2, _NAMES, name, theme.small, theme.muted, across="center")
    sheet.write(
        WIDTH - EDGE - 8, _NAMES, sheet.say("year"), theme.small, theme.muted, across="right", bold=True
    )


def _cells(sheet: Sheet, years: Sequence[int], found: Months) -> None:
    """The coloured squares, drawn at once; their numbers follow."""
    from matplotlib.collections import PolyCollection

    theme, strong, boxes, fills = sheet.theme, _strong(found), [], []
    for row, year in enumerate(years):
        top = _FIRST + row * _ROW
        numbers = [found.get((year, number)) for number in range(1, 13)]
        colours = [_fill(theme, value, strong) for value in numbers]
        fills += colours
        boxes += [_box(_left(column), top) for column in range(12)]
        sheet.write(EDGE, top + _ROW / 2, str(year), theme.body, theme.text, upward="center")
        _numbers(sheet, top + _ROW / 2, numbers, colours)
    bottom = _FIRST + len(years) * _ROW
    pane = sheet.pane(EDGE, _FIRST, WIDTH - EDGE, bottom)
    pane.set_xlim(EDGE, WIDTH - EDGE)
    pane.set_ylim(bottom, _FIRST)
    pane.add_collection(PolyCollection(boxes, facecolors=fills, edgecolors="none"))


def _box(left: float, top: float) -> list[tuple[float, float]]:
    right, bottom = left + _CELL - 2, top + _ROW - 3
    return [(left + 2, top + 3), (right, top + 3), (right, bottom), (left + 2, bottom)]


def _fill(theme: Theme, value: float | None, strong: float) -> str:
    if value is None:
        return theme.blend(theme.grid, 0.45)
    return theme.blend(theme.towards(value), 0.14 + 0.48 * min(1.0, abs(value) / strong))


def _numbers(sheet: Sheet, middle: float, numbers: Sequence[float | None], colours: Sequence[str]) -> None:
    """A year's months, each on its colour, and what they make together."""
    small, theme = sheet.theme.small, sheet.theme
    for column, (value, fill) in enumerate(zip(numbers, colours, strict=True)):
        if value is not None:
            x, text = _left(column) + _CELL / 2, _cell(sheet, value, _CELL - 4)
            sheet.write(x, middle, text, small, theme.on(fill), across="center", upward="center")
    total = compounded([value for value in numbers if value is not None])
    text = _cell(sheet, total, _TOTAL - 8, bold=True)
    colour = theme.towards(total)
    sheet.write(WIDTH - EDGE - 8, middle, text, small, colour, across="right", upward="center", bold=True)


def _cell(sheet: Sheet, share: float, room: float, *, bold: bool = False) -> str:
    """Per cent with as many digits as there is room for."""
    value = share * 100
    if not math.isfinite(value):
        return UNKNOWN
    texts = [f"{value:+.1f}", f"{value:+.0f}"] if abs(value) < 1e6 else []
    texts = ["0.0" if not text.strip("+-0.") else text for text in texts]
    texts += [compact(value, sheet.say, signed=True), "▲" if value > 0 else "▼"]
    return next((text for text in texts if sheet.width(text, sheet.theme.small, bold) <= room), UNKNOWN)
