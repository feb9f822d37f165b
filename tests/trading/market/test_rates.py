"""Daily rates out of the archive: the day they belong to, and that nothing doubtful becomes one."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.upbit import FakeUpbit
from trading.domain.archive import Download, SeriesName
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.exchange.client import CcxtMarket
from trading.market.download import Downloader
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


async def test_the_command_that_is_named_brings_the_rates_of_upbit(tmp_path, clock):
    shelf, today = Shelf(tmp_path / "candles"), USDT.timeframe.floor(clock.now)
    async with FakeUpbit(clock) as upbit:
        upbit.truth.rules["USDT/KRW"] = upbit.truth.rules["BTC/KRW"]
        for n in range(300):  # more than Upbit hands out at once; the newest has not closed
            won = 1300.5 + n
            upbit.books.write("KRW-USDT", today - n * USDT.timeframe.length, (won, won, won, won, 1.0))
        market = CcxtMarket("upbit", upbit.exchange_options(), clock)
        first = today - timedelta(days=250)
        asked = Download(exchange="upbit", symbols=("USDT/KRW",), timeframe=USDT.timeframe, start=first)

        _ = [news async for news in Downloader(market, shelf).run(asked)]
        await market.close()

    rates = daily_closes(shelf, USDT)
    assert len(rates) == 250
    assert rates[f"{first + timedelta(days=1):%Y-%m-%d}"] == Decimal("1550.5")
    assert rates[f"{today:%Y-%m-%d}"] == Decimal("1301.5")
