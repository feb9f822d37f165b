"""What a command answers: plain data that every platform can show in its own way."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LONGEST_COMMAND = 64  # bytes; Telegram's limit for what a button may carry (Discord allows 100)


class Tone(StrEnum):
    """How a reply feels. Platforms show it as a colour *and* a word or sign, never by colour alone."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A button is a command line somebody has already typed for you; it is checked under the presser's role."""

    label: str
    command: str
    danger: bool = False

    def __post_init__(self) -> None:
        size = len(self.command.encode())
        if not self.command.startswith("/") or size > LONGEST_COMMAND:
            raise ValueError(
                f"a button carries a command line of at most 64 bytes; found {size}: {self.command!r}"
            )


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a list: `label   value` on the first line, muted `detail` under it."""

    label: str
    value: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. `alt` says in words what it shows, for screen readers and for platforms without pictures."""

    png: bytes
    name: str
    alt: str


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Shown in this order: header, title, text, rows, images, files, buttons, footer.

    title:  one line, the verdict; readable in a lock-screen preview.
    text:   plain text, may have several lines; no markup (platforms escape everything).
    rows:   list items, at most a page of them.
    data:   the same facts for programs; what `--json` and the API answer (dataclasses, Decimal and
            datetime are turned into JSON by bot/web/json).
    header: mode and account; the dispatcher writes it, commands leave it empty.
    progress: 0 ... 1 while the work goes on and more replies follow; None for an answer.
    failed: the command refused or failed: exit code 1 in the terminal.
    stays: it keeps itself up to date, so the page of our own chat leaves it in sight.
    once: it holds a secret, so a chat of ours shows it and does not keep it.
    """

    title: str
    text: str = ""
    rows: tuple[Row, ...] = ()
    images: tuple[Image, ...] = ()
    files: tuple[File, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()  # rows of buttons, 1-3 in each
    data: Any = None
    tone: Tone = Tone.PLAIN
    header: str = ""
    footer: str = ""
    progress: float | None = None
    failed: bool = False
    stays: bool = False
    once: bool = False
    private: bool = field(default=True)  # Discord: show to the asker only
    unsay: bool = False  # the asker's own message holds a secret: it is deleted where the platform allows
