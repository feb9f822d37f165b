"""The equity curve above, its drawdown below, and what moved in and out between."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charts.format import Say, amount, axis, day_within, money, percent, plain, span, window
from charts.render import png
from charts.series import Curve, Indexes, curve, met, thin
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, roomy, scale
from charts.theme import WIDTH, Theme
from charts.ticks import number_ticks
from trading.domain.report import EquityPoint, RoundTrip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_FLOW_LINES = 16  # more of them are short


def equity_chart(
    equity: Sequence[EquityPoint],
    *,
    title: str,
    currency: str,
    zone: str,
    theme: Theme,
    trades: Sequence[RoundTrip] = (),
    holding: Sequence[EquityPoint] = (),
    say: Say = plain,
) -> bytes:
    """The PNG of `equity_figure`."""
    return png(
        equity_figure(
            equity,
            title=title,
            currency=currency,
            zone=zone,
            theme=theme,
            trades=trades,
            holding=holding,
            say=say,
        )
    )


def equity_figure(
    equity: Sequence[EquityPoint],
    *,
    title: str,
    currency: str,
    zone: str,
    theme: Theme,
    trades: Sequence[RoundTrip] = (),
    holding: Sequence[EquityPoint] = (),
    say: Say = plain,
) -> "Figure":
    """Equity against the money put in, closed trades, and drawdown; percentages leave cash flows aside.

    `holding` is what the same money would have been, had it bought once and held.
    """
    found = curve(equity)
    if not len(found):
        return empty_figure(title, theme=theme, say=say, name="Equity")
    sheet = Sheet(theme, 1100, say)
    _headline(sheet, found, title, currency)
    shown, closed = _places(found), _closed(found, trades)
    rival = curve(holding)
    low, high = _range(found, rival)
    values, labels = scale(low, high, sheet.say)
    fall_values, fall_labels = _fall_scale(found)
    left = sheet.margin(labels + fall_labels + ([sheet.say("trades")] if closed else []))
    above = sheet.pane(left, HEAD, WIDTH - EDGE, 616)
    above.set_ylim(low, high)
    lowest = low + (high - low) * (0.07 if closed else 0)  # the word beside the trades stands there
    sheet.rules(
        above, values, [label if value >= lowest else "" for value, label in zip(values, labels, strict=True)]
    )
    below = sheet.pane(left, 776, WIDTH - EDGE, 952)
    below.set_ylim(min(float(found.fall.min()), fall_values[-1]) * 1.1, 0)
    sheet.rules(below, fall_values, fall_labels)
    start, end = _window(found)
    sheet.clock(above, start, end, zone)
    above.tick_params(labelbottom=False)
    sheet.clock(below, start, end, zone)
    for pane in (above, below):
        pane.grid(axis="x", color=theme.grid, linewidth=1.5)
    _draw_rival(sheet, above, rival, found)
    _draw_equity(sheet, above, found, shown, currency)
    _draw_flows(sheet, above, found, currency)
    if closed:
        _draw_trades(sheet, closed, left, above.get_xlim())
    _draw_falls(sheet, below, found, shown, zone)
    sheet.foot(window(found.at[0], found.at[-1], zone, sheet.say))
    return sheet.figure


def alt_text(
    equity: Sequence[EquityPoint],
    *,
    currency: str,
    zone: str,
    trades: Sequence[RoundTrip] = (),
    holding: Sequence[EquityPoint] = (),
    say: Say = plain,
) -> str:
    """The picture in words, with the same numbers."""
    found = curve(equity)
    if not len(found):
        return say("No equity to show yet.")
    last = money(found.equity[-1], currency)
    if found.change is None:
        sentence = say("Equity {equity}; nothing to compare it with yet.").format(equity=last)
    else:
        pattern = (
            say("Equity {equity}, {change} over {span}; deepest fall {fall} on {day}.")
            if found.fall.min() < 0
            else say("Equity {equity}, {change} over {span}; it never fell below an earlier high.")
        )
        sentence = pattern.format(
            equity=last,
            change=percent(found.change),
            span=span(found.seconds, say),
            fall=percent(found.fall.min()),
            day=day_within(found.at[found.deepest], found.at[0], found.at[-1], zone, say),
        )
    moved = float(found.flows.sum())
    if found.flows.any():
        pattern = say("Money put in or taken out ({flows}) is left out of the percentages.")
        sentence += " " + pattern.format(flows=money(moved, currency, signed=True))
    closed = _closed(found, trades)
    if closed:
        won = sum(trade.pnl > 0 for trade in closed)
        sentence += " " + say("Trades closed: {n}, with profit: {won}.").format(n=len(closed), won=won)
    rival = curve(holding).change
    if rival is not None:
        sentence += " " + say("Buying and holding made {change}.").format(change=percent(rival))
    return sentence


def _closed(of: Curve, trades: Sequence[RoundTrip]) -> list[RoundTrip]:
    """The trades that ended within the picture."""
    return [trade for trade in trades if of.at[0] <= trade.exit_at.timestamp() <= of.at[-1]]


def _window(of: Curve) -> tuple[float, float]:
    return (of.at[0], of.at[-1]) if of.seconds > 0 else (of.at[0] - 1800, of.at[0] + 1800)


def _places(of: Curve) -> Indexes:
    """The points to draw: the extremes of both curves, and both ends of each cash flow."""
    moves = np.flatnonzero(of.flows)
    moves = moves if len(moves) <= _MOST_FLOW_LINES else moves[:0]
    return np.union1d(thin(of.equity, of.fall), np.concatenate((moves, moves - 1)))


def _range(of: Curve, rival: Curve) -> tuple[float, float]:
    """All of the curve, and all of its rival's that does not make it small."""
    low = min(of.equity.min(), of.invested.min())
    high = max(of.equity.max(), of.invested.max())
    if len(rival):
        reach = max(high - low, high * 0.02)
        low = max(min(low, rival.equity.min()), low - reach / 2)
        high = min(max(high, rival.equity.max()), high + reach)
    return roomy(float(low), float(high), above=0.16 if of.flows.any() else 0.06)


