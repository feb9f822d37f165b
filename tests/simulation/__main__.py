"""`python -m tests.simulation`: stories by the thousand, and faults put in on purpose; or one story, told."""

import argparse
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

from tests.simulation.faults import write
from tests.simulation.kills import sweep
from tests.simulation.many import WORTH_NAMING, all_deaths, all_mutants, many
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import Plan, plan_of, shortest
from tests.simulation.run import migrated, run


def tell(plan: Plan, template: Path) -> int:
    """One story, its verdict, and the shortest story that goes wrong the same way."""
    verdict = run(plan, template)
    print(verdict.plan, *verdict.broken, f"trace {verdict.trace}", sep="\n")
    if verdict.broken:
        print("\nThe shortest that goes wrong:")
        print(shortest(plan, lambda p: bool(run(p, template).broken)))
    return bool(verdict.broken)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, help="only this one, with its story")
    parser.add_argument(
        "--mutants", action="store_true", help="find out every fault that is put in on purpose"
    )
    parser.add_argument(
        "--crashes", action="store_true", help="die at every step, and at every pair of steps"
    )
    parser.add_argument(
        "--scenes", default="1-", help="with --crashes: only these of them, as 8-12; 8- for all the rest"
    )
    parser.add_argument(
        "--kills", type=int, default=0, help="so many real kill -9, at every step and at random"
    )
    parser.add_argument("--faults", action="store_true", help="write the counts into docs/faults.md")
    parser.add_argument("--twice", type=int, default=0, help="live so many stories twice: the same trace")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        template = migrated(Path(folder))
        if asked.seed is not None:
            return tell(plan_of(asked.seed), template)
        if asked.mutants:
            return _mutants(template, asked.jobs)
        if asked.crashes:
            return _crashes(template, asked.jobs, asked.scenes)
        if asked.kills:
            return _kills(template, asked.kills)
        return _stories(asked, template)


def _stories(asked: argparse.Namespace, template: Path) -> int:
    started, marks, wrong = perf_counter(), Counter[str](), 0
    first, count = asked.first, asked.seeds
    seeds, traces = range(first, first + count), dict[int, str]()
    for verdict in many([*seeds, *seeds[: asked.twice]], template, asked.jobs):
        seed = verdict.plan.seed
        if seed in traces:
            if traces[seed] != verdict.trace:
                wrong += 1
                print(f"seed {seed}: two traces", flush=True)
            continue
        traces[seed] = verdict.trace
        marks.update(verdict.marks)
        if verdict.broken:
            wrong += 1
            print(f"seed {seed}: {verdict.broken[0]}", flush=True)
        if len(traces) % 1000 == 0:
            print(f"  {len(traces):,} of {count:,} stories so far, {wrong} wrong", flush=True)
    missing = [words for mark, words in WORTH_NAMING.items() if not marks[mark]]
    print(f"{count:,} stories, {asked.twice} of them twice, in {_took(started)}: {wrong} wrong")
    for mark, words in WORTH_NAMING.items():
        print(f"  {marks[mark]:8,}  {words}")
    if asked.faults and not wrong:
        write(
            marks, f"in {count:,} stories, counted by `python -m tests.simulation --seeds {count} --faults`"
        )
    if count >= 1000 and missing:
        print(f"never met: {', '.join(missing)}")
        return 1
    return bool(wrong)


def _took(started: float) -> str:
    """By the clock on the wall, and by those of the processors, whoever else was at work there."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(one.ru_utime + one.ru_stime for one in used)
    return f"{perf_counter() - started:.0f} s ({busy:.0f} s of work)"


def _crashes(template: Path, jobs: int, chosen: str) -> int:
    started, ones, twos, wrong = perf_counter(), 0, 0, 0
    for found in all_deaths(template, jobs, *_from_to(chosen)):
        ones, twos, wrong = ones + 1, twos + found.pairs, wrong + len(found.wrong)
        print(*found.wrong[:5], sep="\n", end="\n" if found.wrong else "")
        if found.death.last:
            print(
                f"  {ones:6,} deaths and {twos:7,} pairs so far, {wrong} wrong: "
                f"{found.death.number}. {found.death.scene}",
                flush=True,
            )
    print(f"{ones:,} single deaths and {twos:,} pairs in {_took(started)}: {wrong} wrong")
    return bool(wrong)


def _from_to(chosen: str) -> tuple[int, int]:
    first, _, last = chosen.partition("-")
    return int(first), int(last or (sys.maxsize if "-" in chosen else first))


def _kills(template: Path, most: int) -> int:
    started, points, stories, wrong = perf_counter(), Counter[str](), 0, 0
    for outcome in sweep(template, most):
        stories += 1
        points.update(outcome.points)
        if stories % 50 == 0:
            print(f"  {stories:,} stories so far, {wrong} wrong", flush=True)
        if outcome.broken:
            wrong += 1
            print(f"\n{outcome.schedule.name}, killed at {outcome.points}: {outcome.broken[0]}")
    for point, times in points.most_common():
        print(f"  {times:6,}  {point}")
    print(f"{points.total():,} times kill -9 in {stories:,} stories, {_took(started)}: {wrong} wrong")
    return bool(wrong)


def _mutants(template: Path, jobs: int) -> int:
    started, survived = perf_counter(), []
    for name, number in all_mutants(template, jobs):
        print(f"  {number if number is not None else 'NOT':>5}  {name}", flush=True)
        if number is None:
            survived.append(name)
    print(f"{len(MUTANTS) - len(survived)} of {len(MUTANTS)} mutants caught in {_took(started)}")
    return bool(survived)


if __name__ == "__main__":
    sys.exit(main())
