"""Stories by the thousand over several processes, what they must have met, and faults that must be found out."""

import multiprocessing
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from tests.simulation.crashes import Found, deaths, died
from tests.simulation.mutants import MUTANTS, put_in
from tests.simulation.plan import plan_of
from tests.simulation.run import Verdict, run

WORTH_NAMING = {  # what a thousand stories must have met, and the words for it
    "log order_in_doubt": "a request left in doubt",
    "log order_adopted": "found at the exchange and adopted",
    "log adopted late": "turned up late, after it was given up",
    "log order_dead": "past its horizon: dead",
    "log order_parked": "parked for a person",
    "attempt denied": "a definite no",
    "met too large": "an order was larger than the exchange took",
    "crash": "the process died",
    "crash while recovering": "and again while recovering",
    "frozen": "the process stood still",
    "taken over": "and another one took its place",
    "kill with orders in doubt": "a kill with orders in doubt",
    "decided with an order in doubt": "a candle closed while an order was in doubt",
    "traded by hand": "traded by hand",
    "difference explained": "a difference a person explained",
    "filled in part": "filled in part",
    "approved": "a card was pressed",
    "press refused": "a press was refused",
    "card drifted": "a card's price had moved",
    "a yes waited for its turn": "a yes waited for its turn",
    "met signed late": "an order was signed late",
    "taken back late": "an order turned up after a kill and was taken back",
    "lapsed": "a card lapsed",
    "log not_kept": "the disk was full",
    "a stop rested": "a stop rested at the exchange",
    "a stop filled at the exchange": "and was filled there",
    "a stop filled in part": "a stop was filled in part",
    "a stop taken back by hand": "a stop was taken back by hand",
    "log stop_missing": "a stop was not taken",
}
MOST_SEEDS = 200  # within which every mutant must be caught


def lived(seed: int, template: Path) -> Verdict:
    return run(plan_of(seed), template)


def many(seeds: Iterable[int], template: Path, jobs: int) -> Iterator[Verdict]:
    work = partial(lived, template=template)
    if jobs == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(work, seeds, chunksize=8)


def caught_at(name: str, template: Path, most: int = MOST_SEEDS) -> int | None:
    """How many stories it took to find a mutant out; None when none of them did."""
    with put_in(name):
        for number in range(most):
            try:
                if lived(number, template).broken:
                    return number + 1
            except AssertionError:
                return number + 1
    return None


def named(name: str, template: Path) -> tuple[str, int | None]:
    return name, caught_at(name, template)


def all_mutants(template: Path, jobs: int) -> Iterator[tuple[str, int | None]]:
    """Each mutant, and how many stories it took."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(partial(named, template=template), MUTANTS)


def all_deaths(template: Path, jobs: int, first: int, last: int) -> Iterator[Found]:
    """Every death of these scenes, in their order."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(partial(died, template=template), deaths(template, first, last))
