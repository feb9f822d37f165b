"""What a search found: a map of its two weightiest parameters, what each of them explains, and the front."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from charts.format import UNKNOWN, Say, percent, plain
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, roomy, scale
from charts.theme import WIDTH, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 7  # columns and rows
_ROW = 84
_NAMES = HEAD + 56  # baseline of the values along the top
_FIRST = _NAMES + 24
_SIDE = 150  # pixels of the column of values
_BAR = 64  # height of a line of what explains how much
_LABEL = 260  # pixels of a parameter's name
_TOP, _BOTTOM = HEAD + 20, 860  # of the front


# What a try can be judged by: in words, and whether it is a share, which reads better as per cent.
_MEASURES = {
    "sharpe": ("Sharpe ratio", False),
    "sortino": ("Sortino ratio", False),
    "calmar": ("Calmar ratio", False),
    "return_drawdown": ("return over deepest fall", False),
    "win_rate": ("trades won", True),
    "total_return": ("total return", True),
    "cagr": ("yearly return", True),
    "volatility": ("yearly volatility", True),
    "max_drawdown": ("deepest fall", True),
    "profit_factor": ("profit factor", False),
    "trades": ("trades", False),
}


class Spot(NamedTuple):
    """One try: its place on both axes, and how good it was."""

    x: float
    y: float
    value: float


Spots = Sequence[Spot]


def map_chart(
    spots: Spots,
    *,
    names: tuple[str, str],
    explains: Mapping[str, float],
    objective: str,
    title: str,
    theme: Theme,
    say: Say = plain,
) -> bytes:
    """The PNG of `map_figure`."""
    drawn = map_figure(
        spots, names=names, explains=explains, objective=objective, title=title, theme=theme, say=say
    )
    return png(drawn)


def map_figure(
    spots: Spots,
    *,
    names: tuple[str, str],
    explains: Mapping[str, float],
    objective: str,
    title: str,
    theme: Theme,
    say: Say = plain,
) -> "Figure":
    """The best of each range of both parameters, the best of all framed; under it, what each parameter explains."""
    found = _known(spots)
    if not found:
        return empty_figure(title, theme=theme, say=say, name="Search")
    xs, ys = _edges([s.x for s in found]), _edges([s.y for s in found])
    bars = list(explains.items())[:4]
    bottom = _FIRST + _ROW * len(ys)
    sheet = Sheet(theme, bottom + 110 + (_BAR * len(bars) + 40 if bars else 0), say)
    best = max(found, key=lambda s: s.value)
    parts = [
        sheet.part(valued(best.value, objective), theme.towards(best.value), size=theme.hero, bold=True),
        sheet.part(_point(best, names), theme.text, size=44),
    ]
    sheet.head(title, parts, name="Search")
    _squares(sheet, found, xs, ys, best, objective)
    if bars:
        _explained(sheet, bars, bottom + 40)
    what = worded(objective, sheet.say)
    below = sheet.say("best {what} of each square; across {x}").format(what=what, x=names[0])
    if names[1]:
        below = sheet.say("best {what} of each square; across {x}, down {y}").format(
            what=what, x=names[0], y=names[1]
        )
    sheet.foot(below)
    return sheet.figure


def map_alt_text(
    spots: Spots, *, names: tuple[str, str], explains: Mapping[str, float], objective: str, say: Say = plain
) -> str:
    """The picture in words, with the same numbers."""
    found = _known(spots)
    if not found:
        return say("No tries to show yet.")
    best = max(found, key=lambda s: s.value)
    text = say("Best {what} {value} at {point}, of {n} tries.").format(
        what=worded(objective, say),
        value=valued(best.value, objective),
        point=_point(best, names),
        n=len(found),
    )
    if explains:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in list(explains.items())[:4])
        text += " " + say("What explains the differences: {list}.").format(list=shares)
    return text


def front_chart(spots: Spots, *, names: tuple[str, str], title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `front_figure`."""
    return png(front_figure(spots, names=names, title=title, theme=theme, say=say))


def front_figure(
    spots: Spots, *, names: tuple[str, str], title: str, theme: Theme, say: Say = plain
) -> "Figure":
    """Every try by two objectives (`x` and `y`); those that none beats (`value` above zero) are joined by a line."""
    found = _known(spots)
    if not found:
        return empty_figure(title, theme=theme, say=say, name="Front")
    sheet = Sheet(theme, 1000, say)
    best = sorted(s for s in found if s.value > 0)
    parts = [
        sheet.part(f"{len(best)}", theme.accent, size=theme.hero, bold=True),
        sheet.part(sheet.say("of {n} tries are beaten by none").format(n=len(found)), size=44),
    ]
    sheet.head(title, parts, name="Front")
    low, high = roomy(min(s.y for s in found), max(s.y for s in found))
    left, right = roomy(min(s.x for s in found), max(s.x for s in found))
    across, up = (worded(name, sheet.say) for name in names)
    values, labels = _scale(low, high, sheet, names[1])
    pane = sheet.pane(sheet.margin(labels), _TOP, WIDTH - EDGE, _BOTTOM)
    pane.set_ylim(low, high)
    pane.set_xlim(left, right)
    sheet.rules(pane, values, labels)
    sheet.below(pane, *_scale(left, right, sheet, names[0]))
    pane.plot([s.x for s in found], [s.y for s in found], "o", color=theme.muted, markersize=7, alpha=0.6)
    pane.plot([s.x for s in best], [s.y for s in best], "o-", color=theme.accent, markersize=13, linewidth=3)
    sheet.foot(sheet.say("across {x}, up {y}").format(x=across, y=up))
    return sheet.figure


