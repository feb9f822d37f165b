"""Backtests and searches: the desk, the compiled gear and a bare loop over the same candles; in seconds of the CPU."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from bench._command import command
from bench._rivals import said
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.domain.research import Question, Terms
from trading.domain.risk import Limits
from trading.domain.search import SearchQuestion
from trading.lab import compiled
from trading.lab.backtest import backtest
from trading.lab.compiled import PLAIN, Market, Rules
from trading.lab.job import Job
from trading.lab.search import Search
from trading.lab.studies import Studies
from trading.limits import limits_of
from trading.market.archive import Recorded
from trading.settings_risk import Risk
from trading.strategies import find

FEE, SLIPPAGE = 0.001, 0.0005
RULES = Rules(cash=10_000.0, fee=FEE, slippage=SLIPPAGE)
FAST, SLOW = range(5, 30), range(30, 110, 2)  # 1,000 pairs


def market(bars: int, seconds: int, seed: int = 20240101, symbol: str = "BTC/USDT") -> Recorded:
    """A year whose moves linger for an hour or two, so that following them pays for its fees; the same every time."""
    dice = np.random.default_rng(seed)
    shocks = dice.standard_normal(bars) * 0.0004 * (seconds / 60) ** 0.5
    lingers = np.convolve(shocks, np.exp(-np.arange(400) / 80))[:bars] * 0.04
    close = np.round(30_000 * np.exp(np.cumsum(shocks + lingers)), 2)
    opened = np.concatenate(([30_000.0], close[:-1]))
    wicks = 1 + np.abs(dice.standard_normal((2, bars))) * 0.0002
    columns = {
        "open": opened,
        "high": np.round(np.maximum(opened, close) * wicks[0], 2),
        "low": np.round(np.minimum(opened, close) / wicks[1], 2),
        "close": close,
        "volume": dice.gamma(2.0, 5.0, bars),
    }
    index = pd.date_range("2024-01-01", periods=bars, freq=pd.Timedelta(seconds=seconds), tz="UTC", unit="s")
    frame = pd.DataFrame(columns, index=index)
    return Recorded(
        symbol=symbol, timeframe=Timeframe(seconds), frame=frame, gaps=(), source=Path("made here")
    )


def floor(opens: Any, closes: Any, fast: int, slow: int, fee: float, slippage: float) -> tuple[float, int]:
    """No limits, no steps, no record of fills: the least that can be called a backtest."""
    quick = slowly = closes[0]
    a, b = 2.0 / (fast + 1), 2.0 / (slow + 1)
    cash, held, fills, wish = 10_000.0, 0.0, 0, False
    for bar in range(len(closes)):
        if wish and held == 0.0:
            price = opens[bar] * (1.0 + slippage)
            held = cash / 1.005 / price
            cash -= held * price * (1.0 + fee)
            fills += 1
        elif not wish and held > 0.0:
            cash += held * opens[bar] * (1.0 - slippage) * (1.0 - fee)
            held = 0.0
            fills += 1
        quick += a * (closes[bar] - quick)
        slowly += b * (closes[bar] - slowly)
        wish = quick > slowly and bar > 16 * slow
    return cash + held * closes[-1], fills


def timed(work: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    """The best of so many, in seconds of this process on the CPU, and what it gave: others may load the machine."""
    best, found = float("inf"), None
    for _ in range(times):
        began = process_time()
        found = work()
        best = min(best, process_time() - began)
    return best, found


def row(name: str, seconds: float, base: float | None = None, note: str = "", work: str = "") -> None:
    """One line; `work` names its target and its rival, `base` is the floor of the same run."""
    ratio = f"{seconds / base:9.1f} x" if base else ""
    notes = "; ".join(filter(None, (said(work, seconds), note)))
    print(f"{name:64}{seconds * 1e3:>11.1f} ms{ratio:>12}  {notes}")


def bare(plain: Callable[..., Any] = floor) -> Any:
    """A floor, compiled; None without numba."""
    try:
        from numba import njit
    except ImportError:
        return None
    return njit(plain)


def guarded(
    opens: Any, highs: Any, lows: Any, closes: Any, fast: int, slow: int, fee: float, slippage: float
) -> float:
    """The floor with a trailing stop of three ATR(14) and a target of 5 %: no ids, no record, the stop first."""
    quick = slowly = closes[0]
    a, b = 2.0 / (fast + 1), 2.0 / (slow + 1)
    cash, held, wish, barred, swing = 10_000.0, 0.0, False, False, highs[0] - lows[0]
    best = entry = trail = 0.0
    for bar in range(1, len(closes)):
        if wish and held == 0.0 and not barred:
            entry = opens[bar] * (1.0 + slippage)
            held = cash / 1.005 / entry
            cash -= held * entry * (1.0 + fee)
            best, trail = entry, entry - 3.0 * swing
        elif not wish and held > 0.0:
            cash += held * opens[bar] * (1.0 - slippage) * (1.0 - fee)
            held = 0.0
        if held > 0.0 and (lows[bar] <= trail or highs[bar] >= entry * 1.05):
            level = min(trail, opens[bar]) if lows[bar] <= trail else max(entry * 1.05, opens[bar])
            cash += held * level * (1.0 - slippage) * (1.0 - fee)
            held, barred = 0.0, True
        before = closes[bar - 1]
        swing += (max(highs[bar], before) - min(lows[bar], before) - swing) / 14.0
        best = max(best, highs[bar])
        trail = max(trail, best - 3.0 * swing)
        quick += a * (closes[bar] - quick)
        slowly += b * (closes[bar] - slowly)
        wish = quick > slowly and bar > 16 * slow
        barred = barred and wish
    return float(cash + held * closes[-1])


def _job(*recorded: Recorded, protect: dict[str, str] | None = None, **changes: Any) -> Job:
    strategy = find("ema_cross")
    fields: dict[str, Any] = {
        "strategy": strategy,
        "params": strategy.params({}),
        "recorded": recorded,
        "timeframe": recorded[0].timeframe,
        "cash": Decimal(10_000),
        "fee": Decimal(str(FEE)),
        "slippage": Decimal(str(SLIPPAGE)),
        "terms": Terms(protect=protect or {}),
    }
    return Job(**fields | changes)


FAR = Limits(
    order_share=1.0, daily_loss=0.999999, drawdown=0.999999
)  # watched at every candle, never reached
HOUSE = limits_of(Risk())  # every rule there is, as the settings have them; the fall of 15 % ends it


def _by_desk(job: Job, name: str, base: float | None, work: str, exact: Any) -> None:
    """The same with limits: far away ones, which change nothing, and the house's own."""
    far, watched = timed(lambda: backtest(replace(job, limits=FAR), lambda done: None), 3)
    row(f"{name} the desk, every candle's limits watched", far, base, work=work)
    house, stopped = timed(lambda: backtest(replace(job, limits=HOUSE), lambda done: None), 2)
    row(
        f"{name} the desk, every rule of the house",
        house,
        base,
        f"{2 * len(stopped.trades)} fills, then {stopped.stopped[0].reason if stopped.stopped else 'the end'}",
        work,
    )
    assert exact.final_equity == watched.final_equity


