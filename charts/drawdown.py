"""The underwater picture: how far below its best an account was, how deep, and for how long."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charts.format import Say, axis, day_within, percent, plain, span, window
from charts.render import png
from charts.series import Curve, Fall, curve, falls, thin
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme
from charts.ticks import number_ticks
from trading.domain.report import EquityPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOP, _BOTTOM = HEAD + 20, 740
_LINE = 46  # height of a line of small text


def drawdown_chart(
    equity: Sequence[EquityPoint], *, title: str, zone: str, theme: Theme, worst: int = 3, say: Say = plain
) -> bytes:
    """The PNG of `drawdown_figure`."""
    return png(drawdown_figure(equity, title=title, zone=zone, theme=theme, worst=worst, say=say))


def drawdown_figure(
    equity: Sequence[EquityPoint], *, title: str, zone: str, theme: Theme, worst: int = 3, say: Say = plain
) -> "Figure":
    """The fall below the best so far, cash flows left aside, with depth and length of the worst few."""
    found = curve(equity)
    if not len(found):
        return empty_figure(title, theme=theme, say=say, name="Drawdown")
    sheet = Sheet(theme, 900, say)
    deepest = float(found.fall.min())
    values = number_ticks(0, -deepest * 100 or 1.0, 4)
    labels = [f"{label}%" for label in axis([-value for value in values])]
    pane = sheet.pane(sheet.margin(labels), _TOP, WIDTH - EDGE, _BOTTOM)
    pane.set_ylim(min(deepest, -values[-1] / 100) * 1.18, 0)
    sheet.rules(pane, [-value / 100 for value in values], labels)
    start, end = float(found.at[0]), float(found.at[-1])
    sheet.clock(pane, start, end if end > start else start + 3600, zone)
    pane.grid(axis="x", color=theme.grid, linewidth=1.5)
    shown = thin(found.fall)
    pane.fill_between(found.at[shown], found.fall[shown], 0, color=theme.down, alpha=0.28, linewidth=0)
    pane.plot(found.at[shown], found.fall[shown], color=theme.down, linewidth=3, solid_joinstyle="round")
    _headline(sheet, found, title)
    _label(sheet, pane, found, falls(found, worst))
    sheet.foot(window(start, end, zone, sheet.say))
    return sheet.figure


def alt_text(equity: Sequence[EquityPoint], *, zone: str, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    found = curve(equity)
    if not len(found):
        return say("No equity to show yet.")
    worst = falls(found, 1)
    if not worst:
        return say("No fall in {span}.").format(span=span(found.seconds, say))
    fall = worst[0]
    bottom = day_within(fall.bottom, found.at[0], found.at[-1], zone, say)
    ended = say("made good again") if fall.end is not None else say("not made good yet")
    first = say("Deepest fall {fall} on {day}, under water for {span}, {ended}.")
    second = (
        say("Now {fall} below the best so far.") if found.fall[-1] < 0 else say("Now at its best so far.")
    )
    return " ".join(
        (
            first.format(fall=percent(fall.depth), day=bottom, span=span(fall.seconds, say), ended=ended),
            second.format(fall=percent(-float(found.fall[-1]), signed=False)),
        )
    )


def _headline(sheet: Sheet, of: Curve, title: str) -> None:
    theme, deepest, now = sheet.theme, float(of.fall.min()), float(of.fall[-1])
    parts = [
        sheet.part(percent(deepest), theme.towards(deepest), size=theme.hero, bold=True),
        sheet.part(sheet.say("deepest fall"), theme.muted),
        sheet.part(sheet.say("now {fall}").format(fall=percent(now)), theme.text, size=46, bold=True),
    ]
    sheet.head(title, parts, name="Drawdown")


def _label(sheet: Sheet, pane: "Axes", of: Curve, worst: Sequence[Fall]) -> None:
    """Depth and length under the bottom of each fall, deepest first, where there is room."""
    (left, right), (low, high) = pane.get_xlim(), pane.get_ylim()
    wide = pane.get_position().width * WIDTH
    across, upward = wide / (right - left), (_BOTTOM - _TOP) / (high - low)
    taken: list[tuple[float, float, float]] = []
    for fall in worst:
        text = f"{percent(fall.depth)} · {span(fall.seconds, sheet.say)}"
        half = sheet.width(text, sheet.theme.small, bold=True) / 2 + 10
        x, y = (fall.bottom - left) * across, (fall.depth - low) * upward
        for middle in (min(max(x + aside, half), wide - half) for aside in (0.0, -half, half)):
            covered = (of.at > left + (middle - half) / across) & (of.at < left + (middle + half) / across)
            hit = bool((of.fall[covered] < fall.depth).any())
            if hit or any(abs(middle - m) < half + h and abs(y - other) < _LINE + 8 for m, h, other in taken):
                continue
            taken.append((middle, half, y))
            pane.plot(fall.bottom, fall.depth, "o", color=sheet.theme.down, markersize=11, zorder=5)
            sheet.tag(
                pane,
                left + middle / across,
                fall.depth,
                text,
                sheet.theme.text,
                across="center",
                upward="top",
                shift=(0, -12),
                bold=True,
            )
            break