def front_alt_text(spots: Spots, *, names: tuple[str, str], say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    found = _known(spots)
    if not found:
        return say("No tries to show yet.")
    best = [s for s in found if s.value > 0]
    return say("{n} of {all} tries are beaten by none; best {x} {left}, best {y} {right}.").format(
        n=len(best),
        all=len(found),
        x=worded(names[0], say),
        left=valued(max(s.x for s in found), names[0]),
        y=worded(names[1], say),
        right=valued(max(s.y for s in found), names[1]),
    )


def _known(spots: Spots) -> list[Spot]:
    return [Spot(*spot) for spot in spots if all(math.isfinite(number) for number in spot)]


def _number(value: float) -> str:
    return f"{value + 0.0:.2f}" if math.isfinite(value) else UNKNOWN


def worded(objective: str, say: Say) -> str:
    """`Sharpe ratio` of `sharpe`, `deepest fall` of `-max_drawdown`; a formula stays as it was written."""
    name, _ = _MEASURES.get(objective.lstrip("-"), ("", False))
    return say(name) if name else objective


def valued(value: float, objective: str) -> str:
    """A value of it, in per cent where it is a share."""
    _, is_share = _MEASURES.get(objective.lstrip("-"), ("", False))
    return percent(value, signed=False) if is_share and math.isfinite(value) else _number(value)


def _scale(low: float, high: float, sheet: Sheet, objective: str) -> tuple[list[float], list[str]]:
    """Round numbers between two values of it."""
    values, labels = scale(low, high, sheet.say, count=5)
    _, is_share = _MEASURES.get(objective.lstrip("-"), ("", False))
    return values, [f"{value * 100 + 0.0:g}%" for value in values] if is_share else labels


def _point(spot: Spot, names: tuple[str, str]) -> str:
    point = f"{names[0]}={spot.x:g}"
    return f"{point} {names[1]}={spot.y:g}" if names[1] else point


def _edges(places: Sequence[float]) -> list[float]:
    """Where each column begins: every value there is, or ranges of the same width where there are many."""
    values = sorted({float(place) for place in places})
    if len(values) <= _MOST:
        return [float(value) for value in values]
    step = (values[-1] - values[0]) / _MOST
    edges = [values[0] + n * step for n in range(_MOST)]
    if all(value.is_integer() for value in values):
        return [float(math.ceil(edge)) for edge in edges]
    return [float(f"{edge:.3g}") for edge in edges]


def _column(place: float, edges: Sequence[float]) -> int:
    return max(sum(place >= edge for edge in edges) - 1, 0)


def _squares(
    sheet: Sheet, spots: Spots, xs: Sequence[float], ys: Sequence[float], best: Spot, objective: str
) -> None:
    """The coloured squares, drawn at once, with the best number of each."""
    from matplotlib.collections import PolyCollection

    theme, small, wide = sheet.theme, sheet.theme.small, (WIDTH - 2 * EDGE - _SIDE) / len(xs)
    left, bottom = EDGE + _SIDE, _FIRST + _ROW * len(ys)
    table: dict[tuple[int, int], float] = {}
    for spot in spots:
        key = _column(spot.y, ys), _column(spot.x, xs)
        table[key] = max(table.get(key, -math.inf), spot.value)
    strong = max(abs(value) for value in table.values()) or 1.0
    place = _column(best.y, ys), _column(best.x, xs)
    for n, value in enumerate(xs):
        text = sheet.fit(f"{value:g}", small, wide - 6)
        sheet.write(left + (n + 0.5) * wide, _NAMES, text, small, theme.muted, across="center")
    boxes, fills = [], []
    for row, low in enumerate(ys):
        middle = _FIRST + (row + 0.5) * _ROW
        if len(ys) > 1:
            sheet.write(
                EDGE, middle, sheet.fit(f"{low:g}", small, _SIDE - 20), small, theme.muted, upward="center"
            )
        for column in range(len(xs)):
            found, x, y = table.get((row, column)), left + column * wide, _FIRST + row * _ROW
            colour = theme.blend(theme.grid, 0.45)
            if found is not None:
                colour = theme.blend(theme.towards(found), 0.14 + 0.48 * abs(found) / strong)
                text = sheet.fit(valued(found, objective), small, wide - 8, bold=(row, column) == place)
                ink = theme.on(colour)
                sheet.write(
                    x + wide / 2, middle, text, small, ink, across="center", upward="center",
                    bold=(row, column) == place,
                )  # fmt: skip
            boxes.append(
                [(x + 2, y + 3), (x + wide - 2, y + 3), (x + wide - 2, y + _ROW - 3), (x + 2, y + _ROW - 3)]
            )
            fills.append(colour)
    pane = sheet.pane(left, _FIRST, WIDTH - EDGE, bottom)
    pane.set_xlim(left, WIDTH - EDGE)
    pane.set_ylim(bottom, _FIRST)
    pane.add_collection(PolyCollection(boxes, facecolors=fills, edgecolors="none"))


def _explained(sheet: Sheet, bars: Sequence[tuple[str, float]], top: float) -> None:
    """A bar for each parameter: the share of the differences that it explains by itself."""
    theme, small = sheet.theme, sheet.theme.small
    left, right = EDGE + _LABEL, WIDTH - EDGE - 120
    pane = sheet.pane(left, top, right, top + _BAR * len(bars))
    pane.set_xlim(0, 1)
    pane.set_ylim(len(bars), 0)
    pane.barh(
        [n + 0.5 for n in range(len(bars))], [share for _, share in bars], height=0.55, color=theme.accent
    )
    for n, (name, share) in enumerate(bars):
        middle = top + (n + 0.5) * _BAR
        sheet.write(EDGE, middle, sheet.fit(name, small, _LABEL - 20), small, theme.text, upward="center")
        sheet.write(WIDTH - EDGE, middle, f"{share:.0%}", small, theme.text, across="right", upward="center")