def protected() -> None:
    """W4: W1 with a trailing stop of three ATR(14) and a target of 5 %."""
    year = market(525_600, 60)
    job = _job(year, protect={"atr_trail": "3", "take": "0.05"})
    compiled.run(job)
    arrays, rules, base = Market.of(year, year.timeframe), Rules.of(job), None

    def warm() -> Any:
        arrays.averages.clear()
        arrays.ranges.clear()
        return compiled.trade(arrays, compiled.wanted(arrays, job.strategy, job.params), rules)

    loop = bare(guarded)
    if loop is not None:
        given = (arrays.open, arrays.high, arrays.low, arrays.close, 9, 21, FEE, SLIPPAGE)
        loop(*given)
        base, _ = timed(lambda: loop(*given), 7)
        row("W4 bare compiled loop (floor)", base)
    quick, run = timed(warm, 7)
    row("W4 compiled gear, warm, indicators included", quick, base, work="W4 gear")
    exact, report = timed(lambda: backtest(job, lambda done: None), 3)
    row("W4 booked to the last digit, with its report", exact, base, f"{len(run.bars)} fills", "W4 desk")
    _by_desk(job, "W4", base, "W4 desk", report)
    assert abs(run.final - float(report.final_equity)) < 0.01


def eight_markets() -> None:
    """W2: W1 over eight symbols that share one account."""
    names = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "BNB")
    years = [market(525_600, 60, seed=seed, symbol=f"{name}/USDT") for seed, name in enumerate(names)]
    seconds, report = timed(lambda: backtest(_job(*years), lambda done: None))
    fills = 2 * len(report.trades)
    row("W2 eight symbols in one portfolio, the desk", seconds, None, f"{fills} fills", "W2 desk")


