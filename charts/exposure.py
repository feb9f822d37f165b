"""What a strategy wants while prices move: candles above, its wanted exposure below."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from charts.bars import Bars, aligned, bars
from charts.candles import draw_candles
from charts.format import Say, plain, price, window
from charts.render import png
from charts.series import Floats
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, roomy, scale
from charts.theme import WIDTH, Theme
from charts.ticks import time_ticks
from trading.domain.market import Candle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOP, _BOTTOM = HEAD + 8, 660
_WANTS = 748, 940  # top and bottom of the pane below
_NAME = 720  # baseline of its name


def exposure_chart(
    candles: Sequence[Candle],
    wanted: Sequence[float],
    *,
    title: str,
    zone: str,
    theme: Theme,
    say: Say = plain,
) -> bytes:
    """The PNG of `exposure_figure`."""
    return png(exposure_figure(candles, wanted, title=title, zone=zone, theme=theme, say=say))


def exposure_figure(
    candles: Sequence[Candle],
    wanted: Sequence[float],
    *,
    title: str,
    zone: str,
    theme: Theme,
    say: Say = plain,
) -> "Figure":
    """One wanted exposure for each candle, -1 ... 1; stretches in the market are shaded among the candles."""
    shown = bars(candles)
    if not len(shown):
        return empty_figure(title, theme=theme, say=say, name="Exposure")
    wants = np.nan_to_num(aligned(wanted, candles, shown.each))
    sheet = Sheet(theme, 1100, say)
    share = float((wants != 0).mean())
    parts = [
        sheet.part(f"{share:.0%}", size=theme.hero, bold=True),
        sheet.part(sheet.say("of the time in the market"), theme.text, size=44),
    ]
    sheet.head(title, parts, name="Exposure")
    low, high = roomy(float(shown.low.min()), float(shown.high.max()))
    values, labels = scale(low, high, sheet.say)
    steps, names = _steps(wants)
    left = sheet.margin([*labels, *names])
    above = sheet.pane(left, _TOP, WIDTH - EDGE, _BOTTOM)
    below = sheet.pane(left, _WANTS[0], WIDTH - EDGE, _WANTS[1])
    above.set_ylim(low, high)
    below.set_ylim(min(steps) - 0.08, max(steps) + 0.08)
    for pane in (above, below):
        pane.set_xlim(-1, len(shown))
    sheet.rules(above, values, labels)
    sheet.rules(below, steps, names)
    _time(sheet, above, below, shown, zone)
    _shade(above, theme, wants)
    draw_candles(above, theme, shown)
    _draw_wants(below, theme, wants)
    sheet.write(EDGE, _NAME, sheet.say("wanted exposure"), theme.small, theme.muted, bold=True)
    sheet.foot(window(shown.at[0], shown.ends, zone, sheet.say))
    return sheet.figure


def alt_text(candles: Sequence[Candle], wanted: Sequence[float], *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    shown = bars(candles)
    if not len(shown):
        return say("No candles to show yet.")
    wants = np.nan_to_num(aligned(wanted, candles, shown.each))
    quote = candles[0].symbol.partition("/")[2].partition(":")[0]
    pattern = say(
        "{symbol} between {low} and {high} {quote}: in the market {share} of the time, changes of mind: {n}."
    )
    return pattern.format(
        symbol=candles[0].symbol,
        low=price(shown.low.min(), quote),
        high=price(shown.high.max(), quote),
        quote=quote,
        share=f"{float((wants != 0).mean()):.0%}",
        n=int((np.diff(wants) != 0).sum()),
    )


def _steps(wants: Floats) -> tuple[list[float], list[str]]:
    """The rules beside the exposure: from nothing to all of it, downwards too where it sells short."""
    lowest = -1.0 if wants.min() < 0 else 0.0
    steps = [lowest, 0.0, 1.0] if lowest else [0.0, 0.5, 1.0]
    return steps, [f"{step:.0%}" for step in steps]


def _time(sheet: Sheet, above: "Axes", below: "Axes", shown: Bars, zone: str) -> None:
    ticks = time_ticks(float(shown.at[0]), shown.ends, zone, sheet.say)
    places = [float(p) for p in np.interp([at for at, _ in ticks], shown.at, np.arange(len(shown)))]
    for pane in (above, below):
        sheet.below(pane, places, [label for _, label in ticks])
        pane.grid(axis="x", color=sheet.theme.grid, linewidth=1.5)
    above.tick_params(labelbottom=False)


def _shade(pane: "Axes", theme: Theme, wants: Floats) -> None:
    """Behind the candles: where it wants to be in, the stronger the more it wants."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0.0], wants, [0.0]))) != 0)
    for start, end in pairwise(edges.tolist()):
        want = wants[start]
        if want:
            colour = theme.towards(want)
            pane.axvspan(start - 0.5, end - 0.5, color=colour, alpha=0.08 + 0.14 * abs(want), linewidth=0)


def _draw_wants(pane: "Axes", theme: Theme, wants: Floats) -> None:
    places = np.arange(len(wants), dtype=float)
    for sign in (1, -1):
        part = np.where(wants * sign > 0, wants, 0.0)
        if part.any():
            pane.fill_between(places, part, 0, step="mid", color=theme.towards(sign), alpha=0.35, linewidth=0)
    pane.plot(places, wants, color=theme.text, linewidth=3, drawstyle="steps-mid")
