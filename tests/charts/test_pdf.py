"""Pages opened again: the words are there in both languages, the pictures too, and markup is only text."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from charts import fonts
from charts.equity import equity_chart
from charts.pdf import Chapter, Plate, report_pdf
from charts.theme import theme
from tests.bot.web.desk import a_picture
from tests.charts.gallery import ZONE, points


def pages(**changes):
    words = {
        "title": "2024-W31: +0.94%, +93.94 USDT",
        "subtitle": "PAPER · main",
        "lines": ["Best day 2024-08-04."],
        "chapters": [Chapter("Strategies", [("rsi", "+99.42 USDT", "6 trades")])],
        "plates": [],
    }
    return PdfReader(BytesIO(report_pdf(**words | changes)))


def text(reader: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in reader.pages)


def test_every_number_and_word_can_be_read_again():
    said = text(pages())

    for part in ("2024-W31: +0.94%, +93.94 USDT", "Best day 2024-08-04.", "rsi", "+99.42 USDT", "6 trades"):
        assert part in said
    assert "page 1" in said


@pytest.mark.skipif(len(fonts.stack()) == 1, reason="no Korean font is installed")
def test_korean_is_written_with_letters_of_its_own():
    said = text(pages(title="주간 보고서", lines=["가장 좋은 날 2024-08-04 (+68.24 USDT)."]))

    assert "주간 보고서" in said
    assert "가장 좋은 날 2024-08-04 (+68.24 USDT)." in said


def test_markup_is_text_and_signs_without_a_letter_are_left_out():
    said = text(pages(lines=['<b>bold</b> & <img src="x"> 🚀 done']))

    assert '<b>bold</b> & <img src="x"> done' in said


def test_pictures_lie_on_the_pages_with_their_words():
    curve = points(72)
    png = equity_chart(curve, title="main", currency="USDT", zone=ZONE, theme=theme("light"))

    reader = pages(plates=[Plate(png, "Equity over three days.")])

    assert [image.image.size[0] for page in reader.pages for image in page.images] == [1280]
    assert "Equity over three days." in text(reader)


def test_a_long_table_goes_on_over_pages():
    rows = [(f"trade {n}", f"{n}.00 USDT", "") for n in range(120)]

    reader = pages(appendix=[Chapter("Trades", rows)])

    assert len(reader.pages) > 2
    assert "trade 119" in reader.pages[-1].extract_text()


def test_a_long_table_begins_under_the_last_picture_and_not_on_a_page_of_its_own():
    rows = [(f"trade {n}", "+1.00 USDT", "rsi") for n in range(40)]
    plates = [Plate(a_picture(128, 90), words) for words in ("one", "two", "three", "four")]

    reader = pages(plates=plates, appendix=[Chapter("Closed trades", rows)])

    said = [page.extract_text() for page in reader.pages]
    under = next(page for page in said if "Closed trades" in page)
    assert "four" in under
    assert "trade 0" in under
    assert "trade 39" in said[-1]


def test_the_same_contents_are_the_same_bytes():
    one, other = (report_pdf(title="a", subtitle="b", lines=["c"], chapters=[], plates=[]) for _ in range(2))

    assert one == other
