"""Who earned it: a bar for each strategy and each market, the best first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from charts.format import Say, amount, money, plain
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 80
_TOP = HEAD + 10
_NAMES = 380  # pixels of the column of names
_NUMBER = 250  # pixels kept free for the number at a bar's end
MOST = 4  # of a group that are named; the others are one bar


class Earned(NamedTuple):
    """What one member of a group earned: a strategy or a market."""

    group: str
    name: str
    profit: float


def attribution_chart(
    earned: Sequence[Earned], *, title: str, currency: str, theme: Theme, say: Say = plain
) -> bytes:
    """The PNG of `attribution_figure`."""
    return png(attribution_figure(earned, title=title, currency=currency, theme=theme, say=say))


def attribution_figure(
    earned: Sequence[Earned], *, title: str, currency: str, theme: Theme, say: Say = plain
) -> "Figure":
    """Each group adds up to the same profit; a bar's length is the size, its colour and sign the direction."""
    groups = _groups(earned, say)
    if not groups:
        return empty_figure(title, theme=theme, say=say, name="Attribution")
    lines = sum(1 + len(members) for members in groups.values())
    sheet = Sheet(theme, _TOP + _ROW * lines + 110, say)
    total = sum(member.profit for member in next(iter(groups.values())))
    parts = [
        sheet.part(amount(total, currency, signed=True), theme.towards(total), size=theme.hero, bold=True),
        sheet.part(currency, theme.muted),
    ]
    sheet.head(title, parts, name="Attribution")
    pane = sheet.pane(EDGE + _NAMES, _TOP, WIDTH - EDGE, _TOP + _ROW * lines)
    far = max((abs(m.profit) for members in groups.values() for m in members), default=0.0) or 1.0
    wide = WIDTH - 2 * EDGE - _NAMES
    pane.set_xlim(0, far * wide / (wide - _NUMBER))
    pane.set_ylim(lines, 0)
    row = 0
    for group, members in groups.items():
        middle = _TOP + (row + 0.5) * _ROW
        sheet.write(EDGE, middle, group, theme.small, theme.muted, upward="center")
        for place, member in enumerate(members, row + 1):
            _bar(sheet, pane, place, member, currency)
        row += 1 + len(members)
    sheet.foot(sheet.say("closed trades, after fees"))
    return sheet.figure


def alt_text(earned: Sequence[Earned], *, currency: str, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    groups = _groups(earned, say)
    if not groups:
        return say("No closed trades to show yet.")
    total = sum(member.profit for member in next(iter(groups.values())))
    said = [
        say("{group}: {list}.").format(
            group=group,
            list=", ".join(f"{m.name} {money(m.profit, currency, signed=True)}" for m in members),
        )
        for group, members in groups.items()
    ]
    return " ".join([say("Closed trades: {total}.").format(total=money(total, currency, signed=True)), *said])


def _groups(earned: Sequence[Earned], say: Say) -> dict[str, list[Earned]]:
    """The groups in their order, each with its best first and its others put together."""
    found: dict[str, list[Earned]] = {}
    for one in sorted(earned, key=lambda member: -member.profit):
        found.setdefault(one.group, []).append(one)
    order = dict.fromkeys(one.group for one in earned)
    return {group: _few(found[group], say) for group in order}


def _few(members: list[Earned], say: Say) -> list[Earned]:
    """Those that weigh most by name, in their order."""
    if len(members) <= MOST:
        return members
    heavy = set(sorted(members, key=lambda m: -abs(m.profit))[: MOST - 1])
    rest = [member for member in members if member not in heavy]
    others = say("{n} others").format(n=len(rest))
    kept = [member for member in members if member in heavy]
    return [*kept, Earned(members[0].group, others, sum(member.profit for member in rest))]


def _bar(sheet: Sheet, pane: "Axes", row: int, member: Earned, currency: str) -> None:
    theme, small = sheet.theme, sheet.theme.small
    middle = _TOP + (row + 0.5) * _ROW
    name = sheet.fit(member.name, small, _NAMES - 24, bold=True)
    sheet.write(EDGE, middle, name, small, theme.text, upward="center", bold=True)
    size = abs(member.profit)
    pane.barh(row + 0.5, size, height=0.56, color=theme.towards(member.profit), linewidth=0)
    text = amount(member.profit, currency, signed=True)
    sheet.tag(pane, size, row + 0.5, text, theme.text, upward="center", shift=(14, 0))