def _fall_scale(of: Curve) -> tuple[list[float], list[str]]:
    """From 0 down to the deepest fall; one per cent where nothing ever fell."""
    deepest = -float(of.fall.min()) * 100 or 1.0
    values = number_ticks(0, deepest, 2)
    labels = [f"{label}%" for label in axis([-value for value in values])]
    return [-value / 100 for value in values], labels


def _headline(sheet: Sheet, of: Curve, title: str, currency: str) -> None:
    theme, colour = sheet.theme, sheet.theme.towards(of.profit)
    parts = [
        sheet.part(amount(of.equity[-1], currency), size=theme.hero, bold=True),
        sheet.part(currency, theme.muted),
    ]
    if of.change is not None:
        colour = theme.towards(of.change)
        arrow = "▲ " if of.change > 0 else "▼ " if of.change < 0 else ""
        parts.append(sheet.part(arrow + percent(of.change), colour, size=54, bold=True))
        parts.append(sheet.part(amount(of.profit, currency, signed=True), theme.towards(of.profit)))
    sheet.head(title, parts, name="Equity")


def _draw_equity(sheet: Sheet, pane: "Axes", of: Curve, shown: Indexes, currency: str) -> None:
    theme = sheet.theme
    at, line, put_in = met(of.at[shown], of.equity[shown], of.invested[shown])
    for colour, edge in ((theme.up, np.maximum(line, put_in)), (theme.down, np.minimum(line, put_in))):
        pane.fill_between(at, put_in, edge, color=colour, alpha=0.22, linewidth=0)
    low, high = pane.get_ylim()
    if low < 0 < high:
        pane.axhline(0, color=theme.muted, linewidth=2)
    pane.plot(at, put_in, color=theme.muted, linewidth=2.2, dashes=(4, 3))
    pane.plot(at, line, color=theme.text, linewidth=3.4, solid_joinstyle="round", solid_capstyle="round")
    pane.plot(at[-1:], line[-1:], "o", color=theme.towards(of.profit), markersize=13, clip_on=False, zorder=5)
    if len(of) == 1:
        return
    word = sheet.say("put in {amount}") if of.flows.any() else sheet.say("start {amount}")
    above = line[-1] < put_in[-1]
    sheet.tag(
        pane,
        at[-1],
        put_in[-1],
        word.format(amount=amount(put_in[-1], currency)),
        theme.muted,
        shift=(-4, 10 if above else -10),
        across="right",
        upward="bottom" if above else "top",
    )


