"""What the money was in over time: a band for each market, and what was left in cash above them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charts.format import Say, axis, percent, plain, window
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, spread
from charts.theme import WIDTH, Theme
from trading.domain.report import Allocation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOP, _BOTTOM = HEAD + 20, 760
_NAME = 150  # pixels a name may take
_LINE = 50


def allocation_chart(
    allocation: Sequence[Allocation], *, title: str, zone: str, theme: Theme, say: Say = plain
) -> bytes:
    """The PNG of `allocation_figure`."""
    return png(allocation_figure(allocation, title=title, zone=zone, theme=theme, say=say))


def allocation_figure(
    allocation: Sequence[Allocation], *, title: str, zone: str, theme: Theme, say: Say = plain
) -> "Figure":
    """Shares of the equity on top of each other, the largest on average at the bottom; the first eight are coloured."""
    if not allocation or not any(point.shares for point in allocation):
        return empty_figure(title, theme=theme, say=say, name="Allocation")
    names = _largest_first(allocation)
    sheet = Sheet(theme, 920, say)
    now = sum(abs(share) for share in allocation[-1].shares.values())
    mean = _mean_invested(allocation)
    parts = [
        sheet.part(percent(mean, signed=False), theme.text, size=theme.hero, bold=True),
        sheet.part(sheet.say("invested on average"), theme.muted),
        sheet.part(
            sheet.say("at the end {share}").format(share=percent(now, signed=False)), theme.text, size=46
        ),
    ]
    sheet.head(title, parts, name="Allocation")
    times = [point.at.timestamp() for point in allocation]
    rows = [[abs(point.shares.get(name, 0.0)) for point in allocation] for name in names]
    tallest = max(sum(column) for column in zip(*rows, strict=True))
    whole = next((part for part in (0.25, 0.5) if tallest <= part), 1.0)
    ticks = [whole * quarter / 4 for quarter in range(5)]
    labels = [f"{label}%" for label in axis([100 * tick for tick in ticks])]
    right = WIDTH - EDGE - _NAME - 24
    pane = sheet.pane(sheet.margin(labels), _TOP, right, _BOTTOM)
    pane.set_ylim(0, max(whole, tallest * 1.02))
    sheet.rules(pane, ticks, labels)
    sheet.clock(pane, times[0], max(times[-1], times[0] + 3600), zone)
    colours = [theme.series[n] if n < len(theme.series) else theme.grid for n in range(len(names))]
    pane.stackplot(times, rows, colors=colours, alpha=0.85, linewidth=0)
    _names(sheet, pane, names, rows, right)
    sheet.foot(window(times[0], times[-1], zone, sheet.say))
    return sheet.figure


def alt_text(allocation: Sequence[Allocation], *, zone: str, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    if not allocation or not any(point.shares for point in allocation):
        return say("Nothing was held yet.")
    means = {
        name: sum(abs(point.shares.get(name, 0.0)) for point in allocation) / len(allocation)
        for name in _largest_first(allocation)[:8]
    }
    listed = ", ".join(f"{_coin(name)} {percent(mean, signed=False)}" for name, mean in means.items())
    return say("Invested {mean} on average: {list}.").format(
        mean=percent(_mean_invested(allocation), signed=False), list=listed
    )


def _mean_invested(allocation: Sequence[Allocation]) -> float:
    return sum(sum(abs(s) for s in point.shares.values()) for point in allocation) / len(allocation)


def _largest_first(allocation: Sequence[Allocation]) -> list[str]:
    names = dict.fromkeys(name for point in allocation for name in point.shares)
    return sorted(names, key=lambda name: -sum(abs(point.shares.get(name, 0.0)) for point in allocation))


def _coin(symbol: str) -> str:
    return symbol.partition("/")[0]


def _names(
    sheet: Sheet, pane: "Axes", names: Sequence[str], rows: Sequence[Sequence[float]], right: float
) -> None:
    """The coloured markets' names beside the bands, from the bottom up."""
    named, (_, high) = names[: len(sheet.theme.series)], pane.get_ylim()
    below, middles = 0.0, []
    for row in rows[: len(named)]:
        middles.append(_BOTTOM - (below + row[-1] / 2) / high * (_BOTTOM - _TOP))
        below += row[-1]
    places = spread(middles, _LINE, _TOP + 20, _BOTTOM - 10)
    for index, (name, y) in enumerate(zip(named, places, strict=True)):
        text = sheet.fit(_coin(name), sheet.theme.small, _NAME, bold=True)
        sheet.write(
            right + 24, y, text, sheet.theme.small, sheet.theme.series[index], upward="center", bold=True
        )
