"""The table of what happens when: ticks at every close, the kill file, markets to reach again, reports."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

Job = Callable[[], Awaitable[None]]
TICK_SECOND = 1  # a minute candle is asked for one second after its close


def timetable(
    *,
    tick: Job,
    watch_kill_file: Job,
    retry_markets: Job,
    read_calendar: Job,
    tend_owners: Job,
    look_at_keys: Job,
    reports: dict[str, tuple[str, Job]],
) -> "AsyncIOScheduler":
    """A scheduler with every job of the house; `reports` maps an account to its time (HH:MM) and job."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # it looks through all that is installed

    scheduler = AsyncIOScheduler(timezone="UTC")
    once = {"max_instances": 1, "coalesce": True}
    scheduler.add_job(
        _quietly(tick), "cron", second=f"{TICK_SECOND},16,31,46", id="tick", misfire_grace_time=30, **once
    )
    scheduler.add_job(
        _quietly(watch_kill_file), "interval", seconds=0.5, id="kill-file", misfire_grace_time=None, **once
    )
    scheduler.add_job(
        _quietly(retry_markets), "interval", seconds=30, id="retry-markets", misfire_grace_time=30, **once
    )
    scheduler.add_job(
        _quietly(read_calendar), "interval", seconds=60, id="read-calendar", misfire_grace_time=30, **once
    )
    scheduler.add_job(
        _quietly(tend_owners), "interval", seconds=15, id="tend-owners", misfire_grace_time=None, **once
    )
    scheduler.add_job(
        _quietly(look_at_keys), "interval", seconds=60, id="look-at-keys", misfire_grace_time=None, **once
    )
    for account, (at, job) in reports.items():
        report_daily(scheduler, account, at, job)
    return scheduler


def report_daily(scheduler: "AsyncIOScheduler", account: str, at: str, job: Job) -> None:
    """Ask from now on whose report of this account is due, at the quarters of an hour that `at` lies on.

    Zones differ by quarters, so one of them is its minute everywhere.
    """
    first = int(at.partition(":")[2]) % 15
    scheduler.add_job(
        _quietly(job),
        "cron",
        minute=",".join(str(first + quarter) for quarter in (0, 15, 30, 45)),
        id=f"report-{account}",
        misfire_grace_time=3600,
        max_instances=1,
        coalesce=True,
        replace_existing=True,
    )


def _quietly(job: Job) -> Job:
    """The same job; that the house closes in the middle of it is no failure to be told with a traceback."""

    async def run() -> None:
        with suppress(asyncio.CancelledError):
            await job()

    return run
