"""The fonts of the pictures, made fit for PDF pages: only the letters that are used, as outlines a page can hold."""

from collections.abc import Iterable
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from charts import fonts

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

_TABLES = ["glyf", "head", "hhea", "hmtx", "maxp", "cmap", "name", "OS/2", "post", "loca", "CFF "]
_EXACT = 1.0  # how far, in a thousandth of the letter's height, a curve may be from the original


class Letters:
    """Everything that will be written, registered with reportlab as `Body` and, for rare signs, `Signs`."""

    def __init__(self, texts: Iterable[str]) -> None:
        wanted = {ord(letter) for text in texts for letter in text} | set(range(32, 127))
        self._names: dict[int, str] = {}
        for name, family in zip(("Body", "Signs"), fonts.stack(), strict=False):
            found = _register(name, family, wanted - self._names.keys(), whole=name == "Body")
            self._names |= dict.fromkeys(found - self._names.keys(), name)

    def plain(self, text: str) -> str:
        """What of the text can be written in `Body` alone."""
        return " ".join("".join(c for c in text if self._names.get(ord(c)) == "Body").split())

    def marked(self, text: str) -> str:
        """The text as reportlab's paragraphs want it; signs that no installed font has are left out."""
        pieces: list[tuple[str, str]] = []
        for letter in " ".join(text.split()):
            name = self._names.get(ord(letter))
            if name is None:
                continue
            if pieces and pieces[-1][0] == name:
                pieces[-1] = name, pieces[-1][1] + letter
            else:
                pieces.append((name, letter))
        return "".join(
            escape(part) if name == "Body" else f'<font name="{name}">{escape(part)}</font>'
            for name, part in pieces
        )


def _register(name: str, family: str, wanted: set[int], *, whole: bool) -> set[int]:
    """Make these letters of a family known to reportlab under this name; returns those that it has."""
    from fontTools.ttLib import TTFont as Face
    from matplotlib.font_manager import FontProperties, fontManager
    from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
    from reportlab.pdfbase.ttfonts import TTFont as Page  # type: ignore[import-untyped]

    path = fontManager.findfont(FontProperties(family=family))
    with Face(str(path), fontNumber=getattr(path, "face_index", 0), lazy=True, recalcTimestamp=False) as face:
        has: set[int] = wanted & face.getBestCmap().keys()
        if has or whole:
            letters = Page(name, BytesIO(_cut(face, has)))
            if name in pdfmetrics.getRegisteredFontNames():  # a name is never registered twice
                pdfmetrics.getFont(name).face = letters.face
            else:
                pdfmetrics.registerFont(letters)
    return has


def _cut(face: "TTFont", letters: set[int]) -> bytes:
    """A font file with nothing but these letters, its outlines those of TrueType."""
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]

    options = Options()
    options.layout_features, options.hinting, options.name_IDs = [], False, ["*"]
    options.drop_tables = [tag for tag in face.keys() if tag not in (*_TABLES, "GlyphOrder")]  # noqa: SIM118
    options.notdef_outline = True
    cutter = Subsetter(options)
    cutter.populate(unicodes=letters)
    cutter.subset(face)
    if "CFF " in face:
        _as_truetype(face)
    page = BytesIO()
    face.save(page)
    return page.getvalue()


def _as_truetype(face: "TTFont") -> None:
    """Cubic curves to quadratic ones: the only ones that TrueType knows."""
    from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
    from fontTools.ttLib import newTable

    order, drawn, shapes = face.getGlyphOrder(), face.getGlyphSet(), {}
    for glyph in order:
        pen = TTGlyphPen(drawn)
        drawn[glyph].draw(Cu2QuPen(pen, _EXACT, reverse_direction=True))
        shapes[glyph] = pen.glyph()
    outlines: Any = newTable("glyf")
    outlines.glyphOrder, outlines.glyphs = order, shapes
    face["loca"], face["glyf"] = newTable("loca"), outlines
    del face["CFF "]
    limits: Any = face["maxp"]
    limits.tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"):
        setattr(limits, field, 0)
    for field in ("maxStackElements", "maxSizeOfInstructions", "maxComponentElements"):
        setattr(limits, field, 0)
    names: Any = face["post"]
    names.formatType, names.glyphOrder, names.extraNames, names.mapping = 3.0, None, [], {}
    face.sfntVersion = "\x00\x01\x00\x00"
