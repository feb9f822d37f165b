"""What days, months and trades earned: a bar a day, a table of months, and how single trades are spread."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import numpy as np

from charts.format import Say, amount, axis, day, money, percent, plain
from charts.months import alt_text as monthly_alt_text
from charts.months import monthly_figure, monthly_heatmap
from charts.render import png
from charts.series import Floats
from charts.sheet import EDGE, HEAD, Sheet, empty_figure, points, roomy, scale
from charts.theme import WIDTH, Theme
from charts.ticks import number_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "daily_alt_text",
    "daily_bars",
    "daily_figure",
    "distribution",
    "distribution_alt_text",
    "distribution_figure",
    "monthly_alt_text",
    "monthly_figure",
    "monthly_heatmap",
]

_TOP, _BOTTOM = HEAD + 16, 740
_MOST_BARS = 120
_DAY = 86400
_HUGE = 1e18
_LINE = 48  # height of a line of small text

# --- days -----------------------------------------------------------------------------------------------


def daily_bars(
    days: Sequence[tuple[date, float]], *, title: str, currency: str, theme: Theme, say: Say = plain
) -> bytes:
    """The PNG of `daily_figure`."""
    return png(daily_figure(days, title=title, currency=currency, theme=theme, say=say))


def daily_figure(
    days: Sequence[tuple[date, float]], *, title: str, currency: str, theme: Theme, say: Say = plain
) -> "Figure":
    """A bar for what each day earned, up or down from nothing; the best and the worst day say how much."""
    found = _days(days)
    if not found:
        return empty_figure(title, theme=theme, say=say, name="Profit a day")
    sheet = Sheet(theme, 900, say)
    _day_headline(sheet, found, title, currency)
    at, earned, each = _bars(found)
    low, high = roomy(min(0.0, float(earned.min())), max(0.0, float(earned.max())), below=0.12, above=0.12)
    values, labels = scale(low, high, sheet.say)
    pane = sheet.pane(sheet.margin(labels), _TOP, WIDTH - EDGE, _BOTTOM)
    pane.set_ylim(low, high)
    sheet.rules(pane, values, labels)
    half = each * _DAY / 2
    sheet.clock(pane, at[0] - half, at[-1] + half, "UTC", least=_DAY)
    _draw_days(sheet, pane, at, earned, each, currency)
    window = f"{day(found[0][0], say=sheet.say, year=True)} – {day(found[-1][0], say=sheet.say, year=True)}"
    note = sheet.say("{n} days a bar").format(n=each) if each > 1 else ""
    sheet.foot(f"{window} · {note}" if note else window)
    return sheet.figure


def daily_alt_text(days: Sequence[tuple[date, float]], *, currency: str, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    found = _days(days)
    if not found:
        return say("No days to show yet.")
    best, worst = max(found, key=_earned), min(found, key=_earned)
    pattern = say(
        "{total}, up on {won} of {n} days; best {best} on {best_day}, worst {worst} on {worst_day}."
    )
    return pattern.format(
        total=money(math.fsum(value for _, value in found), currency, signed=True),
        n=f"{len(found):,}",
        won=f"{sum(value > 0 for _, value in found):,}",
        best=amount(best[1], currency, signed=True),
        best_day=day(best[0], say=say),
        worst=amount(worst[1], currency, signed=True),
        worst_day=day(worst[0], say=say),
    )


def _earned(pair: tuple[date, float]) -> float:
    return pair[1]


def _days(days: Sequence[tuple[date, float]]) -> list[tuple[date, float]]:
    """Each day once, in order; what is not a number is left out."""
    sums: dict[date, float] = {}
    for when, value in days:
        if math.isfinite(value):
            sums[when] = sums.get(when, 0.0) + min(max(value, -_HUGE), _HUGE)
    return sorted(sums.items())


def _bars(found: Sequence[tuple[date, float]]) -> tuple[Floats, Floats, int]:
    """The middle of each bar in seconds, what it earned, and how many days it stands for."""
    first = found[0][0].toordinal()
    each = -(-(found[-1][0].toordinal() - first + 1) // _MOST_BARS)
    slots = np.array([(when.toordinal() - first) // each for when, _ in found])
    earned = np.asarray(np.bincount(slots, weights=[value for _, value in found]), dtype=float)
    start = datetime.combine(found[0][0], time(), UTC).timestamp()
    middles = np.arange(len(earned), dtype=float) * each + (each - 1) / 2
    return start + middles * _DAY, earned, each


def _day_headline(sheet: Sheet, found: Sequence[tuple[date, float]], title: str, currency: str) -> None:
    theme, total = sheet.theme, math.fsum(value for _, value in found)
    won = sheet.say("{won} of {n} days up").format(
        won=f"{sum(value > 0 for _, value in found):,}", n=f"{len(found):,}"
    )
    parts = [
        sheet.part(amount(total, currency, signed=True), theme.towards(total), size=theme.hero, bold=True),
        sheet.part(currency, theme.muted),
        sheet.part(won, theme.text, size=44),
    ]
    sheet.head(title, parts, name="Profit a day")


def _draw_days(sheet: Sheet, pane: "Axes", at: Floats, earned: Floats, each: int, currency: str) -> None:
    theme, (left, right) = sheet.theme, pane.get_xlim()
    wide = pane.get_position().width * WIDTH
    slot = each * _DAY / (right - left) * wide
    pane.axhline(0, color=theme.muted, linewidth=2)
    for colour, chosen in ((theme.up, earned > 0), (theme.down, earned < 0)):
        pane.vlines(at[chosen], 0, earned[chosen], color=colour, linewidth=points(min(slot * 0.72, 90)))
    texts = [amount(value, currency, signed=True) for value in earned]
    widths = [sheet.width(text, theme.small) + 14 for text in texts]
    all_fit = max(widths) < slot
    named = (
        range(len(earned))
        if all_fit
        else sorted({int(earned.argmax()), int(earned.argmin())} if each == 1 else ())
    )
    for index in named:
        if earned[index] == 0:
            continue
        half = widths[index] / 2
        middle = min(max((at[index] - left) / (right - left) * wide, half), wide - half)
        rises = earned[index] > 0
        sheet.tag(
            pane,
            left + middle / wide * (right - left),
            earned[index],
            texts[index],
            theme.text,
            across="center",
            upward="bottom" if rises else "top",
            shift=(0, 6 if rises else -6),
        )


# --- trades ---------------------------------------------------------------------------------------------


def distribution(returns: Sequence[float], *, title: str, theme: Theme, say: Say = plain) -> bytes:
    """The PNG of `distribution_figure`."""
    return png(distribution_figure(returns, title=title, theme=theme, say=say))


def distribution_figure(returns: Sequence[float], *, title: str, theme: Theme, say: Say = plain) -> "Figure":
    """How many trades earned how much (shares: 0.01 is one per cent), with mean and median.

    No bar mixes profit and loss. The few trades far outside are gathered in the outermost bars.
    """
    values = _whole(returns)
    if not len(values):
        return empty_figure(title, theme=theme, say=say, name="Profit a trade")
    sheet = Sheet(theme, 900, say)
    won = sheet.say("of {n} trades with profit").format(n=f"{len(values):,}")
    parts = [
        sheet.part(_won(values), size=theme.hero, bold=True),
        sheet.part(won, theme.text, size=44),
    ]
    sheet.head(title, parts, name="Profit a trade")
    edges, counts = _histogram(values)
    ticks = [tick for tick in number_ticks(0, float(counts.max()), 3) if tick == int(tick)]
    labels = axis(ticks, sheet.say)
    pane = sheet.pane(sheet.margin(labels), _TOP, WIDTH - EDGE, _BOTTOM)
    pane.set_ylim(0, float(counts.max()) * 1.34)
    sheet.rules(pane, ticks, labels)
    pane.set_xlim(edges[0], edges[-1])
    _draw_counts(pane, theme, edges, counts)
    _draw_middles(sheet, pane, values)
    _shares_below(sheet, pane, edges, values)
    return sheet.figure


def distribution_alt_text(returns: Sequence[float], *, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    values = _whole(returns)
    if not len(values):
        return say("No closed trades to show yet.")
    pattern = say(
        "{won} of {n} trades with profit; mean {mean}, median {median}, best {best}, worst {worst}."
    )
    return pattern.format(
        won=_won(values),
        n=f"{len(values):,}",
        mean=percent(float(values.mean())),
        median=percent(float(np.median(values))),
        best=percent(float(values.max())),
        worst=percent(float(values.min())),
    )


def _whole(returns: Sequence[float]) -> Floats:
    values = np.asarray(list(returns), dtype=float)
    return np.asarray(np.clip(values[np.isfinite(values)], -_HUGE, _HUGE))


def _won(values: Floats) -> str:
    return f"{float((values > 0).mean()):.0%}"


def _histogram(values: Floats) -> tuple[Floats, Floats]:
    """Edges on round numbers, one of them at zero, and how many trades lie between them."""
    low, high = (float(np.percentile(values, q)) for q in ((1, 99) if len(values) >= 50 else (0, 100)))
    wanted = min(24, max(8, int(2 * math.sqrt(len(values)))))
    width = (high - low) / wanted or max(abs(high), 0.01) / 4
    marks = number_ticks(0, width * 4, 4)
    step = marks[1] - marks[0]
    air = 1 if high == low else 0
    first, last = math.floor(low / step) - air, math.floor(high / step) + 1 + air
    edges = np.arange(first, last + 1, dtype=float) * step
    slots = np.clip(np.floor(values / step).astype(np.int64), first, last - 1) - first
    return edges, np.asarray(np.bincount(slots, minlength=last - first), dtype=float)


def _draw_counts(pane: "Axes", theme: Theme, edges: Floats, counts: Floats) -> None:
    width = np.diff(edges)
    for colour, chosen in ((theme.up, edges[:-1] >= 0), (theme.down, edges[:-1] < 0)):
        pane.bar(
            edges[:-1][chosen], counts[chosen], width[chosen] * 0.92, align="edge", color=colour, linewidth=0
        )


def _draw_middles(sheet: Sheet, pane: "Axes", values: Floats) -> None:
    """Mean and median as lines; the lower one has its name at the left, the higher one at the right."""
    (left, right), (_, high) = pane.get_xlim(), pane.get_ylim()
    wide = pane.get_position().width * WIDTH
    middles = ((float(values.mean()), sheet.say("mean")), (float(np.median(values)), sheet.say("median")))
    for row, (value, name) in enumerate(sorted(middles)):
        text = f"{name} {percent(value)}"
        half = sheet.width(text, sheet.theme.small, bold=True) / 2 + 10
        place = min(max(value, left), right)
        line = (place - left) / (right - left) * wide
        x = min(max(line + (half if row else -half), half), wide - half)
        top, tall = high * (1 - row * _LINE / (_BOTTOM - _TOP)), high * _LINE / (_BOTTOM - _TOP)
        end = top if abs(x - line) >= half else top - tall  # where there is no room beside it, below its name
        pane.vlines(place, 0, end, color=sheet.theme.text, linewidth=3, linestyles=(0, (2, 1.5)))
        sheet.tag(
            pane,
            left + x / wide * (right - left),
            top,
            text,
            sheet.theme.text,
            across="center",
            upward="top",
            bold=True,
        )


def _shares_below(sheet: Sheet, pane: "Axes", edges: Floats, values: Floats) -> None:
    ticks = number_ticks(float(edges[0]) * 100, float(edges[-1]) * 100, 5)
    labels = [f"{label}%" for label in axis(ticks, sheet.say)]
    sheet.below(pane, [tick / 100 for tick in ticks], labels)
    outside = int((values < edges[0]).sum() + (values > edges[-1]).sum())
    base = sheet.say("profit of a trade, of what it cost")
    note = sheet.say("{n} far outside").format(n=outside) if outside else ""
    sheet.foot(f"{base} · {note}" if note else base)
