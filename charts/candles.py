"""Candles and volume, with what the desk bought and sold among them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charts.bars import Bars, aligned, bars, marks
from charts.format import Say, money, percent, plain, price, span, window
from charts.marks import draw_marks, draw_trips
from charts.render import png
from charts.series import Floats
from charts.sheet import EDGE, HEAD, Part, Sheet, empty_figure, roomy, scale, spread
from charts.theme import WIDTH, Theme
from charts.ticks import time_ticks
from trading.domain.market import Candle
from trading.domain.order import Fill, Side
from trading.domain.report import RoundTrip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOP, _BOTTOM = HEAD + 8, 800
_VOLUME = 830, 960
_LINE = 44  # height of a line of small text


def candles_chart(
    candles: Sequence[Candle],
    *,
    title: str,
    zone: str,
    theme: Theme,
    fills: Sequence[Fill] = (),
    trips: Sequence[RoundTrip] = (),
    overlays: Mapping[str, Sequence[float]] | None = None,
    say: Say = plain,
) -> bytes:
    """The PNG of `candles_figure`."""
    return png(
        candles_figure(
            candles, title=title, zone=zone, theme=theme, fills=fills, trips=trips, overlays=overlays, say=say
        )
    )


def candles_figure(
    candles: Sequence[Candle],
    *,
    title: str,
    zone: str,
    theme: Theme,
    fills: Sequence[Fill] = (),
    trips: Sequence[RoundTrip] = (),
    overlays: Mapping[str, Sequence[float]] | None = None,
    told: RoundTrip | None = None,
    say: Say = plain,
) -> "Figure":
    """Best with about 150 candles; neighbours are drawn as one when there are more than can be told apart.

    An overlay has one value for each candle (NaN where it has none yet). The head tells the market's change, or what
    came of the trade that is `told`.
    """
    shown = bars(candles)
    if not len(shown):
        return empty_figure(title, theme=theme, say=say, name="Candles")
    quote = _quote(candles)
    sheet = Sheet(theme, 1100, say)
    lines = {name: aligned(values, candles, shown.each) for name, values in (overlays or {}).items()}
    found = marks(shown, fills, trips)
    low, high = _range(shown, lines, bool(found))
    values, labels = scale(low, high, sheet.say, count=5)
    last = price(shown.close[-1], quote, short=True)
    right = WIDTH - max(
        sheet.margin([*labels, sheet.say("volume")]), sheet.width(last, theme.small, bold=True) + 64
    )
    main, under = sheet.pane(EDGE, _TOP, right, _BOTTOM), sheet.pane(EDGE, _VOLUME[0], right, _VOLUME[1])
    main.set_ylim(low, high)
    ends = _names_room(sheet, lines)
    for pane in (main, under):
        pane.set_xlim(-1, len(shown) + len(shown) * ends / (right - EDGE - ends))
    _time(sheet, main, under, shown, zone)
    _prices(sheet, main, values, labels, float(shown.close[-1]), last, _colour(theme, shown))
    draw_candles(main, theme, shown)
    _draw_volume(sheet, under, shown, right)
    _draw_overlays(sheet, main, lines)
    draw_trips(main, theme, shown, trips)
    draw_marks(sheet, main, shown, found, quote)
    _words(sheet, shown, title, quote, zone, told)
    return sheet.figure


def alt_text(
    candles: Sequence[Candle],
    *,
    zone: str,
    fills: Sequence[Fill] = (),
    trips: Sequence[RoundTrip] = (),
    say: Say = plain,
) -> str:
    """The picture in words, with the same numbers."""
    shown = bars(candles)
    if not len(shown):
        return say("No candles to show yet.")
    quote = _quote(candles)
    sentence = say("{symbol} at {price} {quote}, {change} in this window; between {low} and {high}.").format(
        symbol=candles[0].symbol,
        price=price(shown.close[-1], quote),
        quote=quote,
        change=percent(_change(shown)),
        low=price(shown.low.min(), quote),
        high=price(shown.high.max(), quote),
    )
    found = marks(shown, fills, trips)
    if not found:
        return sentence
    bought = sum(mark.side is Side.BUY for mark in found)
    return f"{sentence} " + say("Buys: {bought}, sells: {sold}.").format(
        bought=bought, sold=len(found) - bought
    )


def _quote(candles: Sequence[Candle]) -> str:
    """`USDT` of `BTC/USDT` or of `BTC/USDT:USDT`."""
    return candles[0].symbol.partition("/")[2].partition(":")[0]


def _change(shown: Bars) -> float:
    return float(shown.close[-1] / shown.open[0] - 1) if shown.open[0] > 0 else float("nan")


def _colour(theme: Theme, shown: Bars) -> str:
    return theme.up if shown.close[-1] >= shown.open[-1] else theme.down


def _range(shown: Bars, lines: Mapping[str, Floats], marked: bool) -> tuple[float, float]:
    """All prices, and all of an overlay that is not far away from them."""
    low, high = float(shown.low.min()), float(shown.high.max())
    reach = (high - low) * 0.5
    for values in lines.values():
        near = values[(values > low - reach) & (values < high + reach)]
        if len(near):
            low, high = min(low, float(near.min())), max(high, float(near.max()))
    air = 0.13 if marked else 0.05
    return roomy(low, high, below=air, above=air)


def _words(
    sheet: Sheet, shown: Bars, title: str, quote: str, zone: str, told: RoundTrip | None = None
) -> None:
    parts = _of_market(sheet, shown, quote) if told is None else _of_trade(sheet, told, quote)
    sheet.head(title, parts, name="Candles")
    notes = [window(shown.at[0], shown.ends, zone, sheet.say)]
    if shown.each > 1:
        notes.append(sheet.say("{n} candles a bar").format(n=shown.each))
    if shown.gaps:
        notes.append(sheet.say("gaps: {n}").format(n=len(shown.gaps)))
    sheet.foot(" · ".join(notes))


def _of_market(sheet: Sheet, shown: Bars, quote: str) -> list[Part]:
    """The last price, and how far it went in this window."""
    theme, change = sheet.theme, _change(shown)
    arrow = "▲ " if change > 0 else "▼ " if change < 0 else ""
    return [
        sheet.part(price(shown.close[-1], quote), size=theme.hero, bold=True),
        sheet.part(quote, theme.muted),
        sheet.part(arrow + percent(change), theme.towards(change), size=54, bold=True),
    ]


def _of_trade(sheet: Sheet, trip: RoundTrip, quote: str) -> list[Part]:
    """What a trade made, and how long it took."""
    theme, made = sheet.theme, float(trip.pnl)
    held = span((trip.exit_at - trip.entry_at).total_seconds(), sheet.say)
    return [
        sheet.part(percent(trip.return_share), theme.towards(made), size=theme.hero, bold=True),
        sheet.part(money(trip.pnl, quote, signed=True), theme.towards(made), bold=True),
        sheet.part(held, theme.muted),
    ]


def _time(sheet: Sheet, main: "Axes", under: "Axes", shown: Bars, zone: str) -> None:
    ticks = time_ticks(float(shown.at[0]), shown.ends, zone, sheet.say)
    places = np.interp([at for at, _ in ticks], shown.at, np.arange(len(shown)))
    for pane in (main, under):
        sheet.below(pane, [float(place) for place in places], [label for _, label in ticks])
        pane.grid(axis="x", color=sheet.theme.grid, linewidth=1.5)
    main.tick_params(labelbottom=False)
    main.vlines(
        [gap - 0.5 for gap in shown.gaps],
        *main.get_ylim(),
        color=sheet.theme.warn,
        linewidth=2,
        linestyles=":",
    )


def _prices(
    sheet: Sheet, pane: "Axes", values: list[float], labels: list[str], last: float, text: str, colour: str
) -> None:
    """The scale at the right, and the last price on it as a filled tag."""
    low, high = pane.get_ylim()
    near = (high - low) * 50 / (_BOTTOM - _TOP)
    shown = ["" if abs(value - last) < near else label for value, label in zip(values, labels, strict=True)]
    sheet.rules(pane, values, shown, right=True)
    pane.axhline(last, color=colour, linewidth=2, linestyle=(0, (1, 2)))
    sheet.tag(
        pane,
        1.0,
        last,
        text,
        sheet.theme.on(colour),
        shift=(14, 0),
        bold=True,
        xycoords=("axes fraction", "data"),
        bbox={"facecolor": colour, "edgecolor": "none", "boxstyle": "round,pad=0.22"},
        annotation_clip=False,
    )


def draw_candles(pane: "Axes", theme: Theme, shown: Bars) -> None:
    """Bodies and wicks, one place to the right for each bar."""
    from matplotlib.collections import LineCollection, PolyCollection

    low, high = pane.get_ylim()
    thinnest = (high - low) * 2.5 / (_BOTTOM - _TOP)  # a candle that opens where it closes is still a line
    places = np.arange(len(shown), dtype=float)
    foot, top = np.minimum(shown.open, shown.close), np.maximum(shown.open, shown.close)
    flat = np.maximum(thinnest - (top - foot), 0.0) / 2
    rising = shown.close >= shown.open
    for colour, chosen in ((theme.up, rising), (theme.down, ~rising)):
        wicks = np.stack((places, shown.low, places, shown.high), axis=1)[chosen].reshape(-1, 2, 2)
        pane.add_collection(LineCollection(list(wicks), colors=colour, linewidths=1.8))
        bodies = _boxes(places, foot - flat, top + flat)[chosen]
        pane.add_collection(PolyCollection(list(bodies), facecolors=colour, edgecolors="none"))


def _boxes(places: Floats, foot: Floats, top: Floats) -> Floats:
    left, right = places - 0.36, places + 0.36
    corners = ((left, foot), (left, top), (right, top), (right, foot))
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)


def _draw_volume(sheet: Sheet, pane: "Axes", shown: Bars, right: float) -> None:
    from matplotlib.collections import PolyCollection

    theme = sheet.theme
    pane.set_ylim(0, float(shown.volume.max()) * 1.05 or 1.0)
    rising = shown.close >= shown.open
    columns = _boxes(np.arange(len(shown), dtype=float), np.zeros(len(shown)), shown.volume)
    for colour, chosen in ((theme.up, rising), (theme.down, ~rising)):
        pane.add_collection(
            PolyCollection(list(columns[chosen]), facecolors=theme.blend(colour, 0.55), edgecolors="none")
        )
    sheet.write(
        right + 16,
        (_VOLUME[0] + _VOLUME[1]) / 2,
        sheet.say("volume"),
        theme.small,
        theme.muted,
        upward="center",
    )


def _names_room(sheet: Sheet, lines: Mapping[str, Floats]) -> float:
    """Pixels kept free at the right of the last candle, for the names of the overlays."""
    return 30 + max(
        (min(sheet.width(name, sheet.theme.small, bold=True), 260) for name in lines), default=-20.0
    )


def _draw_overlays(sheet: Sheet, pane: "Axes", lines: Mapping[str, Floats]) -> None:
    """A line each, in a colour of its own, with its name where it ends."""
    low, high = pane.get_ylim()
    gap = (high - low) * _LINE / (_BOTTOM - _TOP)
    colours = (sheet.theme.accent, *(sheet.theme.series[index] for index in (4, 2, 3, 0, 6)))
    ends: list[tuple[float, float, str, str]] = []
    for index, (name, values) in enumerate(lines.items()):
        colour = colours[index % len(colours)]
        pane.plot(values, color=colour, linewidth=3, solid_joinstyle="round")
        known = np.flatnonzero(np.isfinite(values))
        if len(known) and low <= values[known[-1]] <= high:
            ends.append((float(known[-1]), float(values[known[-1]]), name, colour))
    heights = spread([end[1] for end in ends], gap, low + gap / 2, high - gap / 2)
    for (x, _, name, colour), y in zip(ends, heights, strict=True):
        text = sheet.fit(name, sheet.theme.small, 260, bold=True)
        sheet.tag(pane, x, y, text, colour, shift=(14, 0), bold=True)
