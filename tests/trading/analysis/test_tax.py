"""Gains worked out by hand: first in first out, moving average, fees, shorts, and that no money is lost on the way."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import START, a_fill, at
from trading.analysis.tax import Method, sales
from trading.analysis.trades import round_trips
from trading.domain.order import Side

FIFO, AVERAGE = Method.FIFO, Method.AVERAGE


def bought(amount, price, hour, *, fee="0", **more):
    return a_fill(side=Side.BUY, amount=amount, price=price, fee=fee, at=at(hour), id=f"b{hour}", **more)


def sold(amount, price, hour, *, fee="0", **more):
    return a_fill(side=Side.SELL, amount=amount, price=price, fee=fee, at=at(hour), id=f"s{hour}", **more)


def gains(fills, method):
    return [sale.gain for sale in sales(fills, method)]


def test_the_oldest_is_sold_first_or_everything_costs_the_average():
    fills = [bought("1", "100", 0), bought("1", "200", 1), sold("1", "250", 2), sold("1", "250", 3)]

    assert gains(fills, FIFO) == [Decimal(150), Decimal(50)]  # 250 - 100, 250 - 200
    assert gains(fills, AVERAGE) == [Decimal(100), Decimal(100)]  # 250 - 150, twice


def test_a_sale_that_takes_parts_of_two_purchases():
    fills = [bought("2", "100", 0), bought("2", "130", 1), sold("3", "150", 2)]

    first, mean = sales(fills, FIFO)[0], sales(fills, AVERAGE)[0]

    assert (first.proceeds, first.cost, first.gain) == (450, 330, 120)  # 2 × 100 + 1 × 130
    assert (mean.proceeds, mean.cost, mean.gain) == (450, 345, 105)  # 3 × 115
    assert first.acquired_at == mean.acquired_at == at(0)


def test_fees_are_part_of_the_cost_and_come_off_the_proceeds():
    fills = [bought("1", "100", 0, fee="1"), sold("1", "120", 1, fee="1.2")]

    sale = sales(fills, FIFO)[0]

    assert (sale.cost, sale.proceeds, sale.gain) == (101, Decimal("118.8"), Decimal("17.8"))


def test_a_fee_taken_out_of_the_coins_leaves_fewer_of_them_at_the_same_cost():
    fills = [
        bought("1", "100", 0, fee="0.001", fee_currency="BTC"),
        sold("0.999", "120", 1),
    ]

    sale = sales(fills, AVERAGE)[0]

    assert (sale.amount, sale.cost) == (Decimal("0.999"), 100)
    assert sale.gain == Decimal("19.88")  # 0.999 × 120 - 100


def test_a_won_account_is_counted_in_won():
    fills = [
        bought("2", "50000000", 0, symbol="BTC/KRW", fee_currency="KRW", fee="50000"),
        bought("1", "56000000", 1, symbol="BTC/KRW", fee_currency="KRW", fee="28000"),
        sold("1", "60000000", 2, symbol="BTC/KRW", fee_currency="KRW", fee="30000"),
    ]

    assert gains(fills, FIFO) == [Decimal(9_945_000)]  # 59,970,000 - 100,050,000 / 2
    assert gains(fills, AVERAGE) == [Decimal(7_944_000)]  # 59,970,000 - 156,078,000 / 3


def test_what_was_sold_first_gains_when_it_is_bought_back():
    fills = [sold("2", "100", 0), bought("1", "90", 1), bought("1", "110", 2)]

    assert gains(fills, FIFO) == gains(fills, AVERAGE) == [Decimal(10), Decimal(-10)]


def test_a_fill_that_turns_the_position_round_ends_one_side_and_begins_the_other():
    fills = [bought("1", "100", 0), sold("3", "120", 1, fee="3"), bought("2", "110", 2)]

    found = sales(fills, FIFO)

    assert [sale.gain for sale in found] == [Decimal(19), Decimal(18)]  # 119 - 100; 238 - 220
    assert found[1].acquired_at == at(1)


def test_strategies_of_one_account_are_one_to_the_tax_office():
    fills = [
        bought("1", "100", 0, sleeve="rsi"),
        bought("1", "200", 1, sleeve="ema_cross"),
        sold("1", "210", 2, sleeve="ema_cross"),
    ]

    assert gains(fills, FIFO) == [Decimal(110)]


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Side)), st.integers(1, 50), st.integers(1, 900), st.integers(0, 30)),
        min_size=1,
        max_size=30,
    )
)
def test_once_all_is_sold_both_methods_and_the_closed_trades_agree(steps):
    fills, held = [], 0
    for n, (side, amount, price, fee) in enumerate(steps):
        held += side.sign * amount
        fills.append(
            a_fill(
                id=str(n),
                side=side,
                amount=str(amount),
                price=str(price),
                fee=str(fee),
                at=START + timedelta(hours=n),
            )
        )
    if held:
        end = Side.SELL if held > 0 else Side.BUY
        fills.append(a_fill(id="end", side=end, amount=str(abs(held)), price="77", fee="1", at=at(99)))

    moved = sum(-f.side.sign * f.amount * f.price - f.fee for f in fills)
    totals = [sum(gains(fills, method)) for method in Method]
    trips = sum(trip.pnl for trip in round_trips(fills))

    assert all(abs(total - moved) < Decimal("1e-15") for total in totals)
    assert abs(trips - moved) < Decimal("1e-9")
