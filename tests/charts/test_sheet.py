"""The page: fitting, spreading, ranges."""

from itertools import pairwise

import pytest

from charts.fonts import drawable, spoken
from charts.sheet import Sheet, roomy, scale, spread
from charts.theme import WIDTH, theme


def test_text_is_cut_to_its_room():
    sheet = Sheet(theme(), 400)

    assert sheet.fit("short", 36, 500) == "short"
    cut = sheet.fit("a rather long sentence", 36, 200)
    assert cut.endswith("…")
    assert sheet.width(cut, 36) <= 200


def test_a_row_that_is_too_wide_becomes_smaller():
    sheet = Sheet(theme(), 400)

    ends = sheet.row(
        44, 160, [sheet.part("1,234,567,890,123.45", size=76, bold=True), sheet.part("USDT" * 6)]
    )

    assert ends <= WIDTH - 40


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([10.0, 50.0], [10, 50]),
        ([10.0, 12.0], [10, 20]),
        ([50.0, 10.0], [50, 10]),
        ([98.0, 99.0, 97.0], [90, 100, 80]),
        ([-5.0], [0]),
        ([], []),
    ],
)
def test_neighbours_move_apart_and_stay_inside(places, moved):
    assert spread(places, 10, 0, 100) == pytest.approx(moved)


def test_more_than_fit_run_over_the_end_but_never_together():
    found = spread([5.0] * 5, 10, 0, 20)

    assert min(b - a for a, b in pairwise(found)) == pytest.approx(10)


def test_a_range_of_nothing_is_opened_up():
    for value in (0.0, 5.0, -3.0, 1e18):
        low, high = roomy(value, value)
        assert low < value < high


def test_a_scale_has_a_label_for_each_mark():
    values, labels = scale(9871, 10522, str)

    assert list(zip(values, labels, strict=True)) == [(10000, "10,000"), (10200, "10,200"), (10400, "10,400")]


def test_what_no_font_can_draw_is_dropped_and_the_rest_stays_on_one_line():
    assert drawable("🧪 PAPER\n\tmain \x00\ud800") == "PAPER main"
    assert drawable("▲ — · …") == "▲ — · …"


def test_a_translation_that_cannot_be_drawn_is_said_in_english():
    assert spoken(lambda key: "🧪🧪")("Drawdown") == "Drawdown"
    assert spoken(lambda key: "Rückgang")("Drawdown") == "Rückgang"
