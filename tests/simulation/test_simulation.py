"""A few dozen of the stories that `make simulate` lives by the thousand, and proof that they can find something out."""

from pathlib import Path

import pytest

from tests.simulation.many import caught_at, lived
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import Act, Do, plan_of, shortest
from tests.simulation.run import migrated, run

SURE = [  # caught within a story or two
    "what is in doubt is sent again",
    "the request leaves before it is written down",
    "a full disk stops nothing",
    "other bytes leave than were cleared",
    "a fill is booked whenever it is read",
]


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


def test_there_are_thirty_such_faults():
    assert len(MUTANTS) >= 30


def test_a_story_that_goes_wrong_is_told_without_what_does_not_matter(template):
    plan = plan_of(3)
    needed = next(act for act in plan.acts if act.do is Do.CLOSE)

    short = shortest(plan, lambda p: needed in p.acts)

    assert short.acts == (needed,)
    assert isinstance(needed, Act)
    assert run(short, template).broken == []
