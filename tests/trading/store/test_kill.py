"""kill -9 at any moment: the database opens, is whole, and has every tick that was said to be kept."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.trading.store.victim import ACCOUNTS
from trading.store.store import Store

ROOT = Path(__file__).parents[3]
KILLS = 10


def run_until_killed(url, seconds):
    """The last number the victim said before it was killed, and how it ended."""
    command = [sys.executable, "-m", "tests.trading.store.victim", url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as victim:
        first = victim.stdout.readline()
        time.sleep(seconds)
        victim.kill()
        said = [int(line) for line in first.splitlines() + victim.stdout.read().splitlines() if line.strip()]
    return said, victim.returncode


async def test_a_killed_desk_loses_nothing_it_said_was_kept_and_tears_nothing(sqlite_url, clock):
    dice = random.Random(7)
    path, said = Path(sqlite_url.removeprefix("sqlite:///")), []

    for _ in range(KILLS):
        more, ended = run_until_killed(sqlite_url, dice.uniform(0.0, 0.15))
        said += more

        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        store = await Store.open(sqlite_url, clock)
        books = [
            (
                [int(fill.id) for fill in await store.fills(account)],
                [point.equity for point in await store.equity(account)],
                (await store.snapshot(account))[1]["n"],
            )
            for account in ACCOUNTS
        ]
        await store.close()

        assert ended == -signal.SIGKILL
        assert books[0] == books[1]
        fills, curve, last = books[0]
        assert fills == list(range(1, last + 1)) == [int(point) for point in curve]
        assert set(said) <= set(fills)
        assert last - said[-1] <= 1  # at most the tick that was on its way

    assert said == sorted(set(said))
    assert len(said) > KILLS
