"""What others published, through our engine and metrics, to the last printed digit; needs their candles."""

from pathlib import Path

import pytest

from bench import published
from bench._published_engine import Row, missing

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "reference"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Every figure once; of the 300 trials of the search ten."""
    if why := missing(FOLDER):
        pytest.skip(why)
    return list(published.every(FOLDER, trials=10))


def test_every_published_figure_is_ours_too(rows):
    off = [(row.block, row.figure, row.published, row.ours) for row in rows if not row.same]

    assert off == []
    assert len(rows) > 100


def test_every_published_set_is_there(rows):
    assert {row.block.split()[0] for row in rows} == {"1a", "1b", "1c", "2", "2'", "4", "5", "6"}


def test_the_engine_itself_traded_what_can_be_traded(rows):
    traded = {row.block.split()[0] for row in rows if row.through == "engine and metrics"}

    assert traded == {"1a", "1b", "1c", "4"}


def test_a_figure_that_is_off_would_be_seen(rows):
    row = rows[0]

    wrong = Row(row.block, row.figure, row.published, row.ours + 10 * row.within, row.within)

    assert row.same
    assert not wrong.same
    assert "| no |" in published.page([wrong])
