"""Money to the last digit: what comes in by fills and flows is what is there."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import START, a_fill, a_flow, at
from trading.core.book import Book
from trading.domain.errors import Broken
from trading.domain.order import Side

AMOUNTS = st.decimals("0.00001", "1000", places=5)
PRICES = st.decimals("0.01", "100000", places=2)
FILLS = st.lists(st.tuples(st.sampled_from(Side), AMOUNTS, PRICES), max_size=40)


def a_book() -> Book:
    return Book("main", "USDT", Decimal(10000))


def test_buying_adding_and_selling_keeps_the_average_price():
    book = a_book()

    book.apply(a_fill(id="1", amount="1", price="100", fee="0.1"))
    book.apply(a_fill(id="2", amount="3", price="120", fee="0.36"))
    book.apply(a_fill(id="3", side=Side.SELL, amount="2", price="130", fee="0.26"))

    position = book.positions["ema_cross", "BTC/USDT"]
    assert (position.quantity, position.entry_price, position.fees) == (2, Decimal(115), Decimal("0.72"))
    assert book.cash == Decimal("10000") - 100 - 360 + 260 - Decimal("0.72")


def test_a_fill_is_booked_once_however_often_it_is_told():
    book = a_book()

    first, again = book.apply(a_fill()), book.apply(a_fill())

    assert (first, again) == (True, False)
    assert book.cash == Decimal("9899.9")
    assert book.fills == 1


def test_two_real_fills_with_the_same_price_amount_and_time_both_count():
    book = a_book()

    book.apply(a_fill(id="1"))
    book.apply(a_fill(id="2"))

    assert book.held("ema_cross", "BTC/USDT") == 2


def test_turning_round_opens_the_other_side_at_the_price_of_the_turn():
    book = a_book()

    book.apply(a_fill(id="1", amount="1", price="100"))
    book.apply(a_fill(id="2", side=Side.SELL, amount="3", price="90"))

    position = book.positions["ema_cross", "BTC/USDT"]
    assert (position.quantity, position.entry_price) == (-2, Decimal(90))


@pytest.mark.parametrize("wrong", [{"amount": "0"}, {"amount": "-1"}, {"price": "0"}, {"price": "-5"}])
def test_a_fill_that_cannot_be_is_broken_not_booked(wrong):
    book = a_book()

    with pytest.raises(Broken, match="must be above zero"):
        book.apply(a_fill(**wrong))

    assert book.cash == 10000


def test_a_deposit_is_neither_profit_nor_a_new_top():
    book = a_book()
    book.mark(START, {})

    book.move(a_flow(amount="5000"))

    now = book.account(at(1), Decimal(0), ())
    assert (now.equity, now.drawdown, now.day_change) == (Decimal(15000), 0.0, 0.0)


def test_a_day_is_measured_from_its_midnight_utc():
    book = a_book()
    book.mark(at(1), {})
    book.apply(a_fill(amount="50", price="100", fee="0"))
    book.mark(at(5), {"BTC/USDT": Decimal(110)})

    book.mark(at(24), {"BTC/USDT": Decimal(110)})  # the candle that closes at midnight is the old day's last
    before = book.day_start_equity
    book.mark(at(25), {"BTC/USDT": Decimal(99)})

    now = book.account(at(25), Decimal(0), ())
    assert (before, book.day_start_equity) == (Decimal(10000), Decimal(10500))
    assert now.day_change == pytest.approx(-0.05238, abs=1e-5)
    assert now.drawdown == pytest.approx(1 - 9950 / 10500)


@given(FILLS)
def test_cash_and_positions_explain_each_other_to_the_last_digit(fills):
    book = a_book()
    spent = Decimal(0)

    for number, (side, amount, price) in enumerate(fills):
        fee = (amount * price * Decimal("0.001")).quantize(Decimal("1e-12"))
        book.apply(replace(a_fill(), id=str(number), side=side, amount=amount, price=price, fee=fee))
        spent += side.sign * amount * price + fee

    held = sum((side.sign * amount for side, amount, _ in fills), Decimal(0))
    assert book.cash == 10000 - spent
    assert book.held("ema_cross", "BTC/USDT") == held


def test_a_lifted_kill_forgets_the_top_but_gives_no_new_budget_for_the_day():
    book = a_book()
    book.apply(a_fill(amount="10", price="100", fee="0"))
    book.mark(at(hours=1), {"BTC/USDT": Decimal(200)})
    book.mark(at(hours=2), {"BTC/USDT": Decimal(60)})

    book.forget_peak()

    account = book.account(at(hours=2), Decimal(0), ())
    assert account.drawdown == 0
    assert (account.day_start_equity, account.equity) == (Decimal(10000), Decimal(9600))


def test_a_fee_taken_out_of_the_coin_leaves_less_of_it_and_the_cash_as_it_was_paid():
    book = Book("main", "USDT", Decimal(1000))

    book.apply(a_fill(amount="1", price="100", fee="0.001", fee_currency="BTC"))

    assert book.cash == Decimal(900)
    assert book.held("ema_cross", "BTC/USDT") == Decimal("0.999")
    assert book.fees == Decimal("0.1")


def test_a_fee_in_a_third_coin_touches_neither_cash_nor_position():
    book = Book("main", "USDT", Decimal(1000))

    book.apply(a_fill(amount="1", price="100", fee="0.02", fee_currency="BNB"))

    assert (book.cash, book.held("ema_cross", "BTC/USDT")) == (Decimal(900), Decimal(1))


def test_two_markets_may_number_their_trades_alike():
    book = Book("main", "USDT", Decimal(1000))
    bought = a_fill(id="7", amount="1", price="100", fee="0")

    book.apply(bought)
    again = book.apply(bought)
    other = book.apply(a_fill(id="7", symbol="ETH/USDT", amount="1", price="10", fee="0"))

    assert (again, other) == (False, True)
    assert book.cash == Decimal(890)


def test_taking_out_a_profit_leaves_the_limits_something_to_measure():
    book = a_book()
    book.apply(a_fill(amount="10", price="100", fee="0"))
    book.mark(at(hours=1), {"BTC/USDT": Decimal(100)})
    book.mark(at(hours=2), {"BTC/USDT": Decimal(1000)})  # 19,000

    book.move(a_flow(amount="-9500"))

    account = book.account(at(hours=2), Decimal(0), ())
    assert (account.equity, account.peak_equity, account.day_start_equity) == (9500, 9500, 5000)


def test_taking_out_money_makes_no_fall_deeper():
    book = a_book()
    book.apply(a_fill(amount="10", price="100", fee="0"))
    book.mark(at(hours=1), {"BTC/USDT": Decimal(100)})
    book.mark(at(hours=30), {"BTC/USDT": Decimal(0)})  # 9,000, a tenth below the top

    book.move(a_flow(amount="-6000"))

    assert book.account(at(hours=30), Decimal(0), ()).drawdown == pytest.approx(0.1)


@given(st.lists(st.tuples(st.sampled_from(["BTC/USDT", "ETH/USDT"]), AMOUNTS, PRICES), max_size=20))
def test_whole_positions_that_somebody_counted_leave_the_book_as_fill_by_fill(turns):
    told, counted, fills, held = a_book(), a_book(), [], {}
    for number, (symbol, amount, price) in enumerate(turns):
        whole = held.pop(symbol, None)  # out of everything, or in from flat
        if whole is None:
            held[symbol] = amount
        side = Side.BUY if whole is None else Side.SELL
        moved = {"side": side, "amount": str(whole or amount), "price": str(price)}
        fills.append(a_fill(id=str(number), symbol=symbol, **moved))

    for part in (fills[:7], fills[7:]):
        for fill in part:
            told.apply(fill)
        counted.settle(part, told.cash, list(told.positions))

    assert list(counted.positions.items()) == list(told.positions.items())
    assert (counted.cash, counted.fees, counted.fills) == (told.cash, told.fees, told.fills)
