"""A few dozen of the stories that `make simulate` lives by the thousand, and proof that they can find something out."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.venue import Fault, a_profile
from tests.simulation import kills
from tests.simulation.crashes import pairs, scenes, singles
from tests.simulation.many import caught_at, lived
from tests.simulation.mutants import MUTANTS, put_in
from tests.simulation.plan import Act, Do, Plan, plan_of, shortest
from tests.simulation.run import migrated, run
from trading.execution.venue import IdReuse

SURE = [  # caught within a story or two
    "what is in doubt is sent again",
    "a sale leaves beside a stop",
    "the request leaves before it is written down",
    "a full disk stops nothing",
    "other bytes leave than were cleared",
    "a fill is booked whenever it is read",
]
BUY = Act(5, Do.CLOSE, 100, "1.0")
UNANSWERED = Act(4, Do.SEND, 3, Fault.LOST_REQUEST.value)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return migrated(tmp_path_factory.mktemp("simulation"))


@pytest.mark.parametrize("first", range(0, 48, 12))
def test_whatever_goes_wrong_no_order_is_doubled_no_fill_lost_and_the_books_are_the_exchanges(
    first, template
):
    verdicts = [lived(seed, template) for seed in range(first, first + 12)]

    assert {v.plan.seed: v.broken for v in verdicts if v.broken} == {}


def test_the_same_seed_is_the_same_story(template):
    first, again, other = lived(7, template), lived(7, template), lived(8, template)

    assert first.trace == again.trace != other.trace


@pytest.mark.parametrize("name", SURE)
def test_a_fault_that_is_put_in_on_purpose_is_found_out(name, template):
    assert caught_at(name, template, most=60) is not None


@pytest.mark.parametrize(
    ("name", "asks", "acts"),
    [
        ("an order in doubt does not count", False, (UNANSWERED, BUY, Act(12, Do.CLOSE, 100, "0.5"))),
        ("the price may have moved anywhere", True, (BUY, Act(10, Do.MOVE, 102), Act(15, Do.YES))),
        ("a card never lapses", True, (BUY, Act(150, Do.YES))),
    ],
)
def test_a_fault_that_takes_a_rare_meeting_is_found_out_by_that_meeting_alone(name, asks, acts, template):
    plan = Plan(0, a_profile(), asks, acts)

    sound = run(plan, template)
    with put_in(name):
        broken = run(plan, template).broken

    assert (sound.broken, sound.marks["order kind market"]) == ([], 0)  # nothing came of it
    assert broken != []


def test_a_desk_that_never_comes_up_again_is_told_and_its_story_ends(template):
    plan = Plan(0, a_profile(), False, (Act(4, Do.CRASH, 2, "0.5"), BUY))

    sound = run(plan, template)
    with put_in("a takeover does not raise the epoch"):
        broken = run(plan, template).broken

    assert (sound.broken, sound.marks["crash"]) == ([], 1)
    assert {rule.partition(" ")[0] for rule in broken} == {"I15"}


def test_there_are_thirty_such_faults():
    assert len(MUTANTS) >= 30


@pytest.mark.parametrize("name", ["the answer is lost", "killed with an order in doubt"])
def test_a_death_at_any_step_and_at_a_step_of_recovering_changes_nothing(name, template):
    plan = dict(scenes())[f"{name}, ids {IdReuse.OPEN_UNIQUE}"]
    once = singles(plan, run(plan, template).steps[0])[::4]
    twice = [pairs(death, run(death, template).steps)[13] for death in once[3:6]]

    verdicts = [run(death, template) for death in (*once, *twice)]

    assert {v.plan.dies: v.broken for v in verdicts if v.broken} == {}
    assert all(len(v.steps) == 1 + len(v.plan.dies) for v in verdicts)


def test_a_fault_at_the_death_of_the_process_is_found_out(template):
    plan = dict(scenes())[f"the answer is lost, ids {IdReuse.OPEN_UNIQUE}"]

    with put_in("what was being sent at the crash never left"):
        broken = [run(death, template).broken for death in singles(plan, 20)[-4:]]

    assert any(broken)


@pytest.mark.parametrize("second", [8, 10])
def test_an_order_that_was_cancelled_while_nobody_heard_of_it_breaks_no_account(second, template):
    plan = dict(scenes())[f"killed with an order out, ids {IdReuse.OPEN_UNIQUE}"]

    verdict = run(replace(plan, dies=(20, second)), template)

    assert verdict.broken == []
    assert len(verdict.steps) == 3


def test_kill_9_at_a_step_at_random_and_while_recovering_loses_and_doubles_nothing(template):
    name = f"bought and sold, ids {IdReuse.OPEN_UNIQUE}"
    plan = dict(scenes())[name]
    carried_out = 18  # the exchange has the order, the desk has not heard of it

    outcomes = [
        kills.lived(schedule, template)
        for schedule in (
            kills.Schedule(name, plan, (carried_out, 12)),
            kills.Schedule(name, plan, after=0.02),
        )
    ]

    assert [outcome.broken for outcome in outcomes] == [[], []]
    assert outcomes[0].points[0] == "a request is carried out"
    assert len(outcomes[0].points) == 2
    assert outcomes[1].points == ["at random"]


def test_a_story_that_goes_wrong_is_told_without_what_does_not_matter(template):
    plan = plan_of(3)
    needed = next(act for act in plan.acts if act.do is Do.CLOSE)

    short = shortest(plan, lambda p: needed in p.acts)

    assert short.acts == (needed,)
    assert isinstance(needed, Act)
    assert run(short, template).broken == []
