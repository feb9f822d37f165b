"""Report pages as PDF: what mattered in words, numbers in tables, and the pictures, on A4."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

from charts.format import Say, plain
from charts.theme import Theme, theme

if TYPE_CHECKING:
    from charts.pdf_fonts import Letters

_EDGE = 42.0  # points
_PICTURE, _LATER = 0.78, 0.58  # of the page's width: the first two fill a page, three of the others do
_WITH_HEAD = 90.0  # points that a table's heading wants below it; the rest of the table may go on overleaf
_MOST_ROWS = 400  # of one table; more is what the workbook is for


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and its lines: what it is, how much, and a remark."""

    title: str
    rows: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture and what it shows in words."""

    png: bytes
    alt: str


def can_print() -> bool:
    """Whether the extra 'reports' is installed."""
    return find_spec("reportlab") is not None


def report_pdf(
    *,
    title: str,
    subtitle: str,
    lines: Sequence[str],
    chapters: Sequence[Chapter],
    plates: Sequence[Plate],
    appendix: Sequence[Chapter] = (),
    look: Theme | None = None,
    say: Say = plain,
) -> bytes:
    """The pages, numbered; pictures stand before the appendix. Letters that no font has are left out.

    The same contents give the same bytes.
    """
    from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
    from reportlab.platypus import SimpleDocTemplate  # type: ignore[import-untyped]

    from charts.pdf_fonts import Letters

    paper = look or theme("light")
    numbered = say("page {n}")
    texts = [title, subtitle, *lines, numbered, *(plate.alt for plate in plates)]
    texts += [
        text
        for chapter in (*chapters, *appendix)
        for row in (*chapter.rows, (chapter.title,))
        for text in row
    ]
    letters = Letters(texts)
    page = BytesIO()
    document = SimpleDocTemplate(
        page,
        pagesize=A4,
        leftMargin=_EDGE,
        rightMargin=_EDGE,
        topMargin=_EDGE,
        bottomMargin=_EDGE + 12,
        title=title,
        author="Tradewind",
        subject=subtitle,
        invariant=1,
    )
    story = _story(letters, paper, document.width - 12, title, subtitle, lines, chapters, plates, appendix)

    def foot(canvas: Any, doc: Any) -> None:
        canvas.setFont("Body", 8)
        canvas.setFillColor(paper.muted)
        canvas.drawString(_EDGE + 6, _EDGE - 8, letters.plain(subtitle))
        canvas.drawRightString(A4[0] - _EDGE - 6, _EDGE - 8, letters.plain(numbered.format(n=doc.page)))

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return page.getvalue()


def _story(
    letters: "Letters",
    paper: Theme,
    width: float,
    title: str,
    subtitle: str,
    lines: Sequence[str],
    chapters: Sequence[Chapter],
    plates: Sequence[Plate],
    appendix: Sequence[Chapter],
) -> list[Any]:
    from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
    from reportlab.platypus import CondPageBreak, Image, KeepTogether, Paragraph, Spacer

    style = ParagraphStyle(
        "body", fontName="Body", fontSize=10, leading=15, textColor=paper.text, wordWrap="CJK"
    )
    small = ParagraphStyle("small", style, fontSize=8.5, leading=12, textColor=paper.muted)
    large = ParagraphStyle("large", style, fontSize=19, leading=25)
    heading = ParagraphStyle("heading", style, fontSize=12.5, leading=17, spaceBefore=12, spaceAfter=4)
    story: list[Any] = [Paragraph(letters.marked(title), large), Paragraph(letters.marked(subtitle), small)]
    story.append(Spacer(1, 8))
    story += [Paragraph(letters.marked(line), style) for line in lines]

    def written(chapter: Chapter) -> list[Any]:
        if not chapter.rows:
            return []
        rows = chapter.rows[:_MOST_ROWS]
        head = Paragraph(letters.marked(chapter.title), heading)
        return [CondPageBreak(_WITH_HEAD), head, _table(letters, rows, width, style, small, paper)]

    story += [part for chapter in chapters for part in written(chapter)]
    for place, plate in enumerate(plates):
        picture = Image(BytesIO(plate.png))
        picture.drawWidth = width * (_PICTURE if place < 2 else _LATER)
        picture.drawHeight = picture.imageHeight * picture.drawWidth / picture.imageWidth
        story.append(KeepTogether([Spacer(1, 12), picture, Paragraph(letters.marked(plate.alt), small)]))
    return story + [part for chapter in appendix for part in written(chapter)]


def _table(
    letters: "Letters",
    rows: Sequence[tuple[str, str, str]],
    width: float,
    style: Any,
    small: Any,
    paper: Theme,
) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Table

    right = ParagraphStyle("right", style, alignment=2)
    cells = [
        [
            Paragraph(letters.marked(label), style),
            Paragraph(letters.marked(value), right),
            Paragraph(letters.marked(detail), small),
        ]
        for label, value, detail in rows
    ]
    lines = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, paper.grid),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    return Table(cells, colWidths=[width * 0.24, width * 0.38, width * 0.38], style=lines)
