"""A week looked back upon, worked out by hand: money in and out, falls, who earned it, what slipped."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import START, a_fill, an_intent, an_order, at
from trading.analysis.review import Known, review
from trading.domain.account import Mode
from trading.domain.order import OrderStatus, Side
from trading.domain.report import EquityPoint
from trading.domain.view import Status

DAY = 24  # hours; the start of all tests is a Monday


def known(points, **more):
    status = Status(
        account="main",
        mode=Mode.PAPER,
        exchange="simulated",
        currency="USDT",
        equity=Decimal(1000),
        cash=Decimal(1000),
        start_cash=Decimal(1000),
        day_profit=Decimal(0),
        day_change=0.0,
        drawdown=0.0,
        holdings=(),
        halts=(),
        orders_out=0,
        budgets=(),
        sleeves=(),
        last_candle_at=None,
        trouble=None,
    )
    fields = {"fills": (), "orders": (), "prices": {"BTC/USDT": Decimal(100)}, "refused": (), "stops": ()}
    return Known(status=status, points=[EquityPoint(at(h), e, f) for h, e, f in points], **fields | more)


def test_money_put_in_is_no_gain_and_percentages_are_of_what_was_at_work():
    found = review(
        known([(0, 1000, 0), (24, 1100, 0), (48, 2200, 1100), (72, 2310, 0)]), "week", "UTC", at(80)
    )

    assert found.flow == 1100
    assert found.profit == Decimal("210")  # 100, then nothing, then 110
    assert found.change == pytest.approx(1.1 * 1.0 * 1.05 - 1)
    assert [day.profit for day in found.days] == [Decimal(100), Decimal(0), Decimal(110)]
    assert found.running


def test_the_newest_complete_week_is_told_and_not_the_running_one():
    points = [(0, 1000, 0), (3 * DAY, 1100, 0), (6 * DAY, 990, 0), (8 * DAY, 5000, 0)]

    found = review(known(points), "week", "UTC", at(8 * DAY))

    assert (found.label, found.running) == ("2024-W01", False)
    assert found.profit == Decimal(-10)
    assert found.deepest_fall == pytest.approx(0.1)
    assert found.end == START + timedelta(days=7)


def test_only_trades_closed_in_the_period_count_and_each_is_somebodys():
    fills = [
        a_fill(id="1", sleeve="rsi", price="100", fee="0", at=at(1)),
        a_fill(id="2", sleeve="rsi", side=Side.SELL, price="130", fee="1", at=at(2)),
        a_fill(id="3", sleeve="ema_cross", price="100", fee="2", at=at(3)),
        a_fill(id="4", sleeve="ema_cross", side=Side.SELL, price="90", fee="0", at=at(4)),
        a_fill(id="5", sleeve="ema_cross", price="95", fee="0", at=at(5)),
        a_fill(id="6", sleeve="rsi", price="95", fee="0", at=at(8 * DAY)),
    ]
    points = [(0, 1000, 0), (DAY, 1017, 0), (8 * DAY, 1017, 0)]

    found = review(known(points, fills=fills), "week", "UTC", at(8 * DAY))

    assert [(p.name, p.profit, p.trades) for p in found.by_strategy] == [
        ("rsi", Decimal(29), 1),
        ("ema_cross", Decimal(-12), 1),
    ]
    assert found.by_strategy[1].open_profit == Decimal(5)
    assert [(p.name, p.profit) for p in found.by_symbol] == [("BTC/USDT", Decimal(17))]
    assert (found.fees, found.traded) == (Decimal(3), Decimal(515))


def test_what_slipped_is_measured_against_the_price_at_the_decision():
    orders = [
        an_order(status=OrderStatus.FILLED, filled="2", average_price="101", changed_at=at(1)),
        an_order(
            an_intent(side=Side.SELL),
            status=OrderStatus.FILLED,
            filled="1",
            average_price="99",
            changed_at=at(2),
        ),
        an_order(changed_at=at(3)),
    ]

    found = review(known([(0, 1000, 0), (4, 1000, 0)], orders=orders), "day", "UTC", at(5))

    assert found.slippage == Decimal(3)  # 2 × 1 dearer, 1 × 1 cheaper
    assert [(slip.cost, slip.share) for slip in found.slips] == [
        (Decimal(2), pytest.approx(0.01)),
        (Decimal(1), pytest.approx(0.01)),
    ]
    assert found.slip_share == pytest.approx(0.01)


def test_refusals_and_stops_are_those_of_the_period():
    points = [(0, 1000, 0), (30, 1000, 0)]

    found = review(known(points, refused=[at(1), at(2), at(30)], stops=[at(29)]), "day", "UTC", at(31))

    assert (found.label, found.refused, found.stops) == ("2024-01-01", 2, 0)


def test_an_account_without_a_curve_has_nothing_to_look_back_on():
    assert review(known([]), "week", "UTC", at(9)) is None
    assert review(known([(0, 1000, 0)]), "week", "UTC", at(9)) is None
