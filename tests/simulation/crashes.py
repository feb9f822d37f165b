"""A death at every step of an order's life, and at every step of the life after it: every single, every pair."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.fakes.venue import Fault, a_profile
from tests.simulation.plan import Act, Do, Plan
from tests.simulation.run import Verdict, run
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
MARKET = (Act(5, Do.CLOSE, 100.0, "1.0"), Act(17, Do.CLOSE, 101.0, "0.0"))
PEOPLE = (Act(8, Do.YES), Act(13, Do.YES), Act(19, Do.TWICE), Act(22, Do.YES))


def scenes() -> Iterator[tuple[str, Plan]]:
    """Every scene at every kind of venue, and one that asks a person first."""
    for kind in IdReuse:
        profile = a_profile(id_reuse=kind, request_expiry=timedelta(seconds=5), visibility_lag=timedelta(0))
        for name, trouble in SCENES.items():
            acts = tuple(sorted((*MARKET, *trouble), key=lambda act: act.at))
            yield f"{name}, ids {kind}", Plan(0, profile, False, acts, storm=STORM, calm=CALM)
        asked = tuple(sorted((*MARKET, *PEOPLE), key=lambda act: act.at))
        yield f"a person is asked, ids {kind}", Plan(0, profile, True, asked, storm=STORM, calm=CALM)


def singles(plan: Plan, steps: int) -> list[Plan]:
    return [replace(plan, dies=(step,)) for step in range(1, steps + 1)]


def pairs(plan: Plan, lived: tuple[int, ...]) -> list[Plan]:
    """For a story that died once: it dies again at each step of the life that followed."""
    second = lived[1] if len(lived) > 1 else 0
    return [replace(plan, dies=(*plan.dies, step)) for step in range(1, min(second, RECOVERING) + 1)]


def deaths(name_and_plan: tuple[str, Plan], template: Path) -> tuple[str, int, int, list[str]]:
    """A scene lived with every single death and every pair: how many of each, and what went wrong."""
    name, plan = name_and_plan
    calm = run(plan, template)
    wrong = [f"{name}, nobody dies: {calm.broken[0]}"] if calm.broken else []
    ones, twos = 0, 0
    for once in singles(plan, calm.steps[0]):
        lived = run(once, template)
        ones += 1
        for twice in pairs(once, lived.steps):
            twos += 1
            wrong += _told(name, run(twice, template))
        wrong += _told(name, lived)
    return name, ones, twos, wrong


def _told(name: str, verdict: Verdict) -> list[str]:
    return [f"{name}, dies at {verdict.plan.dies}: {verdict.broken[0]}"] if verdict.broken else []