def one_year_of_minutes() -> None:
    """W1: EMA 9/21 over 525,600 one-minute candles."""
    year = market(525_600, 60)
    job = _job(year)
    strategy = job.strategy
    exact, booked = timed(lambda: backtest(job, lambda done: None), 3)
    first, _ = timed(lambda: compiled.run(job))
    whole, run = timed(lambda: compiled.run(job), 5)
    arrays = Market.of(year, year.timeframe)

    def warm() -> Any:
        arrays.averages.clear()
        return compiled.trade(arrays, compiled.wanted(arrays, strategy, job.params), RULES)

    quick, _ = timed(warm, 7)
    plain, _ = timed(lambda: compiled.run(job, PLAIN))
    loop, base = bare(), None
    if loop is not None:
        given = (arrays.open, arrays.close, 9, 21, FEE, SLIPPAGE)
        loop(*given)
        base, _ = timed(lambda: loop(*given), 7)
        row("W1 bare compiled loop (floor)", base)
    row("W1 compiled gear, warm, indicators included", quick, base, work="W1 gear")
    row("W1 compiled gear, warm, from the data frame", whole, base)
    row("W1 compiled gear, first call in this process", first, base)
    row("W1 the same loops as plain Python", plain, base, work="W1 plain")
    fills = len(run.bars)
    row("W1 booked to the last digit, with its report", exact, base, f"{fills} fills", "W1 desk")
    _by_desk(job, "W1", base, "W1 desk", booked)
    assert fills // 2 == len(booked.trades)
    assert abs(run.final - float(booked.final_equity)) < 0.01


def a_thousand_pairs() -> None:
    """W3: 1,000 pairs of averages over 8,760 hourly candles."""
    year, strategy = market(8_760, 3600), find("ema_cross")
    pairs = [(f, s) for f in FAST for s in SLOW]
    many = [strategy.params({"fast": f, "slow": s}) for f, s in pairs]

    def sweep() -> Any:
        return compiled.run_many(Market.of(year, year.timeframe), strategy, many, RULES)

    seconds, runs = timed(sweep, 5)
    arrays, loop, base = Market.of(year, year.timeframe), bare(), None
    if loop is not None:
        loop(arrays.open, arrays.close, 5, 30, FEE, SLIPPAGE)

        def all_pairs() -> list[Any]:
            return [loop(arrays.open, arrays.close, f, s, FEE, SLIPPAGE) for f, s in pairs]

        base, _ = timed(all_pairs, 5)
        row("W3 1,000 pairs, bare compiled loop (floor)", base)
    best = max(run.final for run in runs if run)
    row("W3 1,000 pairs, compiled gear", seconds, base, f"best pair ends at {best:,.2f}", "W3 gear")


def fifty_generations() -> None:
    """W5: a genetic search of 50 generations of 20 over W3's space, judged out of sample, kept in a file."""
    year = market(8_760, 3600)
    words = {"fast": f"{FAST[0]}..{FAST[-1]}", "slow": f"{SLOW[0]}..{SLOW[-1]}..2"}
    for method in ("random", "genetic", "bayes"):
        with tempfile.TemporaryDirectory() as folder:
            asked = SearchQuestion(
                question=Question(strategy="ema_cross", params=words),
                method=method,
                trials=1000,
                objectives=("sharpe",),
                min_trades=5,
                max_drawdown=None,
                study="w5",
                join=False,
            )
            studies = Studies(f"sqlite:///{Path(folder) / 'studies.db'}")
            search = Search(asked, (year,), studies, lambda told: None)
            try:
                seconds, found = timed(search.run)
            except Refused as refused:
                print(refused.tell)
                continue
            finally:
                studies.close()
        row(f"W5 1,000 tries, {method}", seconds, None, f"best Sharpe {found.best.values[0]:.2f}")


def whole_process() -> None:
    """`main.py backtest` of W1 and `main.py optimise` of W5: with nothing compiled yet, in a new data folder, again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minutes = _written(market(525_600, 60), folder / "binance_BTC-USDT_1m.parquet")
        hours = _written(market(8_760, 3600), folder / "binance_BTC-USDT_1h.parquet")
        space = [f"fast={FAST[0]}..{FAST[-1]}", f"slow={SLOW[0]}..{SLOW[-1]}..2"]
        search = ["optimise", "ema_cross", *space, "--method", "genetic", "--trials", "1000", "--data", hours]
        for work, words in ("W1", ["backtest", "ema_cross", "--data", minutes]), ("W5", search):
            made = folder / f"made for {work}"
            for data, which in (
                ("first", "nothing compiled"),
                ("second", "a new data folder"),
                ("second", "again"),
            ):
                took = command(words, data=folder / work / data, made=made)
                line = f"{work} whole process, main.py {words[0]}, {which}"
                row(line, took.cpu, note=took.note, work=f"{work} process")


def _written(recorded: Recorded, path: Path) -> str:
    recorded.frame.rename_axis("timestamp").reset_index().to_parquet(path)
    return str(path)


async def main() -> None:
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(
        f"seconds on the CPU, the least of several runs; the machine's load is {busy} on {os.cpu_count()} cores"
    )
    whole_process()
    one_year_of_minutes()
    protected()
    eight_markets()
    a_thousand_pairs()
    fifty_generations()
