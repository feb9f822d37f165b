"""Lays a Reply out as Telegram shows it: HTML pages inside the limits, a caption, a keyboard."""

import html
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from bot.reply import Button, File, Image, Reply, Row, Tone

TEXT_LIMIT = 4096  # visible UTF-16 units in a message
CAPTION_LIMIT = 1024  # and under a picture
ENTITY_LIMIT = 100  # formatted stretches in one message; Telegram drops the rest without a word
MOST_PAGES = 3  # a longer answer becomes a file with a summary
SUMMARY_LINES = 5
LONGEST_ALT = 400  # of what a picture shows, in a caption

SIGNS = {Tone.PLAIN: "", Tone.GOOD: "✅ ", Tone.WARNING: "⚠️ ", Tone.DANGER: "🛑 "}

_PAGE_NUMBER = 10  # room for " · 12/34"
_LONGEST_HEADER = 200
_BAR = 10  # steps of a progress bar
# Control characters, and the marks that turn the reading direction: a hostile name could hide text with them.
_UNSEEN = dict.fromkeys([*range(9), *range(11, 32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A reply, ready to send: an only picture with its caption, pages, several pictures as albums, files."""

    caption: str  # HTML under the only picture, else empty
    pages: tuple[str, ...]  # HTML messages
    images: tuple[Image, ...]
    files: tuple[File, ...]
    keyboard: InlineKeyboardMarkup | None  # belongs to the last page, or to the picture when there is no page


def escape(text: str) -> str:
    """Any text as HTML that shows exactly this text; whatever people or exchanges wrote passes here."""
    return html.escape(_printable(text), quote=False)


def plain(markup: str) -> str:
    """What a reader sees of our own HTML."""
    return html.unescape(_TAG.sub("", markup))


def width(text: str) -> int:
    """Length as Telegram counts it: UTF-16 units, so most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """Printable text within the limit, with a sign where the rest would be."""
    text = _printable(text)
    return text if width(text) <= limit else _cut(text, limit - 1)[0] + "…"


def lay_out(reply: Reply) -> Sheet:
    """The whole reply inside Telegram's limits; nothing is lost, at worst it moves into a text file."""
    blocks, header = list(_blocks(reply)), shorten(reply.header, _LONGEST_HEADER)
    caption, files = "", reply.files
    if len(reply.images) == 1:
        alt = reply.images[0].alt
        caption, blocks = _caption(blocks, header, "" if alt in reply.text else alt)
    pages = _with_headers(_paginate(blocks, _room(header)), header)
    if len(pages) > MOST_PAGES:
        whole = _document(reply)
        pages, files = [_summary(reply, header, whole)], (*files, whole)
    return Sheet(
        caption=caption,
        pages=tuple(pages),
        images=reply.images,
        files=files,
        keyboard=_keyboard(reply.buttons),
    )


# --- what a reply consists of -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Block:
    """What stays together on a page: stretches of (text, tag), and whether a blank line comes before."""

    spans: tuple[tuple[str, str], ...]
    gap: bool = False

    @property
    def width(self) -> int:
        return sum(width(text) for text, _ in self.spans)

    @property
    def tags(self) -> int:
        return sum(1 for _, tag in self.spans if tag)

    @property
    def html(self) -> str:
        return "".join(f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text) for text, tag in self.spans)

    def split(self, limit: int) -> "tuple[_Block, _Block]":
        """As much as fits into `limit`, and the rest; tags are closed and opened again by themselves."""
        head: list[tuple[str, str]] = []
        spans = deque(self.spans)
        while spans and (size := width(spans[0][0])) <= limit:
            limit -= size
            head.append(spans.popleft())
        if spans:
            text, tag = spans.popleft()
            first, rest = _cut(text, limit)
            head.append((first, tag))
            spans.appendleft((rest, tag))
        return _Block(tuple(head), self.gap), _Block(tuple(spans))


def _blocks(reply: Reply) -> Iterator[_Block]:
    yield _Block(((SIGNS[reply.tone], ""), (_printable(reply.title), "b")))
    if reply.progress is not None:
        yield _Block(((_bar(reply.progress), ""),))
    for place, line in enumerate(_printable(reply.text).rstrip().split("\n") if reply.text.strip() else ()):
        yield _Block(((line, ""),), gap=place == 0)
    for place, row in enumerate(reply.rows):
        yield _Block(_row(row), gap=place == 0)
    if reply.footer:
        yield _Block(((_printable(reply.footer), "i"),), gap=True)


def _row(row: Row) -> tuple[tuple[str, str], ...]:
    spans = [(f"• {_printable(row.label)}", "")]
    if row.value:
        spans += [("  ", ""), (_printable(row.value), "b")]
    if row.detail:
        spans += [("\n   ", ""), (_printable(row.detail), "i")]
    return tuple(spans)


def _bar(progress: float) -> str:
    share = min(max(progress, 0.0), 1.0)
    done = int(share * _BAR)
    return f"{'▰' * done}{'▱' * (_BAR - done)} {share:.0%}"


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_UNSEEN)


def _keyboard(rows: Iterable[Iterable[Button]]) -> InlineKeyboardMarkup | None:
    keys = [[_key(button) for button in row] for row in rows]
    return InlineKeyboardMarkup(keys) if keys else None


def _key(button: Button) -> InlineKeyboardButton:
    style = KeyboardButtonStyle.DANGER if button.danger else None
    return InlineKeyboardButton(button.label, callback_data=button.command, style=style)


# --- cutting it to size -----------------------------------------------------------------------------------


def _room(header: str) -> int:
    return TEXT_LIMIT - width(header) - _PAGE_NUMBER


def _paginate(blocks: list[_Block], limit: int, most: int | None = None) -> list[list[_Block]]:
    """Blocks onto pages, cutting none but those that take half a page.

    `most` pages, the last unbounded; without it, no more pages than it takes to see that they are too many.
    """
    pages: list[list[_Block]] = [[]]
    queue, used, tags = deque(blocks), 0, 0
    while queue and len(pages) <= MOST_PAGES + 1:
        block = queue.popleft()
        size = block.width + (0 if not pages[-1] else 2 if block.gap else 1)
        if most == len(pages) or (used + size <= limit and tags + block.tags <= ENTITY_LIMIT):
            pages[-1].append(block)
            used, tags = used + size, tags + block.tags
            continue
        free = limit - used - (size - block.width)
        if not pages[-1] or (block.width > limit // 2 and free > limit // 4):
            first, rest = block.split(free)
            pages[-1].append(first)
            queue.appendleft(rest)
        else:
            queue.appendleft(block)
        pages.append([])
        used, tags = 0, 0
    return [page for page in pages if page]


def _joined(page: list[_Block]) -> str:
    text = page[0].html if page else ""
    for block in page[1:]:
        text += ("\n\n" if block.gap else "\n") + block.html
    return text.strip("\n")


def _with_headers(pages: list[list[_Block]], header: str) -> list[str]:
    """Every message names mode and account, and which page of how many it is."""
    texts = []
    for number, page in enumerate(pages, 1):
        marks = [escape(header)] if header else []
        if len(pages) > 1:
            marks.append(f"{number}/{len(pages)}")
        top = " · ".join(marks)
        texts.append(f"{top}\n{_joined(page)}" if top else _joined(page))
    return texts


def _caption(blocks: list[_Block], header: str, alt: str) -> tuple[str, list[_Block]]:
    """The text that fits under a picture, what the picture shows at its tail; and the blocks left over."""
    words = escape(shorten(alt, LONGEST_ALT))
    tail = f"\n\n<i>🖼 {words}</i>" if words else ""
    limit = CAPTION_LIMIT - width(header) - 1 - width(plain(tail))
    first, *rest = _paginate(blocks, limit, most=2)
    text = _joined(first) + tail
    return (f"{escape(header)}\n{text}" if header else text), rest[0] if rest else []


def _cut(text: str, limit: int) -> tuple[str, str]:
    """Split at the last line end or space that fits, else mid-word; never inside a character."""
    if width(text) <= limit:
        return text, ""
    units = text[:limit].encode("utf-16-le", "surrogatepass")[: 2 * limit]
    end = len(units.decode("utf-16-le", "ignore"))  # half a character at the end is left for the rest
    soft = max(text.rfind("\n", end * 3 // 4, end), text.rfind(" ", end * 3 // 4, end))
    if soft > 0:
        return text[:soft], text[soft + 1 :]
    return text[:end], text[end:]


# --- answers that are too long for a chat -----------------------------------------------------------------


def _document(reply: Reply) -> File:
    words = re.sub(r"[^a-z0-9]+", "-", reply.title.lower()).strip("-")[:40]
    lines = [reply.header] if reply.header else []
    lines += [plain(("\n" if block.gap else "") + block.html) for block in _blocks(reply)]
    return File(f"{words or 'answer'}.txt", "\n".join(lines).encode())


def _summary(reply: Reply, header: str, whole: File) -> str:
    """The first five lines, and where the rest is."""
    shown: list[_Block] = []
    for block in _blocks(reply):
        if sum(1 + above.html.count("\n") for above in shown) < SUMMARY_LINES and plain(block.html).strip():
            shown.append(block.split(200)[0])
    shown.append(_Block(((f"📄 {whole.name}", ""),), gap=True))
    return _with_headers([shown], header)[0]
