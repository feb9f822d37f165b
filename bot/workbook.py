"""Spreadsheets: sheets with a head, numbers as numbers, moments as moments; as XLSX or CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

Cell = str | Decimal | float | int | datetime | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so
_WIDEST = 40
_MADE = datetime(2000, 1, 1, tzinfo=UTC)  # the same contents give the same bytes


class Share(float):
    """A number that a workbook shows as per cent: 0.0214 is 2.14%."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of its own. Moments are written in the reader's zone: a workbook's head names it, a CSV's cells do."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    chart: tuple[int, int] | None = None  # a line of this column over that one, beside the table


def can_fill() -> bool:
    """Whether the extra 'reports' is installed."""
    return find_spec("xlsxwriter") is not None


def workbook(sheets: Sequence[Sheet], zone: str) -> bytes:
    """The sheets as one XLSX file. Text is never run as a formula, and never becomes a link."""
    import xlsxwriter  # type: ignore[import-untyped]

    page = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(page, {**options, "strings_to_numbers": False}) as book:
        book.set_properties({"author": "Tradewind", "created": _MADE})
        looks = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "count": book.add_format({"num_format": "#,##0"}),
            "share": book.add_format({"num_format": "0.00%"}),
            "measured": book.add_format({"num_format": "#,##0.00"}),
            "exact": book.add_format({"num_format": "#,##0.00######"}),
        }
        for sheet in sheets:
            _fill(book, sheet, looks, ZoneInfo(zone))
    return page.getvalue()


def _fill(book: Any, sheet: Sheet, looks: dict[str, Any], zone: ZoneInfo) -> None:
    page = book.add_worksheet(sheet.name[:31])
    page.freeze_panes(1, 0)
    heads = _heads(sheet, zone)
    page.write_row(0, 0, heads, looks["head"])
    for number, row in enumerate(sheet.rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                local = cell.astimezone(zone).replace(tzinfo=None, microsecond=0)
                page.write_datetime(number, column, local, looks["time"])
            elif isinstance(cell, str):
                page.write_string(number, column, cell)
            elif cell is not None:
                page.write_number(number, column, float(cell), looks[_look(cell)])
    for column, head in enumerate(heads):
        widest = max([_width(head), *(_width(row[column]) for row in sheet.rows[:200])])
        page.set_column(column, column, min(widest + 3, _WIDEST))
    if sheet.chart is not None and len(sheet.rows) > 1:
        _draw(book, page, sheet, sheet.chart)


def _heads(sheet: Sheet, zone: ZoneInfo) -> list[str]:
    """The head, with the zone where a column holds moments: `Entry (Asia/Seoul)`."""
    moments = {n for row in sheet.rows for n, cell in enumerate(row) if isinstance(cell, datetime)}
    return [f"{head} ({zone.key})" if n in moments else head for n, head in enumerate(sheet.head)]


def _look(number: Decimal | float) -> str:
    if isinstance(number, int):
        return "count"
    return "exact" if isinstance(number, Decimal) else "share" if isinstance(number, Share) else "measured"


def _width(cell: Cell) -> int:
    """In letters; one of Korea takes the room of two."""
    if isinstance(cell, datetime):
        return 19
    if isinstance(cell, Decimal | float):
        return 14
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in str(cell))


def _draw(book: Any, page: Any, sheet: Sheet, columns: tuple[int, int]) -> None:
    over, of = columns
    last = len(sheet.rows)
    chart = book.add_chart({"type": "line"})
    line = [sheet.name, 1, of, last, of]
    chart.add_series({"categories": [sheet.name, 1, over, last, over], "values": line})
    chart.set_legend({"none": True})
    page.insert_chart(1, len(sheet.head) + 1, chart)


def table(sheet: Sheet, zone: str) -> bytes:
    """One sheet as CSV: full digits, moments with their offset, a mark that tells spreadsheets it is UTF-8."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(sheet.head)
    place = ZoneInfo(zone)
    writer.writerows([_plain(cell, place) for cell in row] for row in sheet.rows)
    return b"\xef\xbb\xbf" + page.getvalue().encode()


def _plain(cell: Cell, zone: ZoneInfo) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).astimezone(zone).isoformat(timespec="seconds")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return str(cell)
