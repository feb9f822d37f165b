"""Searches: chosen on the first part, judged on the last; interrupted, resumed, joined, refused."""

import asyncio
import os
import signal
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes.postgres import Postgres, postgres
from tests.trading.lab.searches import HOUR, a_search, candles, found
from trading.domain.errors import Refused
from trading.domain.search import SearchProgress, SearchResult, Try
from trading.lab import compiled, propose, search, searching
from trading.lab.backtest import backtest
from trading.lab.compiled import Market, Rules
from trading.lab.job import Job
from trading.lab.search import chosen, front, importance
from trading.lab.searching import Order, rejoined
from trading.lab.studies import Studies
from trading.lab.tries import Bench
from trading.strategies import find

__all__ = ["postgres"]


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'studies.db'}"


def order(asked, url, tmp_path) -> Order:
    return Order(asked=asked, recorded=(candles(),), studies=url, cache=tmp_path / "numba")


@pytest.mark.parametrize("method", ["grid", "random", "bayes", "genetic"])
def test_the_best_is_the_best_of_all_that_fit(method, url):
    if method in ("bayes", "genetic"):
        pytest.importorskip("optuna")

    result = found(a_search(method=method, trials=30), url)

    assert len(result.tries) == len(grid_points(result)) if method == "grid" else 30
    assert result.best.values[0] == max(t.values[0] for t in result.tries if t.fits)
    assert result.best.params["hold"] == 300
    assert all(3 <= t.params["fast"] <= 20 and 25 <= t.params["slow"] <= 60 for t in result.tries)


def grid_points(result: SearchResult) -> set:
    return {tuple(t.params.items()) for t in result.tries}


def test_it_is_chosen_on_the_first_part_and_judged_on_the_last(url):
    whole, strategy = candles(), find("ema_cross")

    result = found(a_search(), url)

    early = replace(whole, frame=whole.frame[whole.frame.index < result.split_at])
    job = Job(
        strategy=strategy, params=strategy.params(result.best.params), recorded=(early,), timeframe=HOUR,
        cash=Decimal(10000), fee=Decimal("0.001"), slippage=Decimal("0.0005"),
    )  # fmt: skip
    assert len(early.frame) == 2100
    assert result.best.figures["sharpe"] == pytest.approx(
        backtest(job, lambda done: None).metrics["sharpe"], rel=1e-6
    )
    market = Market.of(whole, HOUR)
    wishes = compiled.wanted(market, strategy, job.params)[2100:].copy()
    later = compiled.trade(market[2100:], wishes, Rules(cash=10000.0, fee=0.001, slippage=0.0005))
    assert result.outside["total_return"] == pytest.approx(later.final / later.initial - 1, rel=1e-6)
    assert result.outside["sharpe"] != result.best.figures["sharpe"]


def test_what_is_asked_for_again_is_worked_out_once(url, monkeypatch):
    worked_out, figures = [], Bench.figures
    monkeypatch.setattr(Bench, "figures", lambda bench, one: worked_out.append(one) or figures(bench, one))

    result = found(a_search({"fast": "3..5", "slow": "25", "hold": "300"}, trials=20), url)

    assert len(result.tries) == 20
    assert len(worked_out) == len({one.params["fast"] for one in result.tries}) <= 3
    assert all(one.figures for one in result.tries)


def test_what_does_not_fit_is_never_the_best(url):
    free = found(a_search(), url)
    enough = sorted(t.figures["trades"] for t in free.tries)[-2]

    result = found(a_search(study="many trades", min_trades=int(enough)), url)

    assert result.best.figures["trades"] >= enough
    assert [t.params for t in result.tries] != [] and any(not t.fits for t in result.tries)


def test_nothing_that_fits_is_an_answer_too(url):
    result = found(a_search(max_drawdown=0.0001), url)

    assert result.best is None
    assert result.outside == {}
    assert len(result.tries) == 12
    assert result.usual["sharpe"] is not None


def test_parameters_that_need_more_candles_than_there_are_do_not_fit(url):
    result = found(a_search({"fast": "3..20", "hold": "1..5000"}, trials=20), url)

    short = [t for t in result.tries if t.params["hold"] > 2100]
    assert short
    assert not any(t.fits for t in short)


def test_an_interrupted_search_goes_on_where_it_was(url):
    told: list[SearchProgress] = []
    part = found(
        a_search(trials=60), url, note=told.append, stopped=lambda: bool(told) and told[-1].done >= 20
    )

    whole = found(a_search(trials=60), url)

    assert len(part.tries) == 20
    assert len(whole.tries) == 60
    assert whole.tries[:20] == part.tries


def test_a_genetic_search_goes_on_with_its_generations(url):
    pytest.importorskip("optuna")
    found(a_search(method="genetic", trials=40), url)

    whole = found(a_search(method="genetic", trials=80), url)

    assert len(whole.tries) == 80


def test_several_objectives_have_a_front(url):
    result = found(a_search(objectives=("sharpe", "-max_drawdown"), trials=40), url)

    assert result.best in result.tries
    assert 1 <= len(result.front) < 40
    for one in result.front:
        assert not any(
            a.values[0] > one.values[0] and a.values[1] > one.values[1] for a in result.tries if a.fits
        )


def test_a_name_in_use_with_other_settings_is_refused(url):
    found(a_search(), url)

    with pytest.raises(Refused, match=r"another objective.*sharpe.*--join first"):
        found(a_search(objectives=("calmar",)), url)
    with pytest.raises(Refused, match="another candles"):
        found(a_search(), url, (candles(seed=8),))


