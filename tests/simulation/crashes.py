"""A death at every step of an order's life, and at every step of the life after it: every single, every pair."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from tests.fakes.venue import Fault, a_profile
from tests.simulation.plan import Act, Do, Plan
from tests.simulation.run import run
from trading.execution.venue import IdReuse

STORM, CALM = 24.0, 56.0  # short stories: what they are about is over by then
RECOVERING = 25  # steps of a second life: it takes its seat, looks up what was out, and goes on

SCENES: dict[str, tuple[Act, ...]] = {
    "bought and sold": (),
    "the answer is lost": (Act(4, Do.SEND, word=Fault.LOST_ANSWER.value),),
    "the request is lost": (Act(4, Do.SEND, word=Fault.LOST_REQUEST.value),),
    "it arrives late": (Act(4, Do.SEND, 3.0, Fault.LATE.value),),
    "refused": (Act(4, Do.SEND, word=Fault.DENIED.value),),
    "filled in part": (Act(4, Do.RESTS, 0.3),),
    "killed with an order out": (Act(4, Do.RESTS, 0.3), Act(8, Do.KILL)),
    "killed with an order in doubt": (Act(4, Do.SEND, word=Fault.LOST_ANSWER.value), Act(5.1, Do.KILL)),
}
PROTECTED: dict[str, tuple[Act, ...]] = {  # with a stop at the exchange
    "a stop is taken back for a sale": (),
    "a stop is filled": (Act(12, Do.FALL, 1.0),),
    "a stop is filled in part while it is taken back": (Act(17, Do.FALL, 0.4),),
    "killed with a stop": (Act(12, Do.KILL),),
}
STOP = 0.05
MARKET = (Act(5, Do.CLOSE, 100.0, "1.0"), Act(17, Do.CLOSE, 101.0, "0.0"))
PEOPLE = (Act(8, Do.YES), Act(13, Do.YES), Act(19, Do.TWICE), Act(22, Do.YES))


def scenes() -> Iterator[tuple[str, Plan]]:
    """Every scene at every kind of venue, and one that asks a person first."""
    for kind in IdReuse:
        profile = a_profile(id_reuse=kind, request_expiry=timedelta(seconds=5), visibility_lag=timedelta(0))
        for name, trouble in SCENES.items():
            acts = tuple(sorted((*MARKET, *trouble), key=lambda act: act.at))
            yield f"{name}, ids {kind}", Plan(0, profile, False, acts, storm=STORM, calm=CALM)
        for name, trouble in PROTECTED.items() if kind is IdReuse.OPEN_UNIQUE else ():
            acts = tuple(sorted((*MARKET, *trouble), key=lambda act: act.at))
            yield f"{name}, ids {kind}", Plan(0, profile, False, acts, storm=STORM, calm=CALM, stop=STOP)
        asked = tuple(sorted((*MARKET, *PEOPLE), key=lambda act: act.at))
        yield f"a person is asked, ids {kind}", Plan(0, profile, True, asked, storm=STORM, calm=CALM)


def singles(plan: Plan, steps: int) -> list[Plan]:
    return [replace(plan, dies=(step,)) for step in range(1, steps + 1)]


def pairs(plan: Plan, lived: tuple[int, ...]) -> list[Plan]:
    """For a story that died once: it dies again at each step of the life that followed."""
    second = lived[1] if len(lived) > 1 else 0
    return [replace(plan, dies=(*plan.dies, step)) for step in range(1, min(second, RECOVERING) + 1)]


@dataclass(frozen=True, slots=True)
class Death:
    """A step of a scene at which somebody dies, and then again at each step of the life that follows."""

    number: int  # of its scene
    scene: str
    plan: Plan  # which dies once
    last: bool  # of its scene


@dataclass(slots=True)
class Found:
    """What became of them."""

    death: Death
    pairs: int = 0
    wrong: list[str] = field(default_factory=list)


def deaths(template: Path, first: int = 1, last: int = sys.maxsize) -> Iterator[Death]:
    """Scene by scene, step by step; those of these numbers."""
    for number, (name, plan) in enumerate(scenes(), 1):
        if not first <= number <= last:
            continue
        calm = run(plan, template)
        assert calm.broken == [], f"{name}, and nobody died: {calm.broken[0]}"
        once = singles(plan, calm.steps[0])
        yield from (Death(number, name, one, one is once[-1]) for one in once)


def died(death: Death, template: Path) -> Found:
    """Lived once with this death alone, then with every second one."""
    lived, found = run(death.plan, template), Found(death)
    for verdict in (lived, *(run(twice, template) for twice in pairs(death.plan, lived.steps))):
        found.pairs += verdict is not lived
        if verdict.broken:
            found.wrong.append(f"{death.scene}, dies at {verdict.plan.dies}: {verdict.broken[0]}")
    return found
