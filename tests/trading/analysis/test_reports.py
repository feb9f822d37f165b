"""A report holds what its fills and its curve say."""

from decimal import Decimal

import pytest

from tests.builders import HOUR, a_curve, a_fill, at
from trading.analysis.reports import report
from trading.domain.order import Side
from trading.domain.report import EquityPoint


def test_a_report_counts_closed_trades_all_fees_and_measures_the_curve():
    fills = (
        a_fill(price="100", fee="0.1"),
        a_fill(side=Side.SELL, price="120", fee="0.12", at=at(24)),
        a_fill(price="115", fee="0.115", at=at(36)),
    )

    found = report(
        strategy="ema_cross",
        symbols=["BTC/USDT"],
        timeframe=HOUR,
        bars=48,
        start=at(0),
        end=at(48),
        initial_equity=Decimal(1000),
        final_equity=Decimal("1021.5"),
        fills=fills,
        equity=a_curve([1000, 1019.78, 1021.5]),
        seconds={"total": 0.1},
        notes=["Nothing was filled in."],
    )

    assert found.fees == Decimal("0.335")
    assert [trip.pnl for trip in found.trades] == [Decimal("19.78")]
    assert found.metrics["trades"] == 1
    assert found.metrics["exposure"] == 0.75
    assert found.metrics["total_return"] == pytest.approx(found.total_return) == pytest.approx(0.0215)
    assert (found.timeframe, found.symbols, found.bars) == ("1h", ("BTC/USDT",), 48)
    assert found.notes == ("Nothing was filled in.",)
    assert len(found.equity) == 3


def test_what_the_very_first_fill_cost_is_in_the_curve_the_months_and_the_figures():
    found = report(
        strategy="ema_cross",
        symbols=["BTC/USDT"],
        timeframe=HOUR,
        bars=48,
        start=at(0),
        end=at(48),
        initial_equity=Decimal(1000),
        final_equity=Decimal(990),
        fills=(),
        equity=(EquityPoint(at(1), 995.0), EquityPoint(at(48), 990.0)),
        seconds={},
    )

    assert [point.equity for point in found.equity] == [1000, 995, 990]
    assert found.metrics["total_return"] == pytest.approx(found.total_return) == pytest.approx(-0.01)
    assert [month.change for month in found.months] == pytest.approx([-0.01])


def test_a_report_of_nothing_is_a_report():
    found = report(
        strategy="rsi",
        symbols=(),
        timeframe=HOUR,
        bars=0,
        start=at(0),
        end=at(0),
        initial_equity=Decimal(1000),
        final_equity=Decimal(1000),
        fills=(),
        equity=(),
        seconds={},
    )

    assert (found.trades, found.fees, found.total_return) == ((), Decimal(0), 0.0)
    assert found.metrics["sharpe"] is None
