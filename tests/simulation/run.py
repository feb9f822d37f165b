"""One story lived through: a real desk and executor on a real database, an exchange of our own, virtual time."""

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog

from migrations.run import upgrade_now
from tests.fakes.inline import Crash
from tests.fakes.venue import Fault, World
from tests.fakes.virtual import live_through, this_loop
from tests.simulation.checks import Checks
from tests.simulation.plan import Act, Do, Plan
from tests.trading.execution.livedesk import BTC, LiveDesk, a_world, open_desk
from trading.domain.errors import Broken, Refused, TradingError
from trading.domain.events import HaltAsked, HaltLifted
from trading.domain.live import Answered
from trading.domain.order import OrderKind, Side
from trading.domain.protection import Protection
from trading.domain.risk import HaltKind
from trading.execution.approval import Asking
from trading.execution.venue import Standing, VenueOrder

ASKING = Asking(above=Decimal(0), lasts=timedelta(seconds=90), max_drift=0.01)
GIVEN_UP = ("dead", "denied", "parked")  # states after which an order may still turn up
AT_LEAST = 0.001  # seconds that every answer takes: no two decisions are of one moment
TAKEN_BACK_WITHIN = timedelta(seconds=350)  # of a kill, through whatever else goes wrong
TICK = 5.0  # seconds between two looks of the house: what was stepped is written down
MOST_BROKEN = 20  # a story that has gone so wrong need not go on
LOST = (Crash, BaseExceptionGroup, asyncio.CancelledError, TradingError)


@dataclass
class Verdict:
    """How a story went."""

    plan: Plan
    broken: list[str]
    marks: Counter[str]
    trace: str  # the same plan always leaves the same one
    steps: tuple[int, ...] = ()  # of each life, as far as it came


