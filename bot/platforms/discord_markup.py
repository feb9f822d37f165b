"""A Reply drawn for Discord: embeds, buttons and attachments, always within Discord's limits."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.platforms.discord_commands import shortened
from bot.reply import Button, Reply, Row, Tone

# Discord's limits
TITLE = 256
DESCRIPTION = 4096
AUTHOR = 256
LABEL = 80
ALT = 1024
BUTTONS_IN_ROW = 5
ROWS_OF_BUTTONS = 5
ATTACHMENTS = 10  # and embeds
BYTES = 10 * 1024 * 1024  # of one upload, for a server without boosts

# ours, below them: title, author and footer share 6000 characters with the description
PAGE = 4000
FOOTER = 500
PIECE = PAGE // 2  # escaping doubles a text at worst
PAGES = 3  # a longer text is a file with a summary
SUMMARY = 1500

_SIGNS = {Tone.PLAIN: "", Tone.GOOD: "✅ ", Tone.WARNING: "⚠️ ", Tone.DANGER: "⛔ "}
_COLOURS = {Tone.PLAIN: 0x64748B, Tone.GOOD: 0x2F9E6E, Tone.WARNING: 0xE0A030, Tone.DANGER: 0xD0453F}
_MARKS = re.compile(r"([\\*_~`|<\[\]])")
_LINE_STARTS = re.compile(r"^([^\S\n]*)(#{1,3}|-#|[-+]|>{1,3})(?=\s|$)", re.MULTILINE)
_NUMBERED = re.compile(r"^([^\S\n]*\d+)\.(?=\s)", re.MULTILINE)

Say = Callable[..., str]


def escape(text: str) -> str:
    """The same text as Discord shows it: no markup, no link with another name, no mention comes through."""
    text = _MARKS.sub(r"\\\1", text)
    text = _LINE_STARTS.sub(r"\1\\\2", text)
    text = _NUMBERED.sub(r"\1\\.", text)
    return discord.utils.escape_mentions(text)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to upload. `picture` ones are shown in an embed; `alt` describes them in words."""

    name: str
    content: bytes
    alt: str = ""
    picture: bool = False

    def upload(self) -> discord.File:
        return discord.File(io.BytesIO(self.content), self.name, description=self.alt[:ALT] or None)


