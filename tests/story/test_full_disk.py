"""A disk that takes no more: answers and kills go on, entries stop, and what happened is written down later."""

import json
import resource
import subprocess
from pathlib import Path

import pytest

from tests.story.house import asked
from tests.story.process import Program, a_machine, after, only_sentence

FULL = 2_000  # bytes; no file may grow beyond it, and the database is larger already
FREE = resource.RLIM_INFINITY
TMPFS = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=$0 tmpfs "$TRADEWIND__DATA_DIR" && exec "$@"')


def fill_up(program: Program) -> None:
    """No file of this process may grow: every write to the database fails, as on a full disk."""
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (FULL, FREE))


def free_up(program: Program) -> None:
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (FREE, FREE))


@pytest.fixture
def a_small_disk(tmp_path):
    """What starts a program on a disk of its own, of this size, mounted where its data goes."""
    (tmp_path / "data").mkdir()
    trial = subprocess.run(
        [*TMPFS, "1m", "true"],
        env={"TRADEWIND__DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
    )
    if trial.returncode:
        pytest.skip(f"needs the right to mount a tmpfs in a namespace of its own: {trial.stderr.strip()}")
    return lambda size: (*TMPFS, size)


async def test_a_desk_whose_disk_is_full_answers_stops_entering_and_can_be_killed(tmp_path):
    with a_machine(tmp_path) as machine:
        desk = machine.a_desk()
        before = (await asked(machine.data, "status")).data
        fill_up(desk)
        paused = await asked(machine.data, "pause")
        full = await asked(machine.data, "status")
        killed = await asked(machine.data, "kill", "!")
        free_up(desk)
        await asked(machine.data, "kill", "!")
        freed = (await asked(machine.data, "status")).data
        code, _ = desk.stop()
        orders = json.loads(machine.run("orders", "--json").out.whole())

    assert len(before["holdings"]) > 0
    assert not paused.failed
    assert {halt["kind"] for halt in full.data["halts"]} == {"pause", "store"}
    assert "The disk under the database" in full.text
    assert (killed.failed, killed.data["flat"]) == (False, True)
    assert {halt["kind"] for halt in freed["halts"]} == {"pause", "kill"}
    assert (code, "Traceback" in desk.everything()) == (0, False)
    sold = [order["intent"]["symbol"] for order in orders if order["intent"]["reason"] == "kill"]
    assert sorted(sold) == sorted(holding["symbol"] for holding in before["holdings"])


async def test_a_desk_that_stops_on_a_full_disk_kept_everything_or_says_what_it_could_not_keep(
    tmp_path, a_small_disk
):
    with a_machine(tmp_path) as machine:
        desk = machine.a_desk(under=a_small_disk("24m"))
        seen = Path(f"/proc/{desk.pid}/root{machine.data}")  # its disk, which only it has mounted
        _fill(seen / "filler")
        killed = await asked(seen, "kill", "!")
        status = await asked(seen, "status")
        code, _ = desk.stop()

    assert killed.title.startswith("Everything is stopped, but the KILL_SWITCH file could not be written:")
    assert status.data["holdings"] == []
    assert "KILLED" in status.text
    assert "Traceback" not in desk.everything()
    if code:  # otherwise the database had kept enough room for itself to write all of it
        assert desk.err.lines[-1].startswith("What happened last could not be written down: The disk is full")


def test_a_disk_that_is_full_from_the_beginning_stops_the_start(tmp_path, a_small_disk):
    with a_machine(tmp_path) as machine:
        said = only_sentence(machine.begin(under=a_small_disk("64k")))

    assert said.startswith("Nothing was migrated: the disk is full and the database")


def test_a_disk_that_cannot_hold_the_database_stops_a_command(tmp_path):
    limited = after(f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({FULL}, {FULL}))")

    with a_machine(tmp_path) as machine:
        said = only_sentence(machine.begin("status", under=limited))

    assert said.startswith("Nothing was migrated: the disk under the database")


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12):
            try:
                while filler.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
