"""Spreadsheets opened again: numbers are numbers, moments are in the reader's zone, and nothing runs."""

import csv
import io
from datetime import datetime
from decimal import Decimal

from openpyxl import load_workbook

from bot.workbook import Share, Sheet, table, workbook
from tests.builders import at

SHEET = Sheet(
    "Trades",
    ("Symbol", "Profit", "When"),
    [("BTC/USDT", Decimal("12.5"), at(1)), ('=HYPERLINK("x")', Decimal("-3"), at(2)), ("ETH", None, at(3))],
    chart=(2, 1),
)


def test_numbers_and_moments_come_back_as_they_were():
    book = load_workbook(io.BytesIO(workbook([SHEET], "Asia/Seoul")))

    rows = list(book["Trades"].iter_rows(values_only=True))
    assert rows[0] == ("Symbol", "Profit", "When (Asia/Seoul)")
    assert rows[1] == ("BTC/USDT", 12.5, datetime(2024, 1, 1, 10))
    assert rows[3] == ("ETH", None, datetime(2024, 1, 1, 12))


def test_text_is_never_a_formula():
    book = load_workbook(io.BytesIO(workbook([SHEET], "UTC")))

    cell = book["Trades"]["A3"]
    assert (cell.value, cell.data_type) == ('=HYPERLINK("x")', "s")


def test_a_csv_has_full_digits_offsets_and_no_formulas():
    page = table(
        Sheet("S", ("a", "b", "c"), [("=1+1", Decimal("0.00000001"), at(0)), ("x", Decimal("-2"), None)]),
        "Asia/Seoul",
    )

    rows = list(csv.reader(io.StringIO(page.decode("utf-8-sig"))))
    assert rows[1] == ["'=1+1", "0.00000001", "2024-01-01T09:00:00+09:00"]
    assert rows[2] == ["x", "-2", ""]


def test_the_same_sheets_are_the_same_bytes():
    assert workbook([SHEET], "UTC") == workbook([SHEET], "UTC")


def test_shares_are_per_cent_counts_are_whole_and_money_has_all_its_digits():
    rows = [(Share(0.0214), 12, Decimal("0.00000001"), 10_002.561887)]

    page = load_workbook(io.BytesIO(workbook([Sheet("S", ("a", "b", "c", "d"), rows)], "UTC")))["S"]

    assert [cell.number_format for cell in page[2]] == ["0.00%", "#,##0", "#,##0.00######", "#,##0.00"]
    assert [cell.value for cell in page[2]] == [0.0214, 12, 1e-8, 10_002.561887]


def test_a_korean_column_is_wide_enough_for_its_head():
    sheet = Sheet("S", ("미실현 손익", "Open profit"), [(1, 1)])

    page = load_workbook(io.BytesIO(workbook([sheet], "UTC")))["S"]

    assert page.column_dimensions["A"].width >= 2 * len("미실현손익") + 1
