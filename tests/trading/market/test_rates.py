"""Daily rates out of the archive: the day they belong to, and that nothing doubtful becomes one."""

from decimal import Decimal

import pytest

from trading.domain.archive import SeriesName
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.market.rates import daily_closes
from trading.market.shelf import Shelf

USDT = SeriesName("upbit", "USDT/KRW", Timeframe.parse("1d"))


def a_shelf(folder, *rows):
    (folder / "upbit_USDT-KRW_1d.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))
    return Shelf(folder)


def test_a_rate_belongs_to_the_day_whose_nine_o_clock_in_seoul_is_its_candles_close(tmp_path):
    shelf = a_shelf(tmp_path, "2024-07-31T00:00:00Z,1370,1390,1360,1380.5,9")

    assert daily_closes(shelf, USDT) == {"2024-08-01": Decimal("1380.5")}


def test_gaps_stay_gaps_and_what_cannot_be_is_no_rate(tmp_path):
    shelf = a_shelf(
        tmp_path,
        "2024-08-01T00:00:00Z,1,1,1,1,9",
        "2024-08-03T00:00:00Z,3,3,3,,9",  # no number
        "2024-08-04T00:00:00Z,4,4,4,-4,9",
        "2024-08-05T00:00:00Z,5,5,5,inf,9",
        "2024-08-06T07:00:00Z,6,6,6,6,9",  # no daily candle opens then
        "2024-08-07T00:00:00Z,7,7,7,7,9",  # two prices for one day
        "2024-08-07T00:00:00Z,8,8,8,8,9",
        "2024-08-09T00:00:00Z,9,9,9,9,9",
    )

    assert daily_closes(shelf, USDT) == {"2024-08-02": Decimal("1.0"), "2024-08-10": Decimal("9.0")}


def test_an_archive_without_the_market_has_no_rates(tmp_path):
    assert daily_closes(Shelf(tmp_path / "candles"), USDT) == {}


def test_a_file_that_is_no_table_of_candles_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(Refused, match="close is 'many', not a number"):
        daily_closes(a_shelf(tmp_path, "2024-08-01T00:00:00Z,1,1,1,many,9"), USDT)