def test_a_study_is_joined_by_its_name_alone(url):
    found(a_search(objectives=("calmar",), min_trades=3), url)

    asked = rejoined(a_search({}, study="first", join=True, trials=None), url)

    assert asked.objectives == ("calmar",)
    assert asked.min_trades == 3
    assert asked.question.params == {"fast": "3..20", "slow": "25..60", "hold": "300"}
    assert asked.trials == 12
    with pytest.raises(Refused, match="nearest is 'first'"):
        rejoined(a_search(study="frist", join=True), url)
    with pytest.raises(Refused, match="searches ema_cross, not rsi"):
        rejoined(a_search(strategy="rsi", join=True), url)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "magic"}, "no method 'magic'"),
        ({"trials": 0}, "--trials must be within"),
        ({"objectives": ("sharp",)}, "no figure 'sharp'"),
        ({"objectives": ()}, "one to three objectives"),
        ({"min_trades": -1}, "--min-trades"),
        ({"max_drawdown": 20.0}, "--max-drawdown is a share"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(changes, said, url):
    with pytest.raises(Refused, match=said):
        found(a_search(**changes), url)


def test_a_missing_extra_is_named(monkeypatch, url):
    monkeypatch.setattr(propose.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(Refused, match="needs the extra 'optimize'"):
        found(a_search(method="bayes"), url)


def test_several_symbols_are_done_by_the_desk_which_says_so(url):
    both = (candles(900), candles(900, 8, "ETH/USDT"))

    result = found(a_search({"fast": "3..5", "slow": "10..12", "hold": "20"}, trials=2), url, both)

    assert result.notes == ("Several markets share one account, so the desk itself tried them.",)
    assert result.best.figures["sharpe"] is not None
    assert result.outside["sharpe"] is not None


async def test_a_search_beside_the_desk_tells_how_far_it_is(url, tmp_path):
    heard = [
        told async for told in searching.run(order(a_search(trials=45), url, tmp_path), own_process=False)
    ]

    assert [p.done for p in heard[:-1]] == [0, 20, 40, 45]
    assert isinstance(heard[-1], SearchResult)
    assert heard[-2].best == heard[-1].best


async def test_a_killed_process_loses_nothing_that_was_written(url, tmp_path):
    going = searching.run(order(a_search(trials=100_000), url, tmp_path), own_process=True)

    with pytest.raises(Refused, match="--join first goes on"):
        async for told in going:
            if told.done >= 100:
                (worker,) = [p for p in searching.multiprocessing.active_children() if p.name == "search"]
                os.kill(worker.pid, signal.SIGKILL)

    store = Studies(url)
    kept = store.since("first", set())
    store.close()
    assert len(kept) >= 100
    assert {"values", "figures", "memory"} <= set(kept[0])


async def test_a_search_nobody_listens_to_any_more_ends(url, tmp_path):
    going = searching.run(order(a_search(trials=100_000), url, tmp_path), own_process=True)
    async for told in going:
        if told.done:
            break

    await asyncio.wait_for(going.aclose(), 20)

    assert [p for p in searching.multiprocessing.active_children() if p.name == "search"] == []


def test_long_work_is_shared_by_processes(url, monkeypatch, tmp_path):
    alone = found(a_search(trials=24), url)
    monkeypatch.setattr("trading.lab.tries.LONG", 0.0)
    monkeypatch.setattr("trading.lab.tries.SURE", 0.0)

    shared = found(a_search(trials=24, study="second"), url, processes=2, cache=tmp_path / "numba")

    assert sorted(t.params["fast"] for t in shared.tries) != []
    same = {tuple(t.params.items()): t.values for t in alone.tries}
    both = [t for t in shared.tries if tuple(t.params.items()) in same]
    assert all(t.values == same[tuple(t.params.items())] for t in both)
    assert len(shared.tries) == 24


def test_the_place_of_studies_is_refused_in_a_sentence_when_it_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Refused, match="cannot be"):
        Studies(f"sqlite:///{tmp_path / 'file' / 'studies.db'}")


def a_try(fast: int, slow: int, *values: float) -> Try:
    return Try(params={"fast": fast, "slow": slow}, values=values, figures={}, fits=True)


def test_the_chosen_one_is_well_placed_in_every_objective():
    tries = [a_try(1, 1, 3.0, 0.0), a_try(2, 1, 2.5, 0.9), a_try(3, 1, 0.0, 1.0), a_try(4, 1, 2.0, 0.8)]

    assert chosen(tries) is tries[1]
    assert front(tries) == (tries[0], tries[1], tries[2])
    assert chosen([]) is None


def test_the_parameter_that_moves_the_result_is_the_important_one():
    tries = [a_try(f, s, float(f) + 0.01 * s) for f in range(10) for s in range(10)]

    found = importance(tries, ["slow", "fast"])

    assert list(found) == ["fast", "slow"]
    assert found["fast"] > 0.95
    assert found["slow"] < 0.05
    assert search.importance(tries[:5], ["fast"]) == {}


@pytest.mark.postgres
def test_two_processes_add_to_one_study_on_postgresql(postgres: Postgres):
    place = postgres.new_database()
    first = found(a_search(trials=20), place)

    second = found(rejoined(a_search({}, join=True, trials=50), place), place)

    assert len(second.tries) == 50
    assert second.tries[:20] == first.tries
    tables = postgres.run("select table_schema from information_schema.tables where table_name in "
                          "('studies', 'batches')", place.split("@/")[1].split("?")[0])  # fmt: skip
    assert {row[0] for row in tables} == {"tradewind_search"}