def _draw_rival(sheet: Sheet, pane: "Axes", rival: Curve, ours: Curve) -> None:
    """A thin line behind our own, named in its colour at the top, on the side where the lines run lower."""
    if rival.change is None:
        return
    shown, colour = thin(rival.equity, rival.fall), sheet.theme.accent
    pane.plot(rival.at[shown], rival.equity[shown], color=colour, linewidth=2.2, alpha=0.9)
    text = sheet.say("holding {change}").format(change=percent(rival.change))
    left = _peak(rival, ours, first=True) <= _peak(rival, ours, first=False)
    sheet.tag(
        pane,
        0.012 if left else 0.988,
        0.985,
        text,
        colour,
        across="left" if left else "right",
        upward="top",
        bold=True,
        xycoords="axes fraction",
    )


def _peak(*lines: Curve, first: bool) -> float:
    """The highest equity in the first or the last third of the time."""
    peaks = []
    for line in lines:
        third = (line.at[-1] - line.at[0]) / 3
        inside = line.at <= line.at[0] + third if first else line.at >= line.at[-1] - third
        peaks.append(float(line.equity[inside].max()))
    return max(peaks)


def _draw_flows(sheet: Sheet, pane: "Axes", of: Curve, currency: str) -> None:
    """A line for each movement of money, short where there are many; the largest first say how much."""
    moves = np.flatnonzero(of.flows)
    if not len(moves):
        return
    theme, (low, high), (left, right) = sheet.theme, pane.get_ylim(), pane.get_xlim()
    top = high - (high - low) * 0.11
    foot = low if len(moves) <= _MOST_FLOW_LINES else top - (high - low) * 0.06
    pane.vlines(of.at[moves], foot, top, color=theme.warn, linewidth=2.2, linestyles=(0, (2, 2)))
    wide = pane.get_position().width * WIDTH
    taken: list[tuple[float, float]] = []
    for index in sorted(moves, key=lambda move: -abs(of.flows[move]))[:200]:
        text = amount(of.flows[index], currency, signed=True)
        half = sheet.width(text, theme.small) / 2 + 8
        place = min(max((of.at[index] - left) / (right - left) * wide, half), wide - half)
        if any(abs(place - other) < half + reach for other, reach in taken):
            continue
        taken.append((place, half))
        x = left + place / wide * (right - left)
        sheet.tag(pane, x, high, text, theme.warn, across="center", upward="top", shift=(0, 6))


def _draw_trades(sheet: Sheet, trades: Sequence[RoundTrip], left: float, window: tuple[float, float]) -> None:
    """A stroke for each closed trade: upwards with profit, downwards with loss."""
    theme = sheet.theme
    band = sheet.pane(left, 628, WIDTH - EDGE, 672)
    band.set_xlim(*window)
    band.set_ylim(-1, 1)
    band.axhline(0, color=theme.grid, linewidth=1.5)
    for sign, colour in ((1, theme.up), (-1, theme.down)):
        closed = [t.exit_at.timestamp() for t in trades if (t.pnl > 0) == (sign > 0)]
        band.vlines(closed, 0.12 * sign, sign, color=colour, linewidth=5)
    sheet.write(
        left - 16, 650, sheet.say("trades"), theme.small, theme.muted, across="right", upward="center"
    )


def _draw_falls(sheet: Sheet, pane: "Axes", of: Curve, shown: Indexes, zone: str) -> None:
    theme = sheet.theme
    at, fall = of.at[shown], of.fall[shown]
    pane.fill_between(at, fall, 0, color=theme.down, alpha=0.28, linewidth=0)
    pane.plot(at, fall, color=theme.down, linewidth=2.6, solid_joinstyle="round")
    parts = [sheet.part(sheet.say("Drawdown"), theme.muted, bold=True)]
    if of.fall.min() < 0:
        deepest = of.deepest
        pane.plot(
            of.at[deepest], of.fall[deepest], "o", color=theme.down, markersize=10, zorder=5, clip_on=False
        )
        parts.append(sheet.part(percent(of.fall[deepest]), theme.down, bold=True))
        parts.append(
            sheet.part(day_within(of.at[deepest], of.at[0], of.at[-1], zone, sheet.say), theme.muted)
        )
    else:
        parts.append(sheet.part(percent(0.0), theme.muted))
    sheet.row(EDGE, 740, parts, gap=18)
