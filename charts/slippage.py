"""What orders were filled at, beside the price at which they had been decided: a dot for each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charts.format import Say, basis_points, day, money, plain, window
from charts.render import png
from charts.series import Floats
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, roomy, scale
from charts.theme import WIDTH, Theme
from trading.domain.review import Slip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOP, _BOTTOM = HEAD + 76, 740
_NAME = HEAD + 36  # baseline of what the numbers beside the pane are
_MANY = 20  # orders from which on a few far outside are put on the edge
_FAR = 95.0  # per cent of the orders that the picture has room for, and half as much air


def slippage_chart(
    slips: Sequence[Slip], *, title: str, currency: str, zone: str, theme: Theme, say: Say = plain
) -> bytes:
    """The PNG of `slippage_figure`."""
    return png(slippage_figure(slips, title=title, currency=currency, zone=zone, theme=theme, say=say))


def slippage_figure(
    slips: Sequence[Slip], *, title: str, currency: str, zone: str, theme: Theme, say: Say = plain
) -> "Figure":
    """Above the line an order got a worse price than it was decided at, below it a better one."""
    if not slips:
        return empty_figure(title, theme=theme, say=say, name="Slippage")
    sheet = Sheet(theme, 900, say)
    shares = np.array([slip.share for slip in slips])
    mean, cost = average(slips), float(sum(slip.cost for slip in slips))
    parts = [
        sheet.part(basis_points(mean), theme.towards(-mean), size=theme.hero, bold=True),
        sheet.part(sheet.say("on average"), theme.muted),
        sheet.part(money(cost, currency, signed=True), theme.text, size=44),
    ]
    sheet.head(title, parts, name="Slippage")
    reach = _reach(shares)
    low, high = roomy(max(float(shares.min()), -reach), min(float(shares.max()), reach), 0.1, 0.1)
    low, high = min(low, 0.0), max(high, 0.0)
    values, labels = scale(low * 1e4, high * 1e4, sheet.say)
    pane = sheet.pane(sheet.margin(labels), _TOP, WIDTH - EDGE, _BOTTOM)
    pane.set_ylim(low, high)
    sheet.rules(pane, [value / 1e4 for value in values], labels)
    times = np.array([slip.at.timestamp() for slip in slips])
    sheet.clock(pane, float(times.min()), max(float(times.max()), float(times.min()) + 3600), zone)
    _draw(pane, theme, times, shares, reach)
    what = sheet.fit(sheet.say("bp worse than the price at the decision"), theme.small, WIDTH - 2 * EDGE)
    sheet.write(EDGE, _NAME, what, theme.small, theme.muted)
    outside = int((np.abs(shares) > reach).sum())
    note = sheet.say("{n} far outside").format(n=outside) if outside else ""
    shown = window(float(times.min()), float(times.max()), zone, sheet.say)
    sheet.foot(f"{shown} · {note}" if note else shown)
    return sheet.figure


def alt_text(slips: Sequence[Slip], *, currency: str, zone: str, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    if not slips:
        return say("No filled orders to show yet.")
    worst, best = max(slips, key=lambda slip: slip.share), min(slips, key=lambda slip: slip.share)
    paid = say(
        "Orders filled: {n}; beyond the price at the decision they paid {mean} on average, {cost} in all."
    )
    ends = say("Worst {worst} ({symbol}, {day}), best {best}; 1 bp is 0.01%.")
    first = paid.format(
        n=f"{len(slips):,}",
        mean=basis_points(average(slips)),
        cost=money(sum(slip.cost for slip in slips), currency, signed=True),
    )
    second = ends.format(
        worst=basis_points(worst.share),
        symbol=worst.symbol,
        day=day(worst.at, zone, say),
        best=basis_points(best.share),
    )
    return f"{first} {second}"


def average(slips: Sequence[Slip]) -> float:
    """What all of them cost, as a share of what was decided to be traded."""
    decided = sum(slip.decided * slip.amount for slip in slips)
    return float(sum(slip.cost for slip in slips) / decided) if decided else 0.0


def _reach(shares: Floats) -> float:
    """How far from nothing the picture goes."""
    sizes = np.abs(shares)
    furthest = float(sizes.max())
    if len(sizes) < _MANY:
        return furthest
    return min(furthest, 1.5 * float(np.percentile(sizes, _FAR))) or furthest


def _draw(pane: "Axes", theme: Theme, times: Floats, shares: Floats, reach: float) -> None:
    """A stem and a dot for each order; a triangle on the edge for one far outside."""
    pane.axhline(0, color=theme.muted, linewidth=3)
    held = np.clip(shares, -reach, reach)
    for sign in (1, -1):
        chosen, colour = np.sign(shares) == sign, theme.towards(-sign)
        pane.vlines(times[chosen], 0, held[chosen], color=colour, linewidth=3, alpha=0.45)
        far = chosen & (np.abs(shares) > reach)
        near = chosen & ~far
        pane.plot(times[near], held[near], "o", color=colour, markersize=8, linewidth=0)
        pane.plot(times[far], held[far], "^" if sign > 0 else "v", color=colour, markersize=12, linewidth=0)
    none = shares == 0
    pane.plot(times[none], held[none], "o", color=theme.muted, markersize=8, linewidth=0)
