"""Backtests and replays in processes of their own, so that chat and trading never stutter."""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import aclosing, suppress
from ctypes import c_double, c_int
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal

from trading.domain.errors import Refused, TradingError
from trading.domain.honesty import Honesty, Trial
from trading.domain.jobs import Going
from trading.domain.report import Report
from trading.domain.research import Question
from trading.lab.ask import make
from trading.lab.backtest import backtest
from trading.lab.honesty import examine
from trading.lab.replay import replay_now
from trading.lab.telling import thinned
from trading.market.archive import Recorded
from trading.strategies.own import folders, load_folder

ENDED = 2**31 - 1  # in place of its number where a process is not to begin; no process has it
POLL_SECONDS = 0.25
NICE = 10  # how far a worker steps back for the desk
Kind = Literal["backtest", "replay", "honesty"]
Answer = Report | Honesty
_progress: Any = None


def _begin_process(progress: Any, pid: Any) -> None:
    """Ctrl+C at the terminal reaches every process there; this one is ended by the desk, and gives way to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way()
    with pid.get_lock():
        if pid.value == ENDED:  # before it had begun
            os._exit(0)
        pid.value = os.getpid()
    _remember(progress)


def give_way() -> None:
    """Trading and chats come first on this machine, whatever a search would like to take."""
    os.nice(NICE)


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

    found = work(kind, question, recorded, load_seconds, note)
    return replace(found, equity=thinned(found.equity)) if isinstance(found, Report) else found


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


class _Died(Exception):
    """The process ended before its work was done."""


class _Seat:
    """One worker process that is used again and again; or, where there is nothing else to do, a thread."""

    def __init__(self, context: Any, *, own_process: bool) -> None:
        self._context, self._own_process = context, own_process
        self._pool: Executor | None = None
        self._shared: Any = None
        self._pid: Any = None
        self.taken = False

    async def work(self, *asked: Any) -> AsyncGenerator[float | Answer | str, None]:
        """Progress now and then, and what came of it. Left early, or when it dies, the process is ended."""
        pool = self._open()
        doing = asyncio.get_running_loop().run_in_executor(pool, _run, *asked)
        try:
            while not doing.done():
                await asyncio.wait([doing], timeout=POLL_SECONDS)
                yield float(self._shared.value)
            yield await doing
        except BrokenProcessPool:
            raise _Died from None
        finally:
            if not doing.done() or (not doing.cancelled() and doing.exception() is not None):
                doing.cancel()
                self.end()

    def end(self) -> None:
        """End the process, whatever it is doing; the next work gets a new one."""
        if self._pool is None:
            return
        unread = getattr(self._pool, "_call_queue", None)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None
        if not self._own_process:
            return
        if unread is not None and sys.version_info < (3, 11, 5):
            unread._reader.close()  # or that Python would wait for a reader for ever (its issue 94777)
        with self._pid.get_lock():
            pid, self._pid.value = self._pid.value, ENDED
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _open(self) -> Executor:
        if self._pool is None and self._own_process:
            self._shared = self._context.Value(c_double, 0.0, lock=False)
            self._pid = self._context.Value(c_int, 0)
            self._pool = ProcessPoolExecutor(
                1, self._context, initializer=_begin_process, initargs=(self._shared, self._pid)
            )
        elif self._pool is None:
            self._shared = SimpleNamespace(value=0.0)
            self._pool = ThreadPoolExecutor(1, "lab", initializer=partial(_remember, self._shared))
        return self._pool


class Workers:
    """Worker processes beside the desk, started when they are needed; or, for a command line, a thread."""

    def __init__(self, *, own_process: bool = True) -> None:
        self._own_process = own_process
        self._context = multiprocessing.get_context("spawn")
        self._seats: list[_Seat] = []
        self._closed = False

    async def run(
        self,
        kind: Kind,
        question: Question,
        recorded: tuple[Recorded, ...],
        load_seconds: float,
        job: str = "",
    ) -> AsyncGenerator[Going | Answer, None]:
        """Progress (0 ... 1) now and then, and the answer at the end. Raises Refused when it cannot be made.

        A process that is killed from outside costs time only: its work is begun again, once, unless the house ends.
        """
        seat = self._sit_down()
        asked = (kind, question, recorded, load_seconds, folders())
        try:
            for again in (False, True):
                try:
                    async with aclosing(seat.work(*asked)) as heard:
                        async for told in heard:
                            if isinstance(told, str):
                                raise Refused(told)
                            yield (
                                Going(job=job, share=told, begun_again=again)
                                if isinstance(told, float)
                                else told
                            )
                    return
                except _Died:
                    self._check_open()
            raise Refused(
                "The worker process was ended twice before it was done, so it was given up; ask again."
            )
        finally:
            seat.taken = False

    @property
    def own_process(self) -> bool:
        """False where a thread will do."""
        return self._own_process

    def close(self) -> None:
        """End every worker, whatever it is doing: the end of the house waits for no backtest."""
        self._closed = True
        for seat in self._seats:
            seat.end()
        for child in multiprocessing.active_children() if self._own_process else ():
            child.terminate()

    def _check_open(self) -> None:
        if self._closed:
            raise Refused("Tradewind was stopped before this was done.")

    def _sit_down(self) -> _Seat:
        """A seat that is free, or one more."""
        self._check_open()
        seat = next((seat for seat in self._seats if not seat.taken), None)
        if seat is None:
            seat = _Seat(self._context, own_process=self._own_process)
            self._seats.append(seat)
        seat.taken = True
        return seat
