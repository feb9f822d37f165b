"""Skill is told from luck on markets where we know which it is."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.builders import HOUR, candles, recorded, walk
from tests.trading.lab import cheaters
from tests.trading.lab.cheaters import CHEATERS, a_strategy, honest
from trading.core.frames import Columns
from trading.domain.honesty import Check, Honesty, Trial, gain
from trading.domain.market import Timeframe
from trading.lab import chance
from trading.lab.ask import load, make
from trading.lab.backtest import backtest
from trading.lab.honesty import examine
from trading.lab.job import Job
from trading.lab.patient import Patient
from trading.lab.workers import Workers, work
from trading.market.archive import Recorded
from trading.strategies import Strategy

LUCK = (Check.LUCK,)


def a_job(strategy: Strategy | None = None, frame: pd.DataFrame | None = None, **changes: Any) -> Job:
    """`honest` over 2,000 hours of a random market."""
    strategy = strategy or a_strategy(honest)
    frame = walk(2000) if frame is None else frame
    fields: dict[str, Any] = {
        "strategy": strategy,
        "params": strategy.params(),
        "recorded": (market(frame),),
        "timeframe": HOUR,
        "cash": Decimal(10000),
        "fee": Decimal("0.001"),
        "slippage": Decimal("0.0005"),
    }
    return Job(**fields | changes)


def market(frame: pd.DataFrame, symbol: str = "BTC/USDT") -> Recorded:
    return Recorded(symbol=symbol, timeframe=HOUR, frame=frame, gaps=(), source=Path("walk"))


def a_trial(**changes: Any) -> Trial:
    fields: dict[str, Any] = {"strategy": "honest", "params": {}, "runs": 300}
    return Trial(**fields | changes)


def examined(job: Job | None = None, **changes: Any) -> Honesty:
    return examine(job or a_job(), a_trial(**changes), lambda _: None)


def verdict(found: Honesty, name: str):
    return next(v for v in found.verdicts if v.name == name)


def trending(bars: int = 3000) -> pd.DataFrame:
    """Long stretches up and down, with noise: what a trend follower can really live on."""
    dice = np.random.default_rng(5)
    drift = np.repeat(np.resize([0.002, -0.002], bars // 100), 100)
    return candles(100 * np.exp(np.cumsum(drift + dice.normal(0, 0.002, bars))))


def told(wanted: np.ndarray, frame: pd.DataFrame) -> Strategy:
    """A strategy that wants what it is told, at these candles."""
    line = pd.Series(wanted, index=frame.index)

    def oracle(shown: pd.DataFrame, p: cheaters.Params) -> pd.Series:
        return line.loc[shown.index]

    return a_strategy(oracle, warmup=1)


def test_every_check_gives_a_verdict_with_a_sentence_and_numbers():
    found = examined()

    assert [v.name for v in found.verdicts] == [
        "look_ahead",
        "warm_up",
        "answers",
        "random_entries",
        "buy_and_hold",
        "sharpe",
        "other_orders",
        "other_starts",
        "walk_forward",
        "sensitivity",
    ]
    assert all(v.sentence.endswith(".") and v.numbers for v in found.verdicts)
    assert found.spread is not None and len(found.spread.outcomes) == 300
    assert found.landscape is not None
    assert (found.symbol, found.bars, found.timeframe) == ("BTC/USDT", 2000, "1h")


def test_on_a_random_market_a_strategy_is_not_distinguishable_from_luck():
    found = examined()

    assert not verdict(found, "random_entries").passed
    assert verdict(found, "random_entries").sentence.startswith("Not distinguishable from luck: ")
    assert verdict(found, "sharpe").sentence.endswith(": not distinguishable from luck.")
    assert not found.passed


def test_a_trend_follower_on_a_trending_market_passes_everything_but_nothing_is_certain():
    found = examined(a_job(frame=trending()), drawdown_limit=0.9)

    passed = {v.name for v in found.verdicts if v.passed}
    assert {"look_ahead", "warm_up", "answers", "random_entries", "buy_and_hold", "sharpe"} <= passed
    assert {"walk_forward", "sensitivity", "other_orders"} <= passed
    assert verdict(found, "random_entries").numbers["p_value"] == pytest.approx(1 / 301)


def test_random_entries_are_called_skill_about_as_rarely_as_promised():
    frame, called = walk(600), []
    for seed in range(60):
        dice = np.random.default_rng(seed)
        wanted = np.repeat(np.arange(600) % 2, dice.integers(2, 20, 600))[:600].astype(float)
        found = examined(a_job(told(wanted, frame), frame), checks=LUCK, runs=100)
        called.append(verdict(found, "random_entries").passed)

    assert np.mean(called) <= 0.15


def test_partly_invested_stretches_are_judged_as_they_were_sized():
    frame = trending(1000)
    rising = np.repeat(np.resize([0.6, 0.0], 10), 100)

    found = verdict(examined(a_job(told(rising, frame), frame), checks=LUCK, runs=100), "random_entries")

    assert found.passed
    assert found.numbers["entries"] == 5
    assert found.numbers["random_50"] < found.numbers["ours"]


def test_the_numbers_of_ours_are_those_of_the_backtest():
    job = a_job(cash=Decimal(10**9))

    ours = verdict(examined(job, checks=LUCK), "random_entries").numbers["ours"]

    assert ours == pytest.approx(backtest(job, lambda _: None).total_return, rel=1e-8)


def test_dice_thrown_in_small_batches_tell_the_same_story(monkeypatch):
    at_once = examined(checks=(Check.LUCK, Check.MONTECARLO), runs=2000)
    monkeypatch.setattr(chance, "AT_ONCE", 1000)

    in_batches = examined(checks=(Check.LUCK, Check.MONTECARLO), runs=2000)

    assert in_batches.spread is not None and len(in_batches.spread.outcomes) == 2000
    for name, number in (("random_entries", "p_value"), ("other_orders", "loss_probability")):
        one, other = (verdict(found, name).numbers[number] for found in (at_once, in_batches))
        assert other == pytest.approx(one, abs=0.05)


def test_stays_of_different_lengths_without_a_spare_candle_can_still_change_places():
    frame = walk(100)
    wanted = np.ones(100)
    wanted[30] = 0.0

    found = verdict(examined(a_job(told(wanted, frame), frame), checks=LUCK, runs=100), "random_entries")

    assert "p_value" in found.numbers


def test_who_is_always_in_the_market_cannot_show_timing():
    frame = walk(500)

    found = examined(a_job(told(np.ones(500), frame), frame), checks=LUCK)

    assert verdict(found, "random_entries").sentence == (
        "It is in the market all the time, so its entries cannot be told from luck."
    )
    assert not found.passed


def test_who_never_trades_passes_no_check_of_luck():
    frame = walk(500)

    found = examined(
        a_job(told(np.zeros(500), frame), frame), checks=(Check.LUCK, Check.SHARPE, Check.MONTECARLO)
    )

    assert {v.sentence for v in found.verdicts} == {"It never traded here, so there is nothing to judge."}
    assert not any(v.passed for v in found.verdicts)


def test_holding_is_not_better_than_holding():
    frame = walk(1500)
    found = examined(a_job(told(np.ones(1500), frame), frame), checks=LUCK)

    numbers = verdict(found, "buy_and_hold").numbers
    assert numbers["sharpe"] == pytest.approx(numbers["sharpe_holding"])
    assert not verdict(found, "buy_and_hold").passed


def test_the_more_was_tried_the_less_is_believed():
    job = a_job(frame=trending(1500))

    few, many = (
        verdict(examined(job, checks=(Check.SHARPE,), trials=n), "sharpe").numbers for n in (2, 10**6)
    )

    assert many["deflated"] < few["deflated"] <= few["probabilistic"]
    assert many["best_of_luck"] > few["best_of_luck"]


def test_without_a_number_the_variants_of_the_map_are_the_trials():
    found = examined(checks=(Check.SHARPE, Check.SENSITIVITY))

    assert (
        verdict(found, "sharpe").numbers["trials"] == verdict(found, "sensitivity").numbers["variants"] == 7
    )


def test_losses_and_breaches_of_the_limit_are_counted():
    strict, loose = (examined(checks=(Check.MONTECARLO,), drawdown_limit=limit) for limit in (0.0, 1.0))

    assert verdict(strict, "other_orders").numbers["breach_probability"] == 1.0
    assert verdict(loose, "other_orders").numbers["breach_probability"] == 0.0
    assert verdict(loose, "other_starts").numbers["breach_probability"] == 0.0
    assert verdict(loose, "other_orders").numbers["loss_probability"] > 0.5


def test_the_same_seed_gives_the_same_verdicts_whatever_else_is_checked():
    alone, among, other = examined(checks=(Check.MONTECARLO,)), examined(), examined(seed=2)

    assert alone.of(Check.MONTECARLO) == among.of(Check.MONTECARLO)
    assert other.of(Check.MONTECARLO) != among.of(Check.MONTECARLO)


def test_a_cheater_is_caught_and_its_beautiful_numbers_do_not_save_it():
    found = examined(a_job(a_strategy(CHEATERS["knows_tomorrow"])))

    assert not verdict(found, "look_ahead").passed
    assert verdict(found, "random_entries").passed
    assert not found.passed


def test_answers_that_cannot_be_traded_end_the_examination():
    found = examined(a_job(a_strategy(cheaters.says_nan)))

    assert [v.name for v in found.verdicts] == ["answers"]


def test_numbers_in_sentences_are_written_as_people_read_them():
    found = examined(checks=(Check.MONTECARLO,), runs=1000)

    assert verdict(found, "other_orders").sentence.startswith(
        "With its trades drawn anew 1,000 times it lost money in "
    )
    assert "% of orderings it fell by more than the limit of 15%" in verdict(found, "other_orders").sentence
    assert [gain(share) for share in (10.49, -0.5, 0.0, 2.73e24)] == [
        "+1,049.0%",
        "-50.0%",
        "+0.0%",
        ">1,000,000,000%",
    ]


def test_it_is_told_from_when_gains_count():
    job = a_job()
    ready = job.strategy.warmup(job.params, HOUR.seconds) - 1
    first = job.recorded[0].frame.index[ready]

    found = examined(job, checks=(Check.LUCK,))

    assert (
        f"Its gain and that of holding count from {first:%Y-%m-%d %H:%M:%S} UTC, when it gave its first answer; "
        "a backtest counts both from its start."
    ) in found.notes


def test_every_check_is_made_on_every_market_and_the_first_failure_is_named():
    sound, other = market(walk(600)), market(walk(700, seed=2), "ETH/USDT")
    alone = {symbol.symbol: examined(a_job(recorded=(symbol,))) for symbol in (sound, other)}

    found = examined(a_job(recorded=(sound, other)))

    assert found.symbol == "BTC/USDT, ETH/USDT"
    assert (
        "Luck is judged on each of 2 markets; a check is passed when it is passed on all of them."
        in found.notes
    )
    for one in found.verdicts:
        if one.check is Check.BIAS:
            continue
        mine = [verdict(alone[symbol], one.name) for symbol in ("BTC/USDT", "ETH/USDT")]
        assert one.passed == all(v.passed for v in mine)
        named = 0 if one.passed or not mine[0].passed else 1
        assert one.sentence == f"{('BTC/USDT', 'ETH/USDT')[named]}: {mine[named].sentence}"


def test_progress_goes_up_through_all_markets():
    heard: list[float] = []
    job = a_job(recorded=(market(walk(600)), market(walk(700, seed=2), "ETH/USDT")))

    examine(job, a_trial(), heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_strategy_that_compares_markets_is_shown_all_of_them():
    strategy = cheaters.among_many(cheaters.compares_with_tomorrow)
    alone = a_job(strategy)
    among = a_job(strategy, recorded=(market(walk(600)), market(walk(600, seed=2), "ETH/USDT")))

    assert verdict(examined(alone, checks=(Check.BIAS,)), "look_ahead").passed
    assert not verdict(examined(among, checks=(Check.BIAS,)), "look_ahead").passed
    assert "It compares markets; its luck is judged on BTC/USDT alone." in examined(among).notes


def test_longer_candles_are_built_from_shorter_ones():
    found = examined(a_job(frame=walk(4000), timeframe=Timeframe.parse("4h")), checks=LUCK)

    assert (found.bars, found.timeframe) == (1000, "4h")


def test_days_end_at_midnight_and_add_up_to_the_whole():
    frame = walk(1000)
    job = a_job(told(np.ones(1000), frame), frame)

    patient = Patient.of(job, job.recorded[0])
    days = patient.daily(patient.result.equity)

    assert len(days) == 42
    assert np.prod(1 + days) == pytest.approx(patient.result.equity[-1])
    assert days[0] == pytest.approx(patient.result.equity[23] - 1)


def test_parameters_that_warm_up_longer_start_later_and_nothing_moves():
    job = a_job()
    patient = Patient.of(job, job.recorded[0])

    longer = patient.exposures({"length": 40})

    assert len(longer) == len(patient.wanted)
    assert longer[:40].tolist() == [0.0] * 40
    assert longer[40:].any()


def test_progress_goes_up_to_one():
    heard: list[float] = []

    examine(a_job(), a_trial(), heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_candles_that_do_not_suffice_for_windows_are_no_error():
    found = examined(a_job(frame=walk(100)), checks=(Check.WALKFORWARD,), windows=40)

    assert (
        verdict(found, "walk_forward").sentence == "There are too few candles to walk forward through them."
    )
    assert not found.passed


def test_no_verdicts_are_no_pass():
    assert not replace(examined(checks=LUCK), verdicts=()).passed


# --- through the worker -----------------------------------------------------------------------------------


def a_question(**changes: Any) -> Trial:
    return a_trial(strategy="ema_cross", params={"hold": "20"}, **changes)


def recorded_walk() -> tuple[Recorded, ...]:
    frame = Columns.of_frame(walk(900, step=timedelta(hours=1))).frame()
    return (market(frame),)


def test_the_worker_knows_a_trial_from_a_backtest():
    found = work("honesty", a_question(checks=LUCK), recorded_walk(), 0.0, lambda _: None)

    assert isinstance(found, Honesty)
    assert found.strategy == "ema_cross"


def test_a_refusal_comes_back_as_a_sentence():
    said = work("honesty", a_trial(strategy="ema_cros"), recorded_walk(), 0.0, lambda _: None)

    assert said == "There is no strategy 'ema_cros'; the nearest is 'ema_cross'."


async def test_verdicts_come_back_from_another_process_whole():
    workers = Workers()
    try:
        answers = [a async for a in workers.run("honesty", a_question(checks=LUCK), recorded_walk(), 0.0)]
    finally:
        workers.close()

    here = work("honesty", a_question(checks=LUCK), recorded_walk(), 0.0, lambda _: None)
    assert replace(answers[-1], seconds=0.0) == replace(here, seconds=0.0)


# --- on real candles --------------------------------------------------------------------------------------


def test_years_of_hours_are_judged():
    trial = a_trial(
        strategy="ema_cross", data=recorded("binance_BTC-USDT_1h.parquet"), runs=1000, drawdown_limit=0.15
    )

    found = examine(make(trial, load(trial)), trial, lambda _: None)

    assert [v.passed for v in found.of(Check.BIAS)] == [True, True, True]
    assert not found.passed
