"""One desk per data folder: the second is told who the first is, and a dead one is in nobody's way."""

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.trading.store.nobody import a_folder_for_everybody, files_no_larger_than, without_privileges
from trading.domain.errors import SettingsError
from trading.store.lease import Held, hold, holder

ROOT = Path(__file__).parents[3]


def a_desk(folder, then="sys.stdin.read()"):
    """Another process that holds the folder, and says so."""
    code = f"""
        import os, sys
        from pathlib import Path
        from trading.store.lease import hold
        lease = hold(Path({str(folder)!r}))
        print("held", flush=True)
        {then}
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    return process


def end(process, how=signal.SIGKILL):
    process.send_signal(how)
    process.communicate(timeout=10)


def test_a_folder_is_made_for_its_owner_only_and_held(tmp_path):
    before = datetime.now(UTC).replace(microsecond=0)

    with hold(tmp_path / "new" / "data"):
        facts = holder(tmp_path / "new" / "data")

    assert facts["pid"] == os.getpid()
    assert before <= datetime.fromisoformat(facts["since"]) <= datetime.now(UTC)
    assert facts["host"]
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "data" / "tradewind.lock").stat().st_mode) == 0o600


def test_a_second_desk_is_told_who_the_first_is(tmp_path):
    first = a_desk(tmp_path)

    with pytest.raises(Held) as told:
        hold(tmp_path)

    since = holder(tmp_path)["since"]
    assert told.value.tell.startswith(f"The data folder {tmp_path} is in use by process {first.pid} on ")
    assert told.value.tell.endswith(
        f" since {since}; stop that desk first, or set data_dir to another folder."
    )
    assert isinstance(told.value, SettingsError)
    end(first)


def test_a_killed_desk_is_in_nobodys_way(tmp_path):
    end(a_desk(tmp_path))

    assert holder(tmp_path) is None
    with hold(tmp_path):
        assert holder(tmp_path)["pid"] == os.getpid()


def test_a_killed_desk_is_in_nobodys_way_even_while_its_workers_live(tmp_path):
    worker = (
        "worker = os.fork() or (__import__('time').sleep(60), os._exit(0)); "
        "print(worker, flush=True); sys.stdin.read()"
    )
    desk = a_desk(tmp_path, then=worker)
    worker_pid = int(desk.stdout.readline())

    desk.kill()
    desk.wait(10)
    try:
        with hold(tmp_path):
            os.kill(worker_pid, 0)  # the worker is alive, and yet the folder is free
    finally:
        os.kill(worker_pid, signal.SIGKILL)
        desk.communicate()


def test_a_worker_that_ends_does_not_let_go_for_the_desk(tmp_path):
    desk = a_desk(
        tmp_path, then="os.fork() or os._exit(0); os.wait(); print('ended', flush=True); sys.stdin.read()"
    )
    desk.stdout.readline()

    with pytest.raises(Held):
        hold(tmp_path)

    end(desk)


def test_letting_go_lets_the_next_one_in(tmp_path):
    lease = hold(tmp_path)
    lease.release()
    lease.release()

    assert holder(tmp_path) is None
    with hold(tmp_path):
        assert holder(tmp_path) is not None


def test_the_web_address_can_be_found_by_the_command_line(tmp_path):
    with hold(tmp_path) as lease:
        before = holder(tmp_path)["web"]
        lease.announce("http://127.0.0.1:8080")
        lease.announce("http://127.0.0.1:80")

        assert (before, holder(tmp_path)["web"]) == ("", "http://127.0.0.1:80")


def test_looking_on_never_keeps_a_desk_from_starting(tmp_path):
    code = f"""
        from pathlib import Path
        from trading.store.lease import holder
        print("looking", flush=True)
        while True:
            holder(Path({str(tmp_path)!r}))
    """
    hold(tmp_path).release()
    looker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE)
    looker.stdout.readline()

    for _ in range(20):
        hold(tmp_path).release()

    end(looker)


def test_nobody_holds_a_folder_that_is_not_there(tmp_path):
    assert holder(tmp_path / "none") is None


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00\x01"])
def test_an_unreadable_lock_still_names_somebody(tmp_path, content):
    desk = a_desk(tmp_path)
    (tmp_path / "tradewind.lock").write_text(content)

    assert holder(tmp_path) == {}
    with pytest.raises(Held, match="is in use by another; stop that desk first"):
        hold(tmp_path)

    end(desk)


def test_a_folder_that_cannot_be_written_is_one_sentence():
    with a_folder_for_everybody() as folder:
        folder.chmod(0o555)

        with without_privileges(), pytest.raises(SettingsError) as told:
            hold(folder)

    assert told.value.tell == (
        f"The data folder {folder} cannot be written (Permission denied); "
        "make it writable for this user, or set data_dir to a folder that is."
    )


def test_a_full_disk_is_one_sentence_and_nobody_holds_the_folder(tmp_path):
    with files_no_larger_than(0), pytest.raises(SettingsError, match=r"cannot be written \(File too large\)"):
        hold(tmp_path)

    assert holder(tmp_path) is None


def test_a_file_where_the_folder_should_be_is_one_sentence(tmp_path):
    (tmp_path / "data").write_text("")

    with pytest.raises(SettingsError, match=r"data cannot be written \(File exists\)"):
        hold(tmp_path / "data")


def test_the_lock_says_in_json_what_it_says(tmp_path):
    with hold(tmp_path) as lease:
        assert json.loads(lease.path.read_text()).keys() == {"pid", "since", "host", "web"}
