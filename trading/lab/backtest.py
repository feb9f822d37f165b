"""A strategy over recorded candles, as fast as the candles can be read."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from trading.build import Room
from trading.core.frames import Columns
from trading.core.signals import Board
from trading.domain.account import Mode
from trading.domain.report import Report
from trading.lab.booking import booked
from trading.lab.job import Job
from trading.lab.quiet import Track, step_through

Progress = Callable[[float], None]


def backtest(job: Job, progress: Progress, load_seconds: float = 0.0) -> Report:
    """The report of this job; `progress` hears 0 ... 1 now and then. Raises Refused for a job that cannot work."""
    job.check()
    with _unswept():
        started = perf_counter()
        done, signals = play(job, progress)
        finished = perf_counter()
        progress(1.0)
        seconds = {
            "load": load_seconds,
            "signals": signals - started,
            "simulate": finished - signals,
            "total": load_seconds + finished - started,
        }
        return job.report(done, seconds)


@contextmanager
def _unswept() -> Iterator[None]:
    """Fills and points by the ten thousand are no garbage; looking through them again and again takes a fifth."""
    sweeps = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if sweeps and not gc.get_freeze_count():  # what somebody froze for good is left so
            gc.freeze()  # what was made counts as old from here on: the next sweep need not walk through it
            gc.unfreeze()
        if sweeps:
            gc.enable()


def play(job: Job, progress: Progress) -> tuple[Room, float]:
    """The account after this job, and when its signals were known (in seconds of `perf_counter`)."""
    began = perf_counter()
    quick = booked(job)
    if quick is not None:
        return quick, began
    board = Board(job.base, keep_all=True)
    done = job.open_room(Mode.BACKTEST, board)
    done.desk.trips.ended = []
    questions = [q for sleeve in done.desk.sleeves.values() for q in sleeve.questions()]
    for question in questions:
        board.ask(question)
    if done.desk.limits.needs_history:
        for symbol in job.symbols:
            board.watch(symbol)
    for r in job.recorded:
        board.extend(r.symbol, Columns.of_frame(r.frame))
    for question in questions:
        board.curve(question)
    signals = perf_counter()
    step_through(done, Track(job.traded), board, questions, progress)
    return done, signals
