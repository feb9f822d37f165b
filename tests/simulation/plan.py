"""A story from a seed: what the exchange is like, what goes wrong when, what people do; and how to make it shorter."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from tests.fakes.venue import RECEIVED, Fault, a_profile
from trading.execution.venue import IdReuse, Profile

STORM = 600.0  # seconds in which things go wrong
CALM = 700.0  # seconds after it in which nothing does: everything must have been found out by then


class Do(StrEnum):
    """What may happen. `x` of an act is its number, `word` its text."""

    CLOSE = "a candle closes"  # word: exposure, x: price
    SEND = "a request goes wrong"  # word: the fault, x: seconds it is late
    READS = "reads get no answer"  # x: how many
    CANCELS = "cancels get no answer"  # x: how many
    SLOW = "answers take longer"  # x: seconds
    RESTS = "market orders rest"  # x: share of each that is filled after a while; the rest at the end
    HAND = "somebody trades by hand"  # word: buy or sell, x: amount
    DEPOSIT = "money is put in"  # x: amount
    KILL = "a kill"
    PAUSE = "a pause"
    RESUME = "entries are opened again"
    DISK = "the disk is full"  # x: seconds
    CRASH = "the process dies"  # x: at so many steps from now; word: seconds until it is started again
    SLEEP = "the process is frozen"  # x: seconds; word: taken over, alone, or paused meanwhile
    YES = "a person presses yes"
    TWICE = "two people press yes at once"
    NO = "a person presses no"
    FALL = (
        "the price falls through every stop and comes back"  # x: share of each that is sold before the rest
    )
    UNSTOP = "somebody takes a stop back by hand"
    MOVE = "the price moves, and no candle closes"  # x: price
    SIGNS = "the next order lies here before it is signed"  # x: seconds
    WAITS = "a person presses yes, and the price moves before its turn comes"  # x: price
    LARGEST = "the exchange takes no larger order than"  # x: amount; word: told, if the desk knows of it


PRESSES = (Do.YES, Do.TWICE, Do.NO)


@dataclass(frozen=True, slots=True)
class Act:
    at: float
    do: Do
    x: float = 0.0
    word: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides how a story goes. The same plan always goes the same way."""

    seed: int
    profile: Profile
    asks: bool  # every order waits for a person first
    acts: tuple[Act, ...]
    dies: tuple[int, ...] = ()  # the step at which its first life ends, its second, …; 0: not by a plan
    storm: float = STORM
    calm: float = CALM
    stop: float = 0.0  # below the entry, where positions are protected
    fee_in: str = ""  # as the exchange has it

    def without(self, act: Act) -> "Plan":
        return replace(self, acts=tuple(a for a in self.acts if a is not act))

    def __str__(self) -> str:
        facts = self.profile
        expiry = facts.request_expiry.total_seconds() if facts.request_expiry else "never"
        lines = [
            f"seed {self.seed}: ids {facts.id_reuse}, requests expire after {expiry}, seen after "
            f"{facts.visibility_lag.total_seconds()} s, {'asks first' if self.asks else 'sends at once'}, "
            f"stop {self.stop:g} below the entry, fees in {self.fee_in or 'the quote currency'}"
        ]
        lines += [f"  life {n} ends at its step {step}" for n, step in enumerate(self.dies, 1)]
        lines += [f"  {a.at:7.1f}  {a.do.value} {a.word} {a.x:g}" for a in self.acts]
        return "\n".join(lines)