@dataclass
class Story:
    """The exchange and the files outlive every life of the desk."""

    plan: Plan
    path: Path
    world: World = field(init=False)
    checks: Checks = field(init=False)
    desk: LiveDesk | None = None
    task: asyncio.Task[None] | None = None
    dead: bool = False
    steps_left: int = 0  # until the process dies; 0: it does not
    down_for: float = 0.0
    holder: str = "one"
    killed_at: datetime | None = None
    marks: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)  # of each life, as far as it came

    async def live(self) -> None:
        self.world = self.an_exchange()
        hands = any(act.do is Do.HAND for act in self.plan.acts)
        self.checks = Checks(self.world, self.plan.asks, hands, killed=self.is_killed())
        await self._be_born()
        for act in self.plan.acts:
            await self._wait_until(act.at)
            self.lines.append(f"{this_loop().now:.3f} {act.do.name}")
            self.marks[f"act {act.do.name}"] += 1
            await self._perform(act)
        storm, calm = self.plan.storm, self.plan.calm
        await self._wait_until(storm)
        self._stop_trouble()
        await self._wait_until(storm + calm / 2)
        await self._answer_everything()
        await self._wait_until(storm + calm)
        if self.desk is not None:
            self.checks.at_the_end(self.desk)
            self._mark_the_end(self.desk)
        await self._bury()

    def an_exchange(self) -> World:
        return a_world(profile=self.plan.profile, fee_in=self.plan.fee_in)

    def is_killed(self) -> bool:
        """Whether a kill was asked for in a life before this story."""
        return False

    # --- lives ------------------------------------------------------------------------------------------

    async def _be_born(self) -> None:
        """Start the process, again if it dies while it starts."""
        while self.desk is None:
            self.dead = False
            self.steps.append(0)
            try:
                self.desk = await open_desk(
                    self.path,
                    self.world,
                    asking=ASKING if self.plan.asks else None,
                    holder=self.holder,
                    at_commit=self.step,
                    protection=Protection(stop=self.plan.stop),
                )
            except Crash:
                self.marks["crash while taking its seat"] += 1
                continue
            except Refused:
                self.marks["second desk kept out"] += 1
                await asyncio.sleep(10)
                continue
            self._hook(self.desk)
            try:
                if self.checks.killed:
                    self.desk.kill("the KILL_SWITCH file was there at the start")
                await self.desk.live.recover()
                await self.desk.keep()
            except Crash:
                self.marks["crash while recovering"] += 1
                await self._bury()
                continue
            except TradingError as error:  # as the house does: told, and tried again
                self.checks.say("I15 recovers", error.tell)
                await self._bury()
                await asyncio.sleep(30)
                if len(self.checks.broken) > MOST_BROKEN:
                    return
                continue
            self.task = asyncio.create_task(self.desk.live.run())

    def _hook(self, desk: LiveDesk) -> None:
        def leaving(request: Any) -> None:
            self.step("a request leaves")
            self.checks.leaving(desk, request)
            self.lines.append(f"{this_loop().now:.3f} send {request.side} {request.amount}")

        for client in (desk.venue, desk.killer):
            client.before_send, client.latency = leaving, AT_LEAST

    def step(self, what: str) -> None:
        """A commit, before it and after it, or a request: whatever a process may die at."""
        if self.dead:
            raise Crash
        self.steps[-1] += 1
        planned = dict(enumerate(self.plan.dies, 1)).get(len(self.steps), 0)
        ends = self.steps_left == 1 or self.steps[-1] == planned
        self.steps_left = max(self.steps_left - 1, 0)
        if ends:
            self.dead = True
            raise Crash

    async def _bury(self) -> None:
        desk, task, self.desk, self.task = self.desk, self.task, None, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if desk is not None:
            await desk.database.close()

    async def _wait_until(self, at: float) -> None:
        """Let the desk live until then, writing down what it did; bury it and start it again when it died."""
        loop = this_loop()
        while loop.now < at:
            if self.task is None:  # it could not be started again, and that is written down
                await asyncio.sleep(at - loop.now)
                return
            await asyncio.wait({self.task}, timeout=min(TICK, at - loop.now))
            if self.dead or self.task.done():
                await self._die()
            elif self.desk is not None:
                await self._safely(self.desk.keep())

    async def _die(self) -> None:
        if not self.dead and self.task is not None and (error := self.task.exception()) is not None:
            self.checks.say("I16 alive", f"the executor ended by itself: {error!r}")
        self.marks["crash"] += 1
        await self._bury()
        await asyncio.sleep(self.down_for)
        self.down_for = 0.0
        await self._be_born()

    async def _safely(self, work: Coroutine[Any, Any, Any]) -> None:
        """Something the house does; a crash in it is the process's."""
        with contextlib.suppress(*LOST):
            await work

    # --- acts -------------------------------------------------------------------------------------------

    async def _perform(self, act: Act) -> None:
        world, desk = self.world, self.desk
        if desk is None:
            return
        match act.do:
            case Do.CLOSE:
                self.marks["decided with an order in doubt"] += self._in_doubt(desk)
                desk.close(exposure=float(act.word), price=str(act.x))
                await self._safely(desk.keep())
            case Do.SEND:
                desk.venue.late_by = act.x
                desk.venue.faults.append(Fault(act.word))
            case Do.READS:
                desk.venue.failing += int(act.x)
            case Do.CANCELS:
                desk.killer.failing_cancels += int(act.x)
            case Do.SLOW:
                desk.venue.latency = max(act.x, AT_LEAST)
            case Do.RESTS:
                world.fills_at_once = False
                this_loop().call_later(20, self._fill_some, act.x)
            case Do.HAND:
                if world.fills_at_once:
                    world.by_hand(Side(act.word), str(act.x))
                    self.marks["traded by hand"] += 1
            case Do.FALL:
                self._fall(act.x)
            case Do.MOVE:
                world.move(BTC, Decimal(str(act.x)))
            case Do.LARGEST:
                world.most = Decimal(str(act.x))
                if act.word == "told":
                    desk.desk.instruments[BTC] = replace(desk.desk.instruments[BTC], max_amount=world.most)
            case Do.UNSTOP:
                for one in world.stops:
                    world.end(one.order.exchange_id, Standing.CANCELED)
                    self.marks["a stop taken back by hand"] += 1
            case Do.DEPOSIT:
                world.totals["USDT"] += Decimal(str(act.x))
                self.marks["deposit or withdrawal"] += 1
            case Do.KILL:
                self.checks.killed, self.killed_at = True, desk.loop.wall()
                self.marks["kill with orders in doubt"] += self._in_doubt(desk)
                desk.kill()
                await self._safely(desk.keep())
            case Do.PAUSE:
                desk.pause()
            case Do.RESUME:
                for kind in (HaltKind.PAUSE, HaltKind.BROKEN):
                    if desk.halted(kind) and not desk.live.seat.fenced:
                        desk.room.step(HaltLifted(desk.loop.wall(), kind, "ann"))
            case Do.DISK:
                desk.database.full = True
                desk.room.step(HaltAsked(desk.loop.wall(), HaltKind.STORE, "the disk is full", "journal"))
                this_loop().call_later(act.x, self._empty_disk, desk)
            case Do.CRASH:
                self.steps_left, self.down_for = int(act.x), float(act.word)
            case Do.SLEEP:
                await self._sleep(desk, act.x, act.word)
            case Do.SIGNS:
                desk.venue.signs_after = act.x
            case Do.WAITS:
                await self._press_and_wait(desk, Decimal(str(act.x)))
            case Do.YES:
                await self._press(desk, 1)
            case Do.TWICE:
                await self._press(desk, 2)
            case Do.NO:
                if pending := desk.live.approvals.pending:
                    await self._safely(desk.live.approvals.reject(pending[0].id, "bob"))

    @staticmethod
    def _in_doubt(desk: LiveDesk) -> bool:
        return any(one.attempt.state.is_doubtful for one in desk.live.seat.out)

    async def _press(self, desk: LiveDesk, people: int) -> None:
        """The answer to a press needs the desk alive: it is not waited for longer than it lives."""
        pending = desk.live.approvals.pending
        if not pending or self.task is None:
            return
        presses = [
            asyncio.ensure_future(desk.live.approvals.approve(pending[0].id, f"person {n}"))
            for n in range(people)
        ]
        await self._heard(presses)

    async def _press_and_wait(self, desk: LiveDesk, price: Decimal) -> None:
        """The executor is at something else: when its turn comes, the price of the press is an old one."""
        pending = desk.live.approvals.pending
        if not pending or self.task is None:
            return
        async with desk.live._turn_lock:
            press = asyncio.ensure_future(desk.live.approvals.approve(pending[0].id, "person 1"))
            await asyncio.sleep(0.5)
            self.world.move(BTC, price)
            self.marks["a yes waited for its turn"] += not press.done()
            await asyncio.sleep(3)
        await self._heard([press])

    async def _heard(self, presses: list[asyncio.Future[Any]]) -> None:
        """What the people are told, if the desk lives that long."""
        if self.task is None:
            return
        await asyncio.wait({asyncio.gather(*presses, return_exceptions=True), self.task}, timeout=30,
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        for press in presses:
            press.cancel()
        told = await asyncio.gather(*presses, return_exceptions=True)
        self.marks["approved"] += sum(not isinstance(one, BaseException) for one in told)
        self.marks["press refused"] += sum(isinstance(one, Refused) for one in told)
        self.marks["card drifted"] += sum("price moved" in str(one) for one in told)

    async def _sleep(self, desk: LiveDesk, seconds: float, meanwhile: str) -> None:
        """The executor stands still with an order in its hand. When it wakes up, that must not leave any more:
        another process has taken over, entries were closed, or it was decided too long ago."""
        lock = desk.live._turn_lock
        await lock.acquire()
        self.marks["frozen"] += 1
        flipped = 0.0 if desk.wanted.exposures.get(BTC) else 1.0
        desk.close(exposure=flipped, price=str(self.world.prices[BTC]))
        if meanwhile == "paused":
            desk.pause()
        await asyncio.sleep(seconds)
        if meanwhile != "taken over":
            lock.release()
            return
        other = None
        with contextlib.suppress(Refused, Broken):
            other = await open_desk(
                self.path,
                self.world,
                holder="two",
                asking=ASKING if self.plan.asks else None,
                protection=Protection(stop=self.plan.stop),
            )
        if other is not None:
            self.marks["taken over"] += 1
            self.holder = "two"
            await other.database.close()
        lock.release()
        await asyncio.wait({self.task} if self.task else set(), timeout=5)
        self.dead = True

    def _fall(self, share: float) -> None:
        """For a moment it trades a tenth lower; no candle that the desk sees tells of it."""
        price, sleeping = self.world.prices[BTC], len(self.world.stops)
        self.world.move(BTC, price * Decimal("0.9"), Decimal(str(share)))
        self.world.move(BTC, price)
        self.marks["a stop filled at the exchange"] += sleeping
        self.marks["a stop filled in part"] += sleeping * (share < 1)
        this_loop().call_later(30, self._fill_the_rest)

    def _fill_the_rest(self) -> None:
        """Stops that have woken up sell all they have, sooner or later."""
        for order in self._awake():
            if order.side is Side.SELL and order.filled:
                self.world.fill(order.exchange_id, order.amount - order.filled)

    def _awake(self) -> list[VenueOrder]:
        """Open orders without the stops that sleep."""
        sleeping = {one.order.exchange_id for one in self.world.stops}
        return [order for order in self.world.open if order.exchange_id not in sleeping]

    def _fill_some(self, share: float) -> None:
        for order in self._awake():
            amount = (order.amount * Decimal(str(share))).quantize(Decimal("0.00001"))
            if 0 < amount < order.amount - order.filled:
                self.world.fill(order.exchange_id, amount)
                self.marks["filled in part"] += 1

    def _empty_disk(self, desk: LiveDesk) -> None:
        desk.database.full = False
        if desk is self.desk:
            desk.room.step(HaltLifted(desk.loop.wall(), HaltKind.STORE, "journal"))

    def _stop_trouble(self) -> None:
        world = self.world
        long_ago = this_loop().wall() - TAKEN_BACK_WITHIN
        if (
            self.killed_at is not None
            and self.killed_at < long_ago
            and self.desk
            and not self.desk.live.parked
        ):
            self.checks.nothing_buys_any_more(long_ago)
        world.fills_at_once = True
        for order in self._awake():
            if order.standing is Standing.OPEN and order.filled < order.amount:
                world.fill(order.exchange_id, order.amount - order.filled)
        self.steps_left = 0
        if self.desk is not None:
            self.desk.database.full = False
            for client in (self.desk.venue, self.desk.killer):
                client.faults.clear()
                client.failing, client.failing_cancels, client.latency = 0, 0, AT_LEAST
            self._empty_disk(self.desk)

    async def _answer_everything(self) -> None:
        """A person comes back and explains every difference."""
        desk = self.desk
        if desk is None:
            return
        for card in await desk.live.reconciler.differences.waiting():
            self.marks["difference explained"] += 1
            if not any(act.do in (Do.DEPOSIT, Do.HAND) for act in self.plan.acts):
                self.checks.say("I3 nothing unexplained", f"{card.asset}: {card.theirs} against {card.ours}")
            await self._safely(desk.live.answer(card.id, Answered.TRANSFER, "ann"))

    def _mark_the_end(self, desk: LiveDesk) -> None:
        states = Counter(one.attempt.state.value for one in desk.live.seat.tracked.values())
        self.marks.update({f"attempt {state}": n for state, n in states.items()})
        self.marks["a stop rested"] += sum(r.stop_price is not None for r in self.world.sent)
        self.marks["lapsed"] += self.checks.lapsed(desk)
        self.marks["taken back late"] += self.checks.taken_back(self.killed_at)
        self.marks.update({f"met {what}": n for what, n in self.world.met.items()})
        self.marks["order kind market"] += sum(r.kind is OrderKind.MARKET for r in self.world.sent)
        self.lines += [f"{t.id} {t.amount} {t.price}" for t in self.world.made]


# --- from outside -------------------------------------------------------------------------------------------


def migrated(folder: Path) -> Path:
    """An empty database of today's schema, to be copied for every story."""
    path = folder / "migrated.db"
    if not path.exists():
        upgrade_now(f"sqlite:///{path}")
    return path


def run(plan: Plan, template: Path) -> Verdict:
    """Live a plan through, on a fresh copy of the database."""
    heard: Counter[str] = Counter()

    def count(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
        heard[str(event.get("event"))] += 1
        heard["adopted late"] += event.get("event") == "order_adopted" and event.get("was") in GIVEN_UP
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[count], cache_logger_on_first_use=False)
    with tempfile.TemporaryDirectory(dir=_quick_folder()) as folder:
        path = Path(shutil.copy(template, Path(folder) / "desk.db"))
        story = Story(plan, path)
        try:
            live_through(story.live())
        finally:
            structlog.configure(**before)
    story.marks.update({f"log {name}": n for name, n in heard.items()})
    trace = hashlib.sha256("\n".join(story.lines).encode()).hexdigest()[:16]
    return Verdict(plan, story.checks.broken, story.marks, trace, tuple(story.steps))


def _quick_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
