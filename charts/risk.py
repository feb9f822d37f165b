"""How much of every limit is used: one bar each, full where the rule acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charts.format import Say, plain, whole_percent
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, points
from charts.theme import WIDTH, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 118  # pixels from one bar to the next
_BAR = 34
NEAR, THERE = 0.6, 0.9  # from here on a bar has the colour of caution, and of loss


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit. `used` is 0 ... 1; `left` is what remains, in words."""

    label: str
    used: float
    left: str


def risk_chart(meters: Sequence[Meter], *, title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `risk_figure`."""
    return png(risk_figure(meters, title=title, theme=theme, say=say))


def risk_figure(meters: Sequence[Meter], *, title: str, theme: Theme, say: Say = plain) -> "Figure":
    """A bar for each limit: its name above, what is left of it at the right."""
    if not meters:
        return empty_figure(title, theme=theme, say=say, name="Risk")
    sheet = Sheet(theme, HEAD + 20 + _ROW * len(meters) + 100, say)
    worst = max(meters, key=lambda meter: meter.used)
    parts = [
        sheet.part(whole_percent(worst.used), _colour(worst.used, theme), size=theme.hero, bold=True),
        sheet.part(sheet.say("used of what is nearest its limit"), theme.muted),
    ]
    sheet.head(title, parts, name="Risk")
    for number, meter in enumerate(meters):
        _draw(sheet, HEAD + 62 + _ROW * number, meter)
    sheet.foot(sheet.say("A full bar is where the rule acts."))
    return sheet.figure


def alt_text(meters: Sequence[Meter], *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    if not meters:
        return say("No limits to show yet.")
    told = say("{label}: {left}, {used} used")
    return (
        "; ".join(told.format(label=m.label, left=m.left, used=whole_percent(m.used)) for m in meters) + "."
    )


def _colour(used: float, theme: Theme) -> str:
    return theme.down if used >= THERE else theme.warn if used >= NEAR else theme.up


def _draw(sheet: Sheet, top: float, meter: Meter) -> None:
    theme, wide = sheet.theme, WIDTH - 2 * EDGE
    room = wide - sheet.width(meter.left, theme.body, bold=True) - 24
    sheet.write(EDGE, top, sheet.fit(meter.label, theme.body, room), theme.body, theme.text)
    sheet.write(WIDTH - EDGE, top, meter.left, theme.body, theme.text, bold=True, across="right")
    pane = sheet.pane(EDGE, top + 20, WIDTH - EDGE, top + 20 + _BAR)
    pane.set_xlim(0, 1)
    pane.set_ylim(0, 1)
    pane.barh(0.5, 1, 1, color=theme.grid, linewidth=0)
    used = min(max(meter.used, 0.0), 1.0)
    pane.barh(0.5, used, 1, color=_colour(used, theme), linewidth=0)
    pane.vlines(1, 0, 1, color=theme.muted, linewidth=points(6))