def plan_of(seed: int) -> Plan:
    """The story of a seed. Each seed allows only some kinds of trouble, so that rare combinations come up, too."""
    dice = random.Random(seed)
    asks = dice.random() < 0.3
    acts = [*_market(dice), *_trouble(dice)]
    if asks:
        acts += _people(dice)
    venue = _venue(dice)
    stop = dice.choice([0.0, 0.0, 0.01, 0.05])
    if stop:
        acts += _stops(dice, [act.at for act in acts if act.do is Do.CLOSE])
    acts = _brought_together(random.Random(f"{seed}, brought together"), acts, asks)
    pieces = list(_in_pieces(random.Random(f"{seed}, in pieces"), acts))
    calm = 2 * CALM if pieces else CALM  # one after the other takes longer
    acts = sorted([*acts, *pieces], key=lambda act: act.at)
    fee_in = random.Random(f"{seed}, fees").choice(["", "", RECEIVED, "BNB"])
    return Plan(seed, venue, asks, tuple(acts), stop=stop, calm=calm, fee_in=fee_in)


def _venue(dice: random.Random) -> Profile:
    kind = dice.choice(list(IdReuse))
    expiry = dice.choice([timedelta(seconds=5), timedelta(seconds=5), None])
    lag = timedelta(seconds=dice.choice([0, 0.5, 2, 8]))
    return a_profile(id_reuse=kind, request_expiry=expiry, visibility_lag=lag)


def _market(dice: random.Random) -> Iterator[Act]:
    price, exposure = 100.0, 0.0
    for number in range(dice.randint(3, 8)):
        price *= 1 + dice.uniform(-0.02, 0.02)
        exposure = dice.choice([e for e in (0.0, 0.5, 1.0) if e != exposure])
        at = 5 + number * 70 + dice.uniform(0, 30)
        yield Act(at, Do.CLOSE, round(price, 2), str(exposure))


Maker = Callable[[random.Random], tuple[float, str]]
KINDS: dict[Do, tuple[int, Maker]] = {  # at most so many of each, and what they are like
    Do.SEND: (
        4,
        lambda dice: (
            dice.choice([dice.uniform(0.5, 9), 80.0]),
            dice.choice([f.value for f in Fault if f is not Fault.NONE]),
        ),
    ),
    Do.READS: (3, lambda dice: (float(dice.randint(1, 8)), "")),
    Do.CANCELS: (2, lambda dice: (float(dice.randint(1, 5)), "")),
    Do.SLOW: (2, lambda dice: (dice.choice([0.0, 0.2, 1.0, 4.0]), "")),
    Do.RESTS: (1, lambda dice: (dice.choice([0.0, 0.3, 0.7]), "")),
    Do.HAND: (2, lambda dice: (round(dice.uniform(0.1, 3), 5), dice.choice(["buy", "sell"]))),
    Do.DEPOSIT: (1, lambda dice: (round(dice.uniform(-500, 2000), 2), "")),
    Do.KILL: (1, lambda dice: (0.0, "")),
    Do.PAUSE: (1, lambda dice: (0.0, "")),
    Do.RESUME: (1, lambda dice: (0.0, "")),
    Do.DISK: (2, lambda dice: (dice.uniform(1, 40), "")),
    Do.CRASH: (3, lambda dice: (float(dice.randint(1, 12)), str(dice.choice([0.5, 3, 20, 90])))),
    Do.SLEEP: (2, lambda dice: (dice.uniform(65, 300), dice.choice(["taken over", "alone", "paused"]))),
}


def _trouble(dice: random.Random) -> Iterator[Act]:
    for kind, (most, make) in KINDS.items():
        if dice.random() < 0.35:
            for _ in range(dice.randint(1, most)):
                yield Act(dice.uniform(1, STORM), kind, *make(dice))


def _stops(dice: random.Random, closes: list[float]) -> Iterator[Act]:
    """Half of the falls come around a candle's close, when the desk decides, too."""
    for _ in range(dice.randint(0, 4)):
        near = dice.choice(closes) + dice.uniform(-1, 2)
        yield Act(dice.choice([near, dice.uniform(1, STORM)]), Do.FALL, dice.choice([1.0, 1.0, 0.4]))
    for _ in range(dice.randint(0, 2)):
        yield Act(dice.uniform(1, STORM), Do.UNSTOP)


