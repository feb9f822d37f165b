"""What bad days would cost: a bar for each, the worst first, and where the account would stop by itself.

Of one day alone: a bar for the whole of it, and one for each market.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from charts.format import Say, percent, plain
from charts.render import png
from charts.sheet import EDGE, HEAD, Sheet, empty_figure
from charts.theme import WIDTH, Theme
from trading.domain.portfolio import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 92
_TOP = HEAD + 30
_NAMES = 330  # pixels of the column of names
_NUMBER = 200  # pixels kept free for the number at a bar's end
MOST = 8


def stress_chart(
    outcomes: Sequence[Outcome], *, title: str, room: float, theme: Theme, say: Say = plain
) -> bytes:
    """The PNG of `stress_figure`."""
    return png(stress_figure(outcomes, title=title, room=room, theme=theme, say=say))


def stress_figure(
    outcomes: Sequence[Outcome], *, title: str, room: float, theme: Theme, say: Say = plain
) -> "Figure":
    """Each day's loss as a share of the equity; a line where `room`, all that the drawdown limit leaves, is lost."""
    if not outcomes:
        return empty_figure(title, theme=theme, say=say, name="Stress")
    shown = _rows(outcomes)
    words = "on the worst of these days" if len(outcomes) > 1 else "on this day"
    bottom = _TOP + _ROW * len(shown)
    sheet = Sheet(theme, bottom + 150, say)
    worst = shown[0]
    parts = [
        sheet.part(percent(-worst.share), theme.towards(-worst.share), size=theme.hero, bold=True),
        sheet.part(sheet.say(words), theme.muted),
    ]
    sheet.head(title, parts, name="Stress")
    pane = sheet.pane(EDGE + _NAMES, _TOP, WIDTH - EDGE, bottom)
    far = max(max(abs(o.share) for o in shown), room if room < 1 else 0.0, 0.01)
    wide = WIDTH - 2 * EDGE - _NAMES
    pane.set_xlim(0, far * wide / (wide - _NUMBER))
    pane.set_ylim(len(shown), 0)
    for row, outcome in enumerate(shown):
        _bar(sheet, pane, row, outcome)
    if room < 1:
        pane.axvline(room, color=theme.warn, linewidth=3, dashes=(4, 3))
        sheet.foot(
            sheet.say("dashed: {room} more and the drawdown limit sells everything").format(
                room=percent(room, signed=False)
            )
        )
    return sheet.figure


def alt_text(outcomes: Sequence[Outcome], *, room: float, say: Say = plain) -> str:
    """The picture in words, with the same numbers."""
    if not outcomes:
        return say("Nothing is held that could fall yet.")
    listed = ", ".join(f"{row.name} {percent(-row.share)}" for row in _rows(outcomes))
    return say("Without any stop on the way down: {list}.").format(list=listed)


def _rows(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The worst first; one day alone is followed by what each market does to it."""
    if len(outcomes) > 1:
        return sorted(outcomes, key=lambda o: -o.share)[:MOST]
    day = outcomes[0]
    parts = [replace(day, name=hit.symbol.partition("/")[0], hits=(hit,)) for hit in day.hits]
    return [day, *parts][:MOST]


def _bar(sheet: Sheet, pane: "Axes", row: int, outcome: Outcome) -> None:
    theme, small, lost = sheet.theme, sheet.theme.small, outcome.share
    middle = _TOP + (row + 0.5) * _ROW
    sheet.write(
        EDGE,
        middle,
        sheet.fit(outcome.name, small, _NAMES - 24, bold=True),
        small,
        theme.text,
        upward="center",
        bold=True,
    )
    pane.barh(row + 0.5, abs(lost), height=0.56, color=theme.towards(-lost), linewidth=0)
    sheet.tag(
        pane,
        abs(lost),
        row + 0.5,
        percent(-lost),
        theme.text,
        across="left",
        upward="center",
        shift=(14, 0),
        bbox={
            "facecolor": theme.background,
            "edgecolor": "none",
            "pad": 4.0,
        },  # the dashed line ends before it
    )
