"""The page docs/gallery.md: every chart there is, and every screen that was taken."""

import html
import itertools
from dataclasses import dataclass
from pathlib import Path

from charts.theme import theme
from tests.charts.gallery import PICTURES

WIDE = 860  # pixels of a page
HEAD = """# Gallery

Made by `make pictures` from the product itself. The screens are of a desk on the built-in simulated market, with its
own last 30 days and stricter limits than the defaults. The web chat is photographed as it is; on Telegram and Discord
the messages are as the desk sent them, in a frame drawn like these apps. The pages of
a report are those it sent as PDF. The charts at the end are drawn from made-up numbers, so that each has something to
show.

[README](../README.md) · [한국어](../README.ko.md)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture in docs/pictures, and what somebody who cannot see it should know."""

    name: str
    section: str
    caption: str
    alt: str
    width: int


def draw_charts(folder: Path) -> list[Shot]:
    """One of each chart, as the desk sends it."""
    shots = []
    for title, picture in PICTURES.items():
        heading = title.capitalize()
        png = picture.png(picture.data, title=heading, theme=theme(), **picture.same, **picture.drawn)
        name = "chart-" + title.replace(" ", "-")
        (folder / f"{name}.png").write_bytes(png)
        words = picture.words(picture.data, **picture.same)
        shots.append(Shot(name=name, section="Charts", caption=heading, alt=words, width=420))
    return shots


def page(shots: list[Shot]) -> str:
    """The whole text: a table for each section, in the order they come."""
    sections = [
        f"## {section}\n\n<table>\n{_rows(list(among))}\n</table>\n"
        for section, among in itertools.groupby(shots, lambda shot: shot.section)
    ]
    return "\n".join([HEAD, *sections])


def _rows(shots: list[Shot]) -> str:
    """As many side by side as a page is wide."""
    beside = WIDE // shots[0].width
    return "\n".join(
        "<tr>\n" + "\n".join(map(_cell, shots[first : first + beside])) + "\n</tr>"
        for first in range(0, len(shots), beside)
    )


def _cell(shot: Shot) -> str:
    alt = html.escape(" ".join(shot.alt.split()))
    picture = f'<img src="pictures/{shot.name}.png" width="{shot.width}" alt="{alt}">'
    return f'<td valign="top">{shot.caption}<br>{picture}</td>'
