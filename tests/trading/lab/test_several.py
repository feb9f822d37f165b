"""Several strategies on one account, and signals that are warm when the first day begins."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.lab.searches import candles
from trading.domain.errors import Refused
from trading.domain.report import Report
from trading.domain.research import Question
from trading.lab.ask import make, warmed
from trading.lab.backtest import backtest
from trading.lab.replay import replay
from trading.lab.several import parts_of

BTC, ETH = candles(2500), candles(2500, seed=11, symbol="ETH/USDT")
START = BTC.frame.index[1200].to_pydatetime()


def asked(strategy: str = "ema_cross", **changes) -> Question:
    return Question(strategy=strategy, params=changes.pop("params", {}), **changes)


def quietly(_: float) -> None:
    """Nobody watches."""


def outcome(question: Question, *recorded) -> Report:
    return backtest(make(question, warmed(question, recorded or (BTC,))), quietly)


def facts(report: Report) -> tuple[object, ...]:
    return report.final_equity, report.fees, report.trades, report.equity


# --- warm from the first day on -----------------------------------------------------------------------------


def test_nothing_is_traded_before_the_start_and_signals_are_warm_at_it():
    cold = outcome(asked(), replace(BTC, frame=BTC.frame[BTC.frame.index >= START]))
    warm = outcome(asked(start=START), BTC)

    assert warm.start == cold.start == START
    assert warm.bars == cold.bars == 1300
    assert min(trip.entry_at for trip in warm.trades) >= START
    assert len(warm.trades) > len(cold.trades)
    assert not [note for note in warm.notes if "warm up" in note]
    assert [note for note in cold.notes if "warm up" in note]


def test_a_warm_start_trades_what_the_whole_history_would_have_signalled():
    whole = outcome(asked())
    later = outcome(asked(start=START))

    after = {trip.entry_at for trip in whole.trades if trip.entry_at > START + timedelta(hours=1)}
    assert after
    assert after <= {trip.entry_at for trip in later.trades}


@pytest.mark.parametrize("timeframe", [None, "4h"])
async def test_a_replay_that_starts_warm_lives_the_same(timeframe):
    question = asked(start=START, timeframe=timeframe)
    job = make(question, warmed(question, (BTC, ETH)))

    lived = await replay(job, quietly, leap=37)

    found = backtest(job, quietly)
    assert found.trades
    assert facts(lived) == facts(found)


def test_a_start_after_the_last_candle_is_told():
    question = asked(start=BTC.frame.index[-1].to_pydatetime() + timedelta(days=1))

    with pytest.raises(Refused, match="has no candles in that time; it has those from 2024-01-01"):
        warmed(question, (BTC,))


def test_candles_are_counted_in_the_strategys_own_length():
    assert outcome(asked(timeframe="4h")).bars == 625
    assert outcome(asked(), BTC, ETH).bars == 5000


# --- several strategies -------------------------------------------------------------------------------------


def test_two_strategies_share_the_money_and_the_report_tells_them_apart():
    found = outcome(asked("ema_cross,rsi"), BTC, ETH)

    assert found.strategy == "ema_cross + rsi"
    assert [p.name for p in found.by_strategy] == ["ema_cross", "rsi"]
    assert all(p.trades for p in found.by_strategy)
    assert [p.name for p in found.by_symbol] == ["BTC/USDT", "ETH/USDT"]
    made = found.final_equity - found.initial_equity
    assert sum(p.profit + p.open_profit for p in found.by_symbol) == pytest.approx(made, abs=Decimal("1e-9"))
    assert sum(p.profit + p.open_profit for p in found.by_strategy) == pytest.approx(
        made, abs=Decimal("1e-9")
    )


async def test_two_strategies_live_the_same_in_a_replay():
    question = asked("ema_cross,rsi", start=START)
    job = make(question, warmed(question, (BTC, ETH)))

    assert facts(await replay(job, quietly, leap=61)) == facts(backtest(job, quietly))


def test_a_parameter_goes_to_everyone_who_has_it_and_one_with_an_owner_to_that_one():
    params = {"ema_cross.fast": "5", "length": "10"}

    first, second = parts_of(asked("ema_cross,rsi", params=params))

    assert (first.params, second.params) == ({"fast": "5"}, {"length": "10"})
    assert first.share == second.share == 0.5


@pytest.mark.parametrize(
    ("strategy", "params", "said"),
    [
        ("ema_cross,rsy", {}, "There is no strategy 'rsy'"),
        ("rsi,rsi", {}, "rsi is named twice"),
        (
            "ema_cross,rsi",
            {"fst": "3"},
            "None of ema_cross, rsi has a parameter 'fst'; the nearest is 'fast'",
        ),
        ("ema_cross,rsi", {"macd.fast": "3"}, "macd is not among ema_cross, rsi"),
    ],
)
def test_what_belongs_to_nobody_is_refused(strategy, params, said):
    with pytest.raises(Refused, match=said):
        parts_of(asked(strategy, params=params))


def test_the_rival_is_there_and_the_glimpse_shows_the_last_trade():
    found = outcome(asked())

    assert found.benchmark.total_return == pytest.approx(
        BTC.frame["close"].iloc[-1] / BTC.frame["open"].iloc[0] / 1.0005 / 1.001 - 1
    )
    assert len(found.glimpse) == 150
    assert found.glimpse[0].opened_at < found.trades[-1].exit_at <= found.glimpse[-1].opened_at
    assert found.slippage > 0
    assert sum(month.change for month in found.months) == pytest.approx(found.total_return, abs=0.5)
