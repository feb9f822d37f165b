"""Work under way: backtests, checks and searches that were asked for, theirs who asked, and how to end them."""

import shlex
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated

from bot.dispatcher import Ask
from bot.people import RESEARCHERS, may
from bot.registry import bind, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import percent, since
from trading.domain.errors import Refused
from trading.domain.jobs import JobState, JobView
from trading.domain.people import Role

SHOWN = 10
OVERSEERS = frozenset({Role.OWNER, Role.ADMIN})  # who sees everybody's work and may end it
JobId = Annotated[str, "the three letters of a job; /jobs shows them"]


@command(allow=RESEARCHERS, needs_account=False)
async def jobs(ask: Ask) -> Reply:
    """Backtests, checks and searches: at work, waiting and done."""
    mine = [job for job in ask.trading.lab.queue.views() if _may_see(ask, job)][:SHOWN]
    alive = [job for job in mine if not job.state.is_over]
    running = sum(job.state is JobState.RUNNING for job in alive)
    if not mine:
        title = ask.say("Nothing was asked for yet.")
    elif not alive:
        title = ask.say("Nothing is at work.")
    else:
        title = ask.say(
            "At work: {running}, waiting: {waiting}", running=running, waiting=len(alive) - running
        )
    stops = tuple(
        (Button(ask.say("Stop {job}", job=job.id), f"/stop-job {job.id}", danger=True),) for job in alive[:5]
    )
    again = tuple(
        Button(ask.say("{job} again", job=job.id), f"/again {job.id}") for job in mine if job.state.is_over
    )[:3]
    return Reply(
        title=title,
        rows=tuple(_row(ask, job) for job in mine),
        buttons=(*stops, *((again,) if again else ()), (Button("↻", "/jobs"),)),
        data=mine,
    )


@command(allow=RESEARCHERS, acts=True, needs_account=False)
async def stop_job(ask: Ask, job: JobId) -> Reply:
    """End a backtest, check or search, whether it waits or runs."""
    found = ask.trading.lab.queue.view(job)
    if not _may_see(ask, found):
        raise Refused(
            ask.say(
                "{job} belongs to {name}; only they or an owner can end it.", job=job, name=found.asker.name
            )
        )
    ended = ask.trading.lab.queue.stop(job, ask.person.name)
    return Reply(title=ask.say("{what} is being ended.", what=ended.what), tone=Tone.WARNING, data=ended)


@command(allow=RESEARCHERS, needs_account=False)
async def again(ask: Ask, job: JobId) -> AsyncIterator[Reply]:
    """Ask the same question as an earlier job did."""
    found = ask.trading.lab.queue.view(job)
    if not _may_see(ask, found):
        raise Refused(ask.say("{job} belongs to {name}.", job=job, name=found.asker.name))
    name, *words = shlex.split(found.asker.line.lstrip("/"))
    asked = ask.commands[name.lower()]
    if not may(ask.person, asked):
        raise Refused(ask.say("Your roles do not allow /{name}.", name=asked.name))
    answer = asked.run(replace(ask, line=found.asker.line), **bind(asked, words))
    if isinstance(answer, AsyncIterator):
        async for reply in answer:
            yield reply


def _may_see(ask: Ask, job: JobView) -> bool:
    return job.asker.id == ask.person.id or bool(OVERSEERS & ask.person.roles)


def _row(ask: Ask, job: JobView) -> Row:
    say = ask.say
    states = {
        JobState.WAITING: say("place {n}", n=job.place),
        JobState.RUNNING: percent(job.share, signed=False),
        JobState.DONE: say("done"),
        JobState.FAILED: say("failed"),
        JobState.STOPPED: say("stopped"),
    }
    age = say("{age} ago", age=since(job.ended_at or job.asked_at, ask.now, say))
    return Row(f"{job.id} · {job.what}", states[job.state], f"{job.asker.name}, {age}")
