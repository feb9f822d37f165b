"""Backtests and replays in a process of their own, so that chat and trading never stutter; one at a time."""

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from ctypes import c_double
from functools import partial
from typing import Any, Literal

from trading.domain.errors import Refused, TradingError
from trading.domain.honesty import Honesty, Trial
from trading.domain.report import Report
from trading.domain.research import Question
from trading.lab.ask import make
from trading.lab.backtest import backtest
from trading.lab.honesty import examine
from trading.lab.replay import replay_now
from trading.market.archive import Recorded
from trading.strategies.own import folders, load_folder

POLL_SECONDS = 0.25
Kind = Literal["backtest", "replay", "honesty"]
Answer = Report | Honesty
_progress: Any = None


def _begin_process(progress: Any) -> None:
    """Ctrl+C at the terminal reaches every process there; this one is ended by the desk."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _remember(progress)


def _remember(progress: Any) -> None:
    global _progress
    _progress = progress


def _run(
    kind: Kind,
    question: Question,
    recorded: tuple[Recorded, ...],
    load_seconds: float,
    own: tuple[str, ...] = (),
) -> Answer | str:
    """In the worker. Strategies are found there by name; refusals travel as text: they are answers, not crashes."""
    _progress.value = 0.0
    try:
        for folder in own:
            load_folder(folder)
    except TradingError as error:
        return error.tell

    def note(done: float) -> None:
        _progress.value = done

    return work(kind, question, recorded, load_seconds, note)


def work(
    kind: Kind,
    question: Question,
    recorded: tuple[Recorded, ...],
    load_seconds: float,
    note: Callable[[float], None],
) -> Answer | str:
    """Do it here and now; the answer, or why there is none."""
    try:
        job = make(question, recorded)
        if isinstance(question, Trial):
            return examine(job, question, note)
        return (
            backtest(job, note, load_seconds) if kind == "backtest" else replay_now(job, note, load_seconds)
        )
    except TradingError as error:
        return error.tell


class Workers:
    """A queue in front of one worker process; or, for a command line that has nothing else to do, a thread."""

    def __init__(self, *, own_process: bool = True) -> None:
        self._own_process = own_process
        self._context = multiprocessing.get_context("spawn")
        self._pool: Executor | None = None
        self._shared: Any = None
        self._turn = asyncio.Lock()

    async def run(
        self, kind: Kind, question: Question, recorded: tuple[Recorded, ...], load_seconds: float
    ) -> AsyncIterator[float | Answer]:
        """Progress (0 ... 1) now and then, and the answer at the end. Raises Refused when it cannot be made."""
        while self._turn.locked():
            yield 0.0
            await asyncio.sleep(POLL_SECONDS)
        async with self._turn:
            pool = self._open()
            doing = asyncio.get_running_loop().run_in_executor(
                pool, _run, kind, question, recorded, load_seconds, folders()
            )
            try:
                while not doing.done():
                    await asyncio.wait([doing], timeout=POLL_SECONDS)
                    yield float(self._shared.value)
                answer = await doing
            except BrokenProcessPool:
                self._pool = None
                raise Refused("The worker process ended before it was done; ask again.") from None
        if isinstance(answer, str):
            raise Refused(answer)
        yield answer

    @property
    def own_process(self) -> bool:
        """False where a thread will do."""
        return self._own_process

    def close(self) -> None:
        """End the worker, whatever it is doing: the end of the house waits for no backtest."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        for child in multiprocessing.active_children() if self._own_process else ():
            child.terminate()

    def _open(self) -> Executor:
        if self._pool is None:
            self._shared = self._context.Value(c_double, 0.0, lock=False)
            begin = partial(_remember, self._shared)
            if self._own_process:
                self._pool = ProcessPoolExecutor(
                    1, self._context, initializer=_begin_process, initargs=(self._shared,)
                )
            else:
                self._pool = ThreadPoolExecutor(1, "lab", initializer=begin)
        return self._pool
