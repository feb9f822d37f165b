"""Real `kill -9` on real SQLite: the desk is a process of its own, its exchange lives here and outlives it.

The desk's disk is as durable as in production. Its time is virtual, so that a life of a minute takes part of a second.
"""

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

import structlog

from tests.fakes.clock import NOON
from tests.fakes.inline import InlineDatabase
from tests.fakes.venue import World
from tests.fakes.virtual import live_through, this_loop
from tests.simulation.crashes import RECOVERING, scenes
from tests.simulation.plan import Act, Do, Plan
from tests.simulation.run import Story
from trading.execution.venue import Answer, IdReuse, Request
from trading.store import database

LIFE = 30.0  # real seconds that a life may take at most
DOWN = 2.0  # virtual seconds until it is started again
LATE = (
    "it arrives late"  # nobody is left to bring a late request of a dead process: the other sweep does that
)
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.simulation.kills"])


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a story is killed: at a step of its first life, its second, …; or after so many real seconds."""

    name: str
    plan: Plan
    steps: tuple[int, ...] = ()
    after: float = 0.0

    @property
    def lives(self) -> int:
        return len(self.steps) + bool(self.after) + 1


@dataclass
class Outcome:
    """What became of a schedule."""

    schedule: Schedule
    broken: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)  # at which it was killed
    walked: list[str] = field(default_factory=list)  # every step of its first life


class Killed(Exception):
    """The life ended before it said goodbye."""


# --- the exchange, in the process that stays ------------------------------------------------------------------


class Exchange:
    """Answers whichever life asks, and knows the time that the last one told."""

    def __init__(self, plan: Plan) -> None:
        self.now = 0.0
        self.world = World(lambda: self.now, lambda: NOON + timedelta(seconds=self.now), profile=plan.profile)
        self.walked: list[str] = []

    def serve(self, ears: Connection, pid: int, after: float) -> list[str]:
        """Until the life says what it found at its end; Killed when it does not come to that."""
        ears.poll(LIFE)  # it is alive
        ends_at = perf_counter() + (after or LIFE)
        while True:
            if not ears.poll(max(ends_at - perf_counter(), 0)):
                os.kill(pid, signal.SIGKILL)
                raise Killed("it hung" if not after else "at random")
            try:
                self.now, kind, name, words = ears.recv()
            except (EOFError, ConnectionResetError):
                raise Killed(self.walked[-1] if self.walked else "before its first step") from None
            if kind == "step":
                self.walked.append(name)
            elif kind == "over":
                return list(words)
            else:
                self._answer(ears, kind, name, words)

    def _answer(self, ears: Connection, kind: str, name: str, words: Any) -> None:
        found: Any = None
        if kind == "set":
            setattr(self.world, name, words)
        elif kind == "price":
            self.world.prices[name] = words
        else:
            found = getattr(self.world, name)
            found = found(*words) if kind == "call" else found
        try:
            ears.send(found)
        except (BrokenPipeError, ConnectionResetError):
            return  # it died before it heard the answer


# --- the desk, in a process that is killed --------------------------------------------------------------------


class Prices(dict[str, Decimal]):
    """What the market trades at; the exchange hears of every change."""

    def __init__(self, far: "FarWorld", known: dict[str, Decimal]) -> None:
        super().__init__(known)
        self._far = far

    def __setitem__(self, symbol: str, price: Decimal) -> None:
        super().__setitem__(symbol, price)
        self._far.tell("price", symbol, price)


class FarWorld:
    """The exchange as a life sees it: every look, every change and every request goes over a pipe."""

    def __init__(self, mouth: Connection, plan: Plan) -> None:
        loop = this_loop()
        vars(self).update(mouth=mouth, profile=plan.profile, asked=[], monotonic=loop.time, wall=loop.wall)

    @property
    def prices(self) -> Prices:
        return Prices(self, self.tell("look", "prices"))

    def tell(self, kind: str, name: str, words: Any = None) -> Any:
        self.mouth.send((this_loop().now, kind, name, words))
        return self.mouth.recv() if kind not in ("step", "over") else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if callable(getattr(World, name, None)):
            return lambda *words: self.tell("call", name, words)
        return self.tell("look", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.tell("set", name, value)


class Mortal(Story):
    """One life: at its step it is killed by the system, not by an exception."""

    def __init__(self, plan: Plan, path: Path, dies_at: int, mouth: Connection) -> None:
        super().__init__(plan, path)
        self.dies_at, self.mouth, self.walked = dies_at, mouth, 0

    def an_exchange(self) -> Any:
        self.far = FarWorld(self.mouth, self.plan)
        receive = self.far.receive

        def received(request: Request) -> Answer:
            answer = receive(request)
            self.step("a request is carried out")
            return answer

        vars(self.far)["receive"] = received
        return self.far

    @property
    def latch(self) -> Path:
        return self.path.with_name("KILL_SWITCH")

    async def live(self) -> None:
        await super().live()
        self.far.tell("over", "", self.checks.broken)

    async def _perform(self, act: Act) -> None:
        if act.do is Do.KILL:
            self.latch.touch()
        await super()._perform(act)

    def is_killed(self) -> bool:
        return self.latch.exists()

    def step(self, what: str) -> None:
        self.walked += 1
        self.far.tell("step", what)
        if self.walked == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _life(path: Path, plan: Plan, since: float, dies_at: int, mouth: Connection) -> None:
    InlineDatabase.pragmas = database._WRITER
    structlog.configure(processors=[_drop])
    live_through(Mortal(plan, path, dies_at, mouth).live(), since)


def _drop(_: Any, __: str, event: Any) -> Any:
    raise structlog.DropEvent


# --- schedules ------------------------------------------------------------------------------------------------


def lived(schedule: Schedule, template: Path) -> Outcome:
    """Kill as the schedule says, then let the last life come to its end and compare the books."""
    exchange, outcome = Exchange(schedule.plan), Outcome(schedule)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(template, Path(folder) / "desk.db"))
        for life in range(schedule.lives):
            dies_at = schedule.steps[life] if life < len(schedule.steps) else 0
            after = schedule.after if life == len(schedule.steps) and life < schedule.lives - 1 else 0.0
            try:
                outcome.broken += _let_live(path, schedule.plan, exchange, dies_at, after)
                break  # it was done before its time had come
            except Killed as killed:
                outcome.points.append(str(killed))
                if not dies_at and not after:
                    outcome.broken.append(f"it ended by itself: {killed}")
            outcome.walked = outcome.walked or list(exchange.walked)
            exchange.now += DOWN
        outcome.walked = outcome.walked or list(exchange.walked)
        outcome.broken += _against(path, exchange.world)
    return outcome


def _let_live(path: Path, plan: Plan, exchange: Exchange, dies_at: int, after: float) -> list[str]:
    ears, mouth = CONTEXT.Pipe()
    rest = replace(plan, acts=tuple(act for act in plan.acts if act.at >= exchange.now))
    exchange.walked.clear()
    process = CONTEXT.Process(target=_life, args=(path, rest, exchange.now, dies_at, mouth), daemon=True)
    process.start()
    mouth.close()
    try:
        return exchange.serve(ears, process.pid or 0, after)
    finally:
        process.join(LIFE)
        ears.close()


def _against(path: Path, world: World) -> list[str]:
    """Both sides' books, to the last digit, by somebody who was never part of it."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute
        broken = [] if rows("PRAGMA integrity_check").fetchall() == [("ok",)] else ["the file is damaged"]
        fills = dict(rows("select id, amount from fill").fetchall())
        intents = dict(rows("select client_id, intent_id from attempt").fetchall())
    sent = Counter(intents.get(request.client_id, "nobody's") for request in world.sent)
    broken += [f"{name} was sent {n} times" for name, n in sent.items() if n > 1 or name == "nobody's"]
    theirs = {trade.id: trade.amount for trade in world.made}
    if {name: Decimal(amount) for name, amount in fills.items()} != theirs:
        broken.append(f"fills: ours {fills}, theirs {theirs}")
    return broken


def schedules(template: Path, most: int, seed: int = 1) -> Iterator[Schedule]:
    """Every step of every scene once; then random moments and random pairs of steps, `most` in all."""
    dice = random.Random(seed)
    plans = {
        name: plan for name, plan in scenes() if name.endswith(str(IdReuse.OPEN_UNIQUE)) and LATE not in name
    }
    steps = {name: len(lived(Schedule(name, plan), template).walked) for name, plan in plans.items()}
    every = [Schedule(name, plan, (at,)) for name, plan in plans.items() for at in range(1, steps[name] + 1)]
    every = every if most >= len(every) else dice.sample(every, most * 2 // 3)
    yield from every
    for number in range(most - len(every)):
        name, plan = dice.choice(list(plans.items()))
        first = dice.randint(1, steps[name])
        if number % 2:
            yield Schedule(name, plan, after=dice.uniform(0.0, 0.5))
        else:
            yield Schedule(name, plan, (first, dice.randint(1, RECOVERING)))


def sweep(template: Path, most: int) -> Iterator[Outcome]:
    """Live through so many schedules, one after the other."""
    for schedule in schedules(template, most):
        yield lived(schedule, template)
