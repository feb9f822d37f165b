"""Gains in won worked out by hand: each purchase and each sale at the rate of its own day in Seoul, or not at all."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.builders import a_fill
from trading.analysis.won import in_won
from trading.domain.order import Side
from trading.domain.review import Unrated

START = datetime(2024, 1, 1, tzinfo=UTC)
RATES = {
    "2024-08-01": Decimal(1300),
    "2024-08-02": Decimal(1400),
    "2024-08-03": Decimal(1350),
    "2024-08-05": Decimal(1500),
}


def bought(amount, price, moment, **more):
    return traded(Side.BUY, amount, price, moment, **more)


def sold(amount, price, moment, **more):
    return traded(Side.SELL, amount, price, moment, **more)


def traded(side, amount, price, moment, *, fee="0", **more):
    at = datetime.fromisoformat(f"2024-08-{moment}:00+00:00")
    return a_fill(side=side, amount=amount, price=price, fee=fee, at=at, id=moment, **more)


FILLS = [
    bought("1", "100", "01T14:59", fee="1"),  # 23:59 of the first in Seoul: 101 × 1,300 = 131,300
    bought("1", "200", "01T15:00", fee="2"),  # 00:00 of the second: 202 × 1,400 = 282,800
    sold("1", "250", "03T12:00", fee="2.5"),  # 247.5 × 1,350 = 334,125
    sold("1", "150", "05T00:00"),  # 150 × 1,500 = 225,000
]


def without(*days):
    return {"USDT": {day: rate for day, rate in RATES.items() if day not in days}}


def test_each_purchase_and_each_sale_has_the_rate_of_its_own_day_in_seoul():
    one, two = in_won(FILLS, START, {"USDT": RATES}).sales

    assert (one.fifo.proceeds, one.fifo.cost, one.fifo.gain) == (334_125, 131_300, 202_825)
    assert (two.fifo.proceeds, two.fifo.cost, two.fifo.gain) == (225_000, 282_800, -57_800)
    assert (one.average.cost, one.average.gain) == (207_050, 127_075)  # (131,300 + 282,800) / 2
    assert (two.average.cost, two.average.gain) == (207_050, 17_950)


def test_a_fee_taken_out_of_the_coins_leaves_fewer_of_them_at_the_same_cost():
    fills = [
        bought("1", "100", "01T00:00", fee="0.001", fee_currency="BTC"),
        sold("0.999", "120", "03T00:00"),
    ]

    sale = in_won(fills, START, {"USDT": RATES}).sales[0].fifo

    assert (sale.cost, sale.proceeds) == (130_000, 161_838)  # 100 × 1,300; 119.88 × 1,350


def test_what_is_counted_in_won_already_stays_as_it_is_in_whole_won():
    fills = [
        bought("3", "50000000.1", "01T00:00", symbol="BTC/KRW", fee_currency="KRW", fee="10"),
        sold("3", "60000000", "09T00:00", symbol="BTC/KRW", fee_currency="KRW", fee="0.4"),
    ]

    won = in_won(fills, START, {})

    assert won.unrated == ()
    assert (won.sales[0].fifo.cost, won.sales[0].fifo.proceeds) == (150_000_010, 180_000_000)


def test_a_purchase_without_a_rate_leaves_out_every_sale_until_all_is_sold_and_none_after():
    fills = [*FILLS, bought("1", "100", "05T01:00"), sold("1", "110", "05T02:00")]

    won = in_won(fills, START, without("2024-08-02"))

    assert won.sales[:2] == (None, None)
    assert won.sales[2].fifo.gain == 15_000
    assert won.unrated == (Unrated(currency="USDT", days=("2024-08-02",), inside=True),)


def test_a_sale_without_a_rate_is_left_out_alone():
    won = in_won(FILLS, START, without("2024-08-05"))

    assert won.sales[0].fifo.gain == 202_825
    assert won.sales[1] is None
    assert won.unrated == (Unrated(currency="USDT", days=("2024-08-05",), inside=False),)


def test_without_any_rate_every_day_that_is_needed_is_named_once():
    fills = [*FILLS, bought("1", "1", "05T01:00"), bought("1", "1", "20T01:00", symbol="ETH/USDT")]

    won = in_won(fills, START, {"USDT": {}})

    assert won.sales == (None, None)
    assert won.unrated == (Unrated(currency="USDT", days=tuple(RATES), inside=False),)


def test_purchases_of_an_earlier_year_are_known_and_its_sales_are_not_told():
    start = datetime(2024, 8, 4, tzinfo=UTC)

    won = in_won(FILLS, start, {"USDT": RATES})

    assert [sale.fifo.cost for sale in won.sales] == [282_800]


def test_a_day_that_only_an_earlier_sale_needed_is_not_missed():
    fills = [
        bought("1", "100", "01T00:00"),
        sold("1", "120", "02T00:00"),
        bought("1", "100", "03T00:00"),
        sold("1", "110", "05T00:00"),
    ]

    won = in_won(fills, datetime(2024, 8, 4, tzinfo=UTC), without("2024-08-01", "2024-08-02"))

    assert won.sales[0].fifo.gain == 30_000  # 110 × 1,500 - 100 × 1,350
    assert won.unrated == ()