def _people(dice: random.Random) -> Iterator[Act]:
    at = 0.0
    while at < STORM:
        at += dice.uniform(10, 60)
        yield Act(at, dice.choice([Do.YES, Do.YES, Do.YES, Do.TWICE, Do.NO]))


def _brought_together(dice: random.Random, acts: list[Act], asks: bool) -> list[Act]:
    """What rarely meets by itself: cards and people who are away, cards and a price that moves, a purchase in doubt
    and the next decision. By dice of its own: the other stories stay what they were."""
    closes = sorted((act for act in acts if act.do is Do.CLOSE), key=lambda act: act.at)
    if asks and dice.random() < 0.5:
        acts = [act for act in acts if act.do not in PRESSES or dice.random() < 0.3]
    if asks and dice.random() < 0.5:
        acts = [*acts, *_moves(dice, closes)]
    if dice.random() < 0.25:
        acts = [*acts, *_doubts(dice, closes)]
    return [*acts, *_rare(random.Random(f"{dice.random()}, rare"), closes, asks)]


def _rare(dice: random.Random, closes: list[Act], asks: bool) -> Iterator[Act]:
    """A yes whose turn comes late, an order that is signed late, one that turns up when everything was stopped."""
    kind = dice.random()
    for close in closes if kind < 0.2 and asks else ():
        price = round(close.x * (1 + dice.choice([-1, 1]) * dice.uniform(0.012, 0.03)), 2)
        yield Act(close.at + dice.uniform(0.5, 5), Do.WAITS, price)
    for close in closes[:1] if kind >= 0.2 else ():
        if kind < 0.35:
            yield Act(close.at - 0.2, Do.SIGNS, dice.uniform(8, 14))
            yield Act(close.at - 0.1, Do.SEND, dice.uniform(3, 4.9), Fault.LATE.value)
            yield Act(close.at + dice.uniform(20, 26), Do.CLOSE, close.x, dice.choice(["0.5", "1.0"]))
        elif kind < 0.45:
            yield Act(close.at - 0.2, Do.RESTS, 0.0)
            yield Act(close.at - 0.1, Do.SEND, 80.0, Fault.LATE.value)
            yield Act(close.at + dice.uniform(62, 79), Do.KILL)


def _moves(dice: random.Random, closes: list[Act]) -> Iterator[Act]:
    for close in closes:
        for _ in range(dice.randint(0, 2)):
            price = close.x * (1 + dice.uniform(-0.03, 0.03))
            yield Act(close.at + dice.uniform(0.1, 40), Do.MOVE, round(price, 2))


def _doubts(dice: random.Random, closes: list[Act]) -> Iterator[Act]:
    """A purchase gets no answer, and the next candle closes before anybody can know what became of it."""
    before = "0.0"
    for close in closes:
        if float(close.word) > float(before) and dice.random() < 0.7:
            fault = dice.choice([Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.LATE])
            yield Act(close.at - 0.1, Do.SEND, dice.choice([3.0, 80.0]), fault.value)
            other = dice.choice([e for e in ("0.0", "0.5", "1.0") if e != close.word])
            yield Act(close.at + dice.uniform(0.5, 10), Do.CLOSE, close.x, other)
        before = close.word


def _in_pieces(dice: random.Random, acts: list[Act]) -> Iterator[Act]:
    """What was bought at once can only be sold in pieces; where there is a kill, that is often what has to."""
    if dice.random() < 0.3:
        kills = [act.at for act in acts if act.do is Do.KILL]
        before = dice.choice([*kills, STORM])
        word = dice.choice(["told", "not told", "not told"])
        yield Act(dice.uniform(1, before), Do.LARGEST, round(dice.uniform(2, 40), 5), word)


def shortest(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The plan without every act that is not needed to make it fail."""
    changed = True
    while changed:
        changed = False
        for act in plan.acts:
            shorter = plan.without(act)
            if fails(shorter):
                plan, changed = shorter, True
    return plan
