"""How long the chat's loop is held up while two backtests and two searches run beside it, and what they hand back."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from trading.domain.jobs import Asker
from trading.domain.market import Timeframe
from trading.domain.research import Question
from trading.domain.search import SearchQuestion
from trading.lab import searching
from trading.lab.queue import Queue
from trading.lab.workers import Workers
from trading.market.archive import Recorded
from trading.settings import Settings

BARS = 100_000  # minutes
BEAT = 0.005  # seconds between two looks at the clock
FLOOR_MS = 50.0
ASKER = Asker(id=1, name="bench", line="")


def recorded() -> Recorded:
    dice = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(dice.normal(0, 0.0008, BARS)))
    first = np.concatenate(([100.0], close[:-1]))
    columns = {
        "open": first,
        "high": np.maximum(first, close) * 1.0002,
        "low": np.minimum(first, close) * 0.9998,
        "close": close,
        "volume": np.full(BARS, 10.0),
    }
    index = pd.date_range("2024-01-01", periods=BARS, freq="1min", tz="UTC").as_unit("s")
    frame = pd.DataFrame(columns, index=index)
    return Recorded(
        symbol="BTC/USDT", timeframe=Timeframe(60), frame=frame, gaps=(), source=Path("made here")
    )


async def lags(over: asyncio.Event) -> list[float]:
    """Milliseconds by which the loop came late, beat by beat."""
    found = []
    while not over.is_set():
        began = perf_counter()
        await asyncio.sleep(BEAT)
        found.append((perf_counter() - began - BEAT) * 1e3)
    return found


async def drained(told: AsyncGenerator[Any, None]) -> None:
    async with aclosing(told) as heard:
        async for _ in heard:
            pass


async def measured(*works: Any) -> tuple[list[float], float]:
    """Lags while all of these run through the queue, two at once."""
    queue, over = (
        Queue(lambda: pd.Timestamp.now("UTC").to_pydatetime(), places=2, per_person=9),
        asyncio.Event(),
    )
    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(lags(over))
        running = [group.create_task(drained(queue.run(ASKER, "bench", work))) for work in works]
        await asyncio.wait(running)
        over.set()
    return watching.result(), perf_counter() - began


def row(name: str, found: list[float], seconds: float) -> None:
    p50, p99, worst = np.percentile(found, 50), np.percentile(found, 99), max(found)
    verdict = "ok" if p99 < FLOOR_MS else f"above {FLOOR_MS:.0f} ms"
    print(f"{name:34}{p50:>10.2f}{p99:>10.2f}{worst:>10.1f}{seconds:>10.1f}  {verdict}")


async def main() -> None:
    print(f"{'loop lag, ms':34}{'median':>10}{'p99':>10}{'worst':>10}{'seconds':>10}")
    candles, workers = recorded(), Workers()
    question = Question(strategy="ema_cross", params={})

    def tested(job: str) -> AsyncGenerator[Any, None]:
        return workers.run("backtest", question, (candles,), 0.0, job)

    def replayed(job: str) -> AsyncGenerator[Any, None]:
        short = Recorded(
            symbol=candles.symbol,
            timeframe=candles.timeframe,
            frame=candles.frame.iloc[:20_000],
            gaps=(),
            source=candles.source,
        )
        return workers.run("replay", question, (short,), 0.0, job)

    async def nothing(_: str) -> AsyncGenerator[Any, None]:
        await asyncio.sleep(3)
        yield None

    row("nothing runs", *await measured(nothing))
    row("two backtests, processes starting", *await measured(tested, tested))
    row("two backtests, processes there", *await measured(tested, tested, tested, tested))
    row("two replays", *await measured(replayed, replayed))
    workers.close()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})

        def searched(name: str) -> Any:
            asked = SearchQuestion(
                question=Question(strategy="rsi", params={}),
                method="random",
                trials=30,
                objectives=("sharpe",),
                min_trades=1,
                max_drawdown=None,
                study=name,
                join=False,
            )
            order = searching.order_for(asked, (candles,), settings)
            return lambda _: searching.run(order, own_process=True)

        row("two searches", *await measured(searched("one"), searched("two")))
