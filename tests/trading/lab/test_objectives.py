"""What a search measures is what a report says, and what it maximises is what was asked for."""

from decimal import Decimal

import pytest

from tests.trading.lab.searches import HOUR, candles
from trading.domain.errors import Refused
from trading.lab import compiled
from trading.lab.backtest import backtest
from trading.lab.compiled import Market
from trading.lab.job import Job
from trading.lab.objectives import Days, check, figures, value_of
from trading.strategies import find


@pytest.mark.parametrize("strategy", ["ema_cross", "rsi", "bollinger"])
def test_the_figures_are_those_of_a_report(strategy):
    kind = find(strategy)
    job = Job(
        strategy=kind, params=kind.params({}), recorded=(candles(4000),), timeframe=HOUR, cash=Decimal(10000),
        fee=Decimal("0.001"), slippage=Decimal("0.0005"),
    )  # fmt: skip
    run, market = compiled.run(job), Market.of(job.recorded[0], HOUR)

    measured = figures(run, market, Days.of(market))

    report = backtest(job, lambda done: None)
    same = ("sharpe", "sortino", "calmar", "volatility", "cagr", "total_return", "max_drawdown", "win_rate",
            "profit_factor", "trades")  # fmt: skip
    assert len(report.trades) > 5
    assert {n: measured[n] for n in same} == pytest.approx({n: report.metrics[n] for n in same}, rel=1e-6)
    assert measured["return_drawdown"] == pytest.approx(measured["total_return"] / measured["max_drawdown"])


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        ("sharpe", 2.0),
        ("sharpe - 2 * max_drawdown", 1.5),
        ("-(max_drawdown)", -0.25),
        ("sharpe / trades", None),
        ("calmar + 1", None),
    ],
)
def test_an_objective_may_be_a_sum(objective, value):
    check(objective)

    assert value_of(objective, {"sharpe": 2.0, "max_drawdown": 0.25, "trades": 0.0, "calmar": None}) == value


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("sharp", "the nearest is 'sharpe'"),
        ("__import__('os')", "only + - * / and numbers"),
        ("sharpe.real", "only + - * / and numbers"),
        ("sharpe if trades else 0", "only + - * / and numbers"),
        ("sharpe **", "cannot be maximised"),
    ],
)
def test_what_is_no_sum_of_figures_is_refused(objective, said):
    with pytest.raises(Refused, match=said.replace("*", r"\*").replace("+", r"\+")):
        check(objective)
