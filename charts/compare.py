"""Several equity curves on one scale: each starts at 100, and each carries its name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charts.format import Say, percent, plain, window
from charts.render import png
from charts.series import Curve, curve, thin
from charts.sheet import EDGE, Sheet, empty_figure, roomy, scale, spread
from charts.theme import WIDTH, Theme
from trading.domain.report import EquityPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curves = Mapping[str, Sequence[EquityPoint]]

_TOP, _BOTTOM = 120, 800
_NAME = 300  # pixels a name may take
_LABEL = 92  # height of a name with its number under it


def compare_chart(curves: Curves, *, title: str, zone: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `compare_figure`."""
    return png(compare_figure(curves, title=title, zone=zone, theme=theme, say=say))


def compare_figure(curves: Curves, *, title: str, zone: str, theme: Theme, say: Say = plain) -> "Figure":
    """Time-weighted growth of each curve from 100. The best eight are named; the others are there in grey."""
    ranked = _ranked(curves)
    if not ranked:
        return empty_figure(title, theme=theme, say=say, name="Comparison")
    sheet = Sheet(theme, 950, say)
    sheet.head(title, [], name="Comparison")
    named, rest = ranked[: len(theme.series)], ranked[len(theme.series) :]
    low = min(float(found.growth.min()) for _, found in ranked) * 100
    high = max(float(found.growth.max()) for _, found in ranked) * 100
    low, high = roomy(low, high)
    values, labels = scale(low, high, sheet.say, count=5)
    right = WIDTH - EDGE - 24 - max(_room(sheet, name, found) for name, found in named)
    pane = sheet.pane(sheet.margin(labels), _TOP, right, _BOTTOM)
    pane.set_ylim(low, high)
    sheet.rules(pane, values, labels)
    start, end = min(found.at[0] for _, found in ranked), max(found.at[-1] for _, found in ranked)
    sheet.clock(pane, start, max(end, start + 3600), zone)
    if low < 100 < high:
        pane.axhline(100, color=theme.muted, linewidth=2.2, dashes=(4, 3))
    for _, found in rest:
        _line(pane, found, theme.grid, 2)
    for index, (_, found) in reversed(list(enumerate(named))):
        _line(pane, found, theme.series[index], 4)
    _names(sheet, pane, named, right)
    notes = [window(start, end, zone, sheet.say)]
    if rest:
        notes.append(sheet.say("grey: {n} more").format(n=len(rest)))
    sheet.foot(" · ".join(notes))
    return sheet.figure


def alt_text(curves: Curves, *, say: Say = plain) -> str:
    """The picture in words, with the same numbers, best first."""
    ranked = _ranked(curves)
    if not ranked:
        return say("Nothing to compare yet.")
    return say("Change over the window: {list}.").format(
        list=", ".join(f"{name} {_change(found)}" for name, found in ranked[:8])
    )


def _ranked(curves: Curves) -> list[tuple[str, Curve]]:
    """Curves that have a point, best first."""
    found = [(name, curve(points)) for name, points in curves.items()]
    return sorted((pair for pair in found if len(pair[1])), key=lambda pair: -pair[1].growth[-1])


def _change(found: Curve) -> str:
    return percent(float("nan") if found.change is None else found.change)


def _room(sheet: Sheet, name: str, found: Curve) -> float:
    small = sheet.theme.small
    return max(min(sheet.width(name, small, bold=True), _NAME), sheet.width(_change(found), small))


def _line(pane: "Axes", found: Curve, colour: str, width: float) -> None:
    shown = thin(found.growth, room=800)
    pane.plot(
        found.at[shown], found.growth[shown] * 100, color=colour, linewidth=width, solid_joinstyle="round"
    )


def _names(sheet: Sheet, pane: "Axes", named: Sequence[tuple[str, Curve]], right: float) -> None:
    """Each name at the height where its line ends, moved apart where lines end close together."""
    (low, high), small = pane.get_ylim(), sheet.theme.small
    heights = [
        _BOTTOM - (float(found.growth[-1]) * 100 - low) / (high - low) * (_BOTTOM - _TOP)
        for _, found in named
    ]
    places = spread(heights, _LABEL, _TOP + 20, _BOTTOM - 20)
    for index, ((name, found), y) in enumerate(zip(named, places, strict=True)):
        colour = sheet.theme.series[index]
        pane.plot(
            found.at[-1], found.growth[-1] * 100, "o", color=colour, markersize=11, clip_on=False, zorder=5
        )
        text = sheet.fit(name, small, _NAME, bold=True)
        sheet.write(right + 24, y - 6, text, small, colour, bold=True)
        sheet.write(right + 24, y + 34, _change(found), small, sheet.theme.text)