@dataclass(frozen=True, slots=True)
class Card:
    """One Discord message."""

    embeds: tuple[discord.Embed, ...]
    attachments: tuple[Attachment, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()

    def fresh(self) -> dict[str, Any]:
        """Arguments that send it as a new message."""
        words: dict[str, Any] = {"embeds": list(self.embeds)}
        if self.attachments:
            words["files"] = [a.upload() for a in self.attachments]
        if self.buttons:
            words["view"] = _view(self.buttons)
        return words

    def instead(self) -> dict[str, Any]:
        """Arguments that put it in the place of another message: nothing of the other remains."""
        return {
            "content": None,
            "embeds": list(self.embeds),
            "attachments": [a.upload() for a in self.attachments],
            "view": _view(self.buttons) if self.buttons else None,
        }


def draw(reply: Reply, say: Say) -> list[Card]:
    """The messages that show a reply, at least one; split between lines and rows, never inside a word."""
    uploads, refused = _uploads(reply)
    buttons, typed = _buttons(reply)
    blocks = _blocks(reply) + [
        escape(say("{name} is larger than the 10 MB Discord takes, so it is missing here.", name=name))
        for name in refused
    ]
    pages = _pack(blocks + typed, PAGE)
    if len(pages) > PAGES:
        uploads.append(Attachment("answer.txt", _plain(reply).encode()))
        pages = [_summary(blocks, say)]
    embeds = [_embed(reply, page, number, len(pages)) for number, page in enumerate(pages, 1)]
    if reply.footer:
        embeds[-1].set_footer(text=shortened(reply.footer, FOOTER))
    loads = _loads(uploads)
    cards = [Card((embed,)) for embed in embeds[:-1]]
    cards.append(Card(_illustrated(embeds[-1], loads[0], reply), tuple(loads[0])))
    cards += [Card(_pictures(load, reply), tuple(load)) for load in loads[1:]]
    cards[-1] = Card(cards[-1].embeds, cards[-1].attachments, buttons)
    return cards


# --- text -----------------------------------------------------------------------------------------------


def _embed(reply: Reply, page: str, number: int, pages: int) -> discord.Embed:
    embed = discord.Embed(colour=_COLOURS[reply.tone], description=page or None)
    if number == 1:
        embed.title = _title(reply)
    header = " · ".join(filter(None, (reply.header, f"{number}/{pages}" if pages > 1 else "")))
    if header:
        embed.set_author(name=shortened(header, AUTHOR))
    return embed


def _title(reply: Reply) -> str:
    sign = _SIGNS[reply.tone]
    raw = _one_line(reply.title)
    shown = escape(raw)
    while len(sign + shown) > TITLE:
        raw = shortened(raw, max(1, len(raw) - (len(sign + shown) - TITLE)))
        shown = escape(raw)
    return sign + shown


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _blocks(reply: Reply) -> list[str]:
    """What must stay together: a line of text, or a row with its detail."""
    blocks: list[str] = []
    if len(_SIGNS[reply.tone] + escape(_one_line(reply.title))) > TITLE:
        blocks += _pieces(_one_line(reply.title))
    if reply.progress is not None:
        share = min(max(reply.progress, 0.0), 1.0)
        done = round(share * 10)
        blocks.append("▰" * done + "▱" * (10 - done) + f" {share:.0%}")
    for line in reply.text.splitlines():
        blocks += _pieces(line)
    if blocks and reply.rows:
        blocks.append("")
    for row in reply.rows:
        blocks += _row(row)
    return blocks


def _row(row: Row) -> list[str]:
    label, value = escape(_one_line(row.label)), escape(_one_line(row.value))
    lines = [" ".join(filter(None, (f"**{label}**" if label else "", value)))]
    lines += [f"-# {escape(_one_line(line))}" for line in row.detail.splitlines() if line.strip()]
    block = "\n".join(filter(None, lines))
    if len(block) <= PIECE:
        return [block]
    return [piece for text in (f"{row.label} {row.value}", row.detail) for piece in _pieces(_one_line(text))]


def _pieces(line: str) -> list[str]:
    """A line, escaped; a very long one in several, cut at words."""
    pieces = []
    while len(line) > PIECE:
        head, space, _ = line[:PIECE].rpartition(" ")
        head = head if space and head.strip() else line[:PIECE]
        pieces.append(escape(head))
        line = line[len(head) :].lstrip()
    return [*pieces, escape(line)]


def _pack(blocks: Sequence[str], limit: int) -> list[str]:
    pages, page = [], ""
    for block in blocks:
        longer = f"{page}\n{block}" if page else block
        if len(longer) > limit and page:
            pages.append(page.rstrip())
            longer = block
        page = longer
    return [*pages, page.rstrip()]


def _summary(blocks: Sequence[str], say: Say) -> str:
    first = _pack(blocks, SUMMARY)[0][:DESCRIPTION]
    return first + "\n\n" + escape(say("The whole answer is in the file below."))


def _plain(reply: Reply) -> str:
    rows = [
        "\n".join([" ".join(filter(None, (r.label, r.value))), *(f"    {d}" for d in r.detail.splitlines())])
        for r in reply.rows
    ]
    return "\n".join(filter(None, (reply.header, reply.title, reply.text, *rows, reply.footer))) + "\n"


# --- buttons --------------------------------------------------------------------------------------------


def _buttons(reply: Reply) -> tuple[tuple[tuple[Button, ...], ...], list[str]]:
    """Rows of buttons, and lines for those that Discord has no room for: what a button does can be typed.

    Discord refuses two buttons that carry the same; the first of them stays.
    """
    first = {button.command: button for row in reversed(reply.buttons) for button in reversed(row)}
    rows = [tuple(b for b in row if first[b.command] is b) for row in reply.buttons]
    rows = [row for row in rows if row]
    if len(rows) > ROWS_OF_BUTTONS or any(len(row) > BUTTONS_IN_ROW for row in rows):
        flat = [button for row in rows for button in row]
        rows = [tuple(flat[i : i + BUTTONS_IN_ROW]) for i in range(0, len(flat), BUTTONS_IN_ROW)]
    left = [button for row in rows[ROWS_OF_BUTTONS:] for button in row]
    return tuple(rows[:ROWS_OF_BUTTONS]), [escape(f"{b.label}: {b.command}") for b in left]


def _view(rows: Sequence[Sequence[Button]]) -> discord.ui.View:
    """Buttons that carry their command line. Nothing is kept for them, so they work after a restart."""
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for button in row:
            style = discord.ButtonStyle.danger if button.danger else discord.ButtonStyle.secondary
            label = shortened(button.label.strip() or button.command, LABEL)
            view.add_item(discord.ui.Button(style=style, label=label, custom_id=button.command, row=number))
    view.stop()  # otherwise the library would remember it for ever
    return view


# --- pictures and files ---------------------------------------------------------------------------------


def _uploads(reply: Reply) -> tuple[list[Attachment], list[str]]:
    pictures = [Attachment(image.name, image.png, image.alt, picture=True) for image in reply.images]
    files = [Attachment(file.name, file.content) for file in reply.files]
    taken: set[str] = set()
    uploads, refused = [], []
    for upload in pictures + files:
        if len(upload.content) > BYTES:
            refused.append(upload.name)
            continue
        name = _file_name(upload.name, taken)
        uploads.append(Attachment(name, upload.content, upload.alt, upload.picture))
    return uploads, refused


def _file_name(name: str, taken: set[str]) -> str:
    """A name that embeds can point to: ASCII, no blanks, used once."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[-80:] or "file"
    unique, number = safe, 2
    while unique.lower() in taken:
        unique, number = f"{number}-{safe}", number + 1
    taken.add(unique.lower())
    return unique


def _loads(uploads: Sequence[Attachment]) -> list[list[Attachment]]:
    """What fits into one message each."""
    loads: list[list[Attachment]] = [[]]
    for upload in uploads:
        size = sum(len(a.content) for a in loads[-1]) + len(upload.content)
        if len(loads[-1]) == ATTACHMENTS or size > BYTES:
            loads.append([])
        loads[-1].append(upload)
    return loads


def _illustrated(embed: discord.Embed, load: Sequence[Attachment], reply: Reply) -> tuple[discord.Embed, ...]:
    first, *others = _pictures(load, reply) or (None,)
    if first is None:
        return (embed,)
    embed.set_image(url=first.image.url)
    return (embed, *(o for o in others if o))


def _pictures(load: Sequence[Attachment], reply: Reply) -> tuple[discord.Embed, ...]:
    colour = _COLOURS[reply.tone]
    return tuple(
        discord.Embed(colour=colour).set_image(url=f"attachment://{a.name}") for a in load if a.picture
    )
