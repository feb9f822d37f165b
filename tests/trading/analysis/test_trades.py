"""Round trips: from flat to flat, to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import a_fill, at
from trading.analysis.trades import open_trips, round_trips, split_trips
from trading.domain.order import Fill, Reason, Side

BUY, SELL = Side.BUY, Side.SELL


def fill(side: Side, amount: str, price: str, *, hour: float = 0, fee: str = "0", **changes: object) -> Fill:
    return a_fill(side=side, amount=amount, price=price, fee=fee, at=at(hour), **changes)


def test_one_purchase_and_one_sale_are_one_trip():
    (trip,) = round_trips(
        [
            fill(BUY, "2", "100", fee="0.2"),
            fill(SELL, "2", "110", hour=5, fee="0.22", reason=Reason.TAKE_PROFIT),
        ]
    )

    assert (trip.side, trip.amount) == (BUY, Decimal(2))
    assert (trip.entry_price, trip.exit_price) == (Decimal(100), Decimal(110))
    assert (trip.entry_at, trip.exit_at) == (at(0), at(5))
    assert trip.fees == Decimal("0.42")
    assert trip.pnl == Decimal("19.58")
    assert trip.reason is Reason.TAKE_PROFIT
    assert trip.return_share == pytest.approx(0.0979)


def test_a_short_trip_earns_when_the_price_falls():
    (trip,) = round_trips([fill(SELL, "3", "100", fee="1"), fill(BUY, "3", "90", fee="1")])

    assert trip.side is SELL
    assert (trip.entry_price, trip.exit_price, trip.amount) == (Decimal(100), Decimal(90), Decimal(3))
    assert trip.pnl == Decimal(28)


def test_adding_averages_the_entry_and_selling_in_parts_averages_the_exit():
    (trip,) = round_trips(
        [
            fill(BUY, "1", "100"),
            fill(BUY, "3", "120", hour=1),
            fill(SELL, "2", "130", hour=2),
            fill(SELL, "2", "140", hour=3),
        ]
    )

    assert (trip.entry_price, trip.exit_price, trip.amount) == (Decimal(115), Decimal(135), Decimal(4))
    assert trip.pnl == Decimal(80)
    assert (trip.entry_at, trip.exit_at) == (at(0), at(3))


def test_adding_after_a_partial_sale_stays_the_same_trip():
    (trip,) = round_trips(
        [fill(BUY, "2", "100"), fill(SELL, "1", "110"), fill(BUY, "1", "120"), fill(SELL, "2", "130")]
    )

    assert trip.amount == Decimal(3)
    assert trip.pnl == Decimal(-200 + 110 - 120 + 260)


def test_turning_round_ends_one_trip_and_begins_the_next_sharing_the_fee():
    fills = [fill(BUY, "1", "100", fee="0.1"), fill(SELL, "3", "110", hour=1, fee="0.33")]

    (trip,), (rest,) = split_trips(fills)

    assert (trip.side, trip.amount, trip.fees) == (BUY, Decimal(1), Decimal("0.21"))
    assert trip.pnl == Decimal("9.79")
    assert (rest.side, rest.quantity, rest.fees) == (SELL, Decimal(-2), Decimal("0.22"))
    assert rest.entry_price == Decimal(110)
    assert rest.entry_at == at(1)


def test_turning_round_again_closes_the_short_trip():
    trips = round_trips([fill(BUY, "1", "100"), fill(SELL, "2", "110"), fill(BUY, "1", "105", hour=2)])

    assert [(t.side, t.pnl) for t in trips] == [(BUY, Decimal(10)), (SELL, Decimal(5))]


def test_sleeves_and_symbols_do_not_mix():
    fills = [
        fill(BUY, "1", "100", sleeve="rsi"),
        fill(SELL, "1", "110", sleeve="macd"),
        fill(BUY, "1", "5", sleeve="rsi", symbol="ETH/USDT"),
        fill(SELL, "1", "6", sleeve="rsi", symbol="ETH/USDT"),
    ]

    trips, still_open = split_trips(fills)

    assert [(t.sleeve, t.symbol, t.pnl) for t in trips] == [("rsi", "ETH/USDT", Decimal(1))]
    assert [(o.sleeve, o.symbol, o.quantity) for o in still_open] == [
        ("rsi", "BTC/USDT", Decimal(1)),
        ("macd", "BTC/USDT", Decimal(-1)),
    ]


def test_an_open_trip_knows_what_it_would_earn():
    (trip,) = open_trips([fill(BUY, "2", "100", fee="0.5"), fill(SELL, "1", "120", fee="0.5")])

    assert trip.quantity == Decimal(1)
    assert trip.cash == Decimal(-81)
    assert trip.worth(Decimal(90)) == Decimal(9)


def test_trips_are_in_the_order_they_were_closed():
    fills = [
        fill(BUY, "1", "1", sleeve="slow"),
        fill(BUY, "1", "1", sleeve="quick", hour=1),
        fill(SELL, "1", "2", sleeve="quick", hour=2),
        fill(SELL, "1", "2", sleeve="slow", hour=3),
    ]

    assert [trip.sleeve for trip in round_trips(fills)] == ["quick", "slow"]


def test_an_average_that_never_ends_is_cut_to_what_can_be_read():
    (trip,) = round_trips([fill(BUY, "1", "100"), fill(BUY, "2", "101"), fill(SELL, "3", "100")])

    assert trip.entry_price == Decimal("100.6666666666667")
    assert trip.pnl == Decimal(-2)


def test_no_fills_are_no_trips():
    assert split_trips([]) == ((), ())


def test_a_fee_taken_out_of_what_was_bought_still_ends_flat():
    (trip,) = round_trips(
        [
            fill(BUY, "1", "100", fee="0.001", fee_currency="BTC"),
            fill(SELL, "0.999", "110", fee="0.1", fee_currency="USDT"),
        ]
    )

    assert trip.pnl == Decimal("9.79")  # -100 + 109.89 - 0.1
    assert (trip.amount, trip.entry_price, trip.fees) == (Decimal("0.999"), Decimal(100), Decimal("0.2"))


def test_a_rest_below_the_markets_step_ends_the_trade_and_lies_in_the_next_one():
    steps, fee = {"BTC/USDT": Decimal("0.01")}, {"fee_currency": "BTC", "fee": "0.001"}
    fills = [
        fill(BUY, "1", "100", **fee),
        fill(SELL, "0.99", "110"),  # 0.009 is left
        fill(BUY, "1", "120", hour=2, **fee),
        fill(SELL, "1", "130", hour=3),  # 0.008 is left
    ]

    first, second = round_trips(fills, steps)

    assert (first.pnl, second.pnl) == (Decimal("8.9"), Decimal(10))
    assert (second.entry_price, second.entry_at) == (Decimal(120), at(2))
    assert round_trips(fills) == ()


def test_a_fee_in_a_third_coin_is_no_money_of_the_account():
    (trip,) = round_trips(
        [fill(BUY, "1", "100", fee="0.01", fee_currency="BNB"), fill(SELL, "1", "110", fee="0")]
    )

    assert (trip.pnl, trip.fees) == (Decimal(10), Decimal(0))


amounts = st.decimals("0.00000001", "100000", places=8)
prices = st.decimals("0.00000001", "200000000", places=8)
fees = st.decimals("-1", "100", places=8)
some_fills = st.lists(
    st.builds(
        a_fill,
        side=st.sampled_from(Side),
        amount=amounts,
        price=prices,
        fee=fees,
        fee_currency=st.just("KRW"),
        sleeve=st.sampled_from(["a", "b"]),
        symbol=st.sampled_from(["BTC/KRW", "ETH/KRW"]),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(fills=some_fills)
def test_profit_and_open_cash_add_up_to_the_cash_that_moved(fills):
    trips, still_open = split_trips(fills)

    moved = sum((exact_cash(f) for f in fills), start=0)
    assert (
        sum((units(t.pnl) for t in trips), start=0) + sum((units(o.cash) for o in still_open), start=0)
        == moved
    )
    assert sum((units(t.fees) for t in (*trips, *still_open)), start=0) == sum(units(f.fee) for f in fills)


@settings(deadline=None)
@given(fills=some_fills)
def test_every_key_has_at_most_one_open_trip_holding_what_was_bought_and_not_sold(fills):
    still_open = open_trips(fills)

    held: dict[tuple[str, str], Decimal] = {}
    for f in fills:
        key = (f.sleeve, f.symbol)
        held[key] = held.get(key, Decimal(0)) + f.side.sign * f.amount
    assert {(o.sleeve, o.symbol): o.quantity for o in still_open} == {k: q for k, q in held.items() if q}
    assert all(o.side.sign * o.quantity > 0 for o in still_open)


@settings(deadline=None)
@given(fills=some_fills)
def test_trips_never_end_before_they_begin_and_are_never_empty(fills):
    ordered = [a_fill(**{n: getattr(f, n) for n in SLOTS} | {"at": at(n)}) for n, f in enumerate(fills)]

    for trip in round_trips(ordered):
        assert trip.entry_at < trip.exit_at
        assert trip.amount > 0


SLOTS = ("side", "amount", "price", "fee", "sleeve", "symbol")
SCALE = 10**40


def units(value: Decimal) -> int:
    """Exact whole numbers of 1e-40: integers do not round."""
    numerator, denominator = value.as_integer_ratio()
    assert SCALE % denominator == 0
    return numerator * (SCALE // denominator)


def exact_cash(f: Fill) -> int:
    return units(Decimal(0)) - f.side.sign * units(f.amount) * units(f.price) // SCALE - units(f.fee)
