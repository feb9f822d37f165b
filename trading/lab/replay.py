"""Recorded candles through a paper account, by the very code of the live session: feed, floor, desk."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter

from trading.domain.account import Mode
from trading.domain.errors import Broken
from trading.domain.report import Report
from trading.domain.risk import HaltKind
from trading.floor import Floor
from trading.lab.job import FINE, Job, plain_instrument
from trading.market.history import RecordedMarket
from trading.market.live import LiveFeed

Progress = Callable[[float], None]
LEAP = 500  # candles the clock moves on between two ticks


class EventClock:
    """A clock that stands where the replay has come to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def replay_now(job: Job, progress: Progress, load_seconds: float = 0.0) -> Report:
    """As `replay`, for a worker that has no loop of its own."""
    return asyncio.run(replay(job, progress, load_seconds))


async def replay(job: Job, progress: Progress, load_seconds: float = 0.0, leap: int = LEAP) -> Report:
    """The report of this job as the live session would have lived it; `progress` hears 0 ... 1."""
    job.check()
    started = perf_counter()
    start = min(r.frame.index[0].to_pydatetime() for r in job.traded)
    end = max(r.frame.index[-1].to_pydatetime() for r in job.recorded) + job.base.length
    clock = EventClock(start)
    instruments = {s: plain_instrument(s, job.fee, job.terms.step or FINE) for s in job.symbols}
    market = RecordedMarket(job.recorded, instruments, clock)
    feed = LiveFeed(market, job.symbols, job.base, clock, grace=timedelta(0))
    feed.start_from(start)
    floor = Floor(market, feed, job.base)
    done = job.open_room(Mode.PAPER, floor.board)
    floor.enter(done)
    if job.begin is not None:
        await floor.warm(feed.cursor)
    while clock.now < end:
        clock.now = min(clock.now + job.base.length * leap, end)
        await floor.tick()
        progress((clock.now - start) / (end - start))
    broken = next((h for h in done.desk.halts.all if h.kind is HaltKind.BROKEN), None)
    if broken is not None:
        raise Broken(f"The replay broke on the way: {broken.reason.rstrip('.')}.")
    seconds = {"load": load_seconds, "signals": 0.0, "simulate": perf_counter() - started}
    seconds["total"] = seconds["load"] + seconds["simulate"]
    return job.report(done, seconds)
