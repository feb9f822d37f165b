"""What chance makes of the same trades, as a histogram, and where our own result lies in it."""

import math
from typing import TYPE_CHECKING

import numpy as np

from charts.format import Say, axis, percent, plain
from charts.render import png
from charts.series import Floats
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme
from charts.ticks import number_ticks
from trading.domain.honesty import Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOP, _BOTTOM = HEAD + 16, 740
_BARS = 40
_LARGEST = 1e9


def luck_chart(spread: Spread, *, title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `luck_figure`."""
    return png(luck_figure(spread, title=title, theme=theme, say=say))


def luck_figure(spread: Spread, *, title: str, theme: Theme, say: Say = plain) -> "Figure":
    """How often chance ended where; bars at or beyond our own result stand out. The far right is gathered."""
    values = _outcomes(spread)
    if not len(values):
        return empty_figure(title, theme=theme, say=say, name="Luck")
    sheet = Sheet(theme, 900, say)
    parts = [
        sheet.part(percent(spread.ours), theme.towards(spread.ours), size=theme.hero, bold=True),
        sheet.part(_beaten(spread, values, sheet.say), theme.text, size=44),
    ]
    sheet.head(title, parts, name="Luck")
    edges, counts = _histogram(values, spread.ours)
    ticks = [tick for tick in number_ticks(0, float(counts.max()), 3) if tick == int(tick)]
    labels = axis(ticks, sheet.say)
    pane = sheet.pane(sheet.margin(labels), _TOP, WIDTH - EDGE, _BOTTOM)
    pane.set_xlim(edges[0], edges[-1])
    pane.set_ylim(0, float(counts.max()) * 1.22)
    sheet.rules(pane, ticks, labels)
    _draw(pane, theme, edges, counts, spread.ours)
    _mark(sheet, pane, spread.ours)
    places = number_ticks(float(edges[0]) * 100, float(edges[-1]) * 100, 5)
    sheet.below(pane, [p / 100 for p in places], [f"{label}%" for label in axis(places, sheet.say)])
    base = sheet.say("what {n} throws of the dice earned").format(n=f"{len(values):,}")
    outside = int((values >= edges[-1]).sum())
    note = sheet.say("{n} far outside").format(n=outside) if outside else ""
    sheet.foot(f"{base} · {note}" if note else base)
    return sheet.figure


def alt_text(spread: Spread, *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    values = _outcomes(spread)
    if not len(values):
        return say("No dice thrown yet.")
    return say("Ours {ours}, {beaten}; the middle of chance {middle}, nine in ten {low} to {high}.").format(
        ours=percent(spread.ours),
        beaten=_beaten(spread, values, say),
        middle=percent(float(np.median(values))),
        low=percent(float(np.percentile(values, 5))),
        high=percent(float(np.percentile(values, 95))),
    )


def _outcomes(spread: Spread) -> Floats:
    values = np.asarray(spread.outcomes, dtype=float)
    return np.asarray(np.clip(values[np.isfinite(values)], -1.0, _LARGEST))


def _beaten(spread: Spread, values: Floats, say: Say) -> str:
    return say("better than {share} of chance").format(share=f"{float((values < spread.ours).mean()):.0%}")


def _histogram(values: Floats, ours: float) -> tuple[Floats, Floats]:
    """Bars of one width over nearly all outcomes and ours; what lies further right is in the last."""
    low = min(float(values.min()), ours)
    high = max(float(np.percentile(values, 98)), min(ours, _LARGEST))
    width = (high - low) / _BARS or max(abs(high), 0.01) / _BARS
    first = math.floor(low / width)
    edges = np.arange(first, math.floor(high / width) + 3, dtype=float) * width
    slots = np.clip(np.floor((values - edges[0]) / width).astype(np.int64), 0, len(edges) - 2)
    return edges, np.asarray(np.bincount(slots, minlength=len(edges) - 1), dtype=float)


def _draw(pane: "Axes", theme: Theme, edges: Floats, counts: Floats, ours: float) -> None:
    width = np.diff(edges)
    beyond = edges[1:] > ours
    for colour, chosen in ((theme.muted, ~beyond), (theme.warn, beyond)):
        pane.bar(
            edges[:-1][chosen], counts[chosen], width[chosen] * 0.9, align="edge", color=colour, linewidth=0
        )


def _mark(sheet: Sheet, pane: "Axes", ours: float) -> None:
    """A line where our own result lies, with its name on the side that has room."""
    (left, right), (_, high) = pane.get_xlim(), pane.get_ylim()
    place = min(max(ours, left), right)
    pane.vlines(place, 0, high, color=sheet.theme.text, linewidth=4)
    on_the_right = place - left < (right - left) / 2
    sheet.tag(
        pane,
        place,
        high,
        sheet.say("ours"),
        sheet.theme.text,
        across="left" if on_the_right else "right",
        upward="top",
        shift=(14 if on_the_right else -14, 0),
        bold=True,
    )
