"""Log files vouch for themselves: what is changed, taken out, put in or swapped is found, across rotations too."""

import os
import random

import pytest
import structlog

from bot.ops import logs
from bot.ops.seal import Checked, Seal, check
from trading.settings import Log

KEY = b"k" * 32


@pytest.fixture
def folder(tmp_path):
    """A folder of logs that this process writes."""
    logs.set_up(Log(), tmp_path / "logs")
    logs.seal(KEY)
    yield tmp_path / "logs"
    logs.close()


def say(count: int, **more) -> None:
    for number in range(count):
        structlog.get_logger("desk").info("x", number=number, **more)


def rewritten(path, change) -> None:
    """What somebody does who may write the file."""
    lines = path.read_text().split("\n")[:-1]
    path.write_text("".join(f"{line}\n" for line in change(lines)))


def test_untouched_lines_are_counted(folder):
    say(5)

    assert logs.check(folder) == Checked(5, "")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace('"number": 0', '"number": 7'), *lines[1:]],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        lambda lines: [*lines[:2], '{"level": "info", "event": "made up"}', *lines[2:]],
        lambda lines: [*lines[:2], lines[1], *lines[2:]],
        lambda lines: lines[:-1],
        lambda lines: [],
        lambda lines: [line.partition(', "seal"')[0] + "}" for line in lines],
    ],
    ids=["changed", "taken out", "swapped", "put in", "copied", "cut off", "emptied", "seals taken off"],
)
def test_what_somebody_does_to_the_file_is_found_while_the_desk_runs(folder, change):
    say(6)

    rewritten(folder / logs.FILE, change)

    assert logs.check(folder).wrong


def test_after_a_restart_a_change_is_still_found_and_new_lines_go_on(folder):
    say(6)
    logs.set_up(Log(), folder)
    say(1)
    logs.seal(KEY)
    say(3)
    whole = logs.check(folder)

    rewritten(folder / logs.FILE, lambda lines: [lines[0].replace("x", "y"), *lines[1:]])
    logs.set_up(Log(), folder)
    logs.seal(KEY)
    say(1)

    assert whole == Checked(10, "")
    assert logs.check(folder).wrong == f"line 1 of {logs.FILE} or one before it was changed"


def test_a_line_put_in_before_the_key_was_there_is_found(folder):
    logs.set_up(Log(), folder)
    say(1)
    logs.seal(KEY)
    say(1)

    rewritten(folder / logs.FILE, lambda lines: ['{"event": "made up", "level": "info"}', *lines])

    assert logs.check(folder).wrong


def test_files_that_were_set_aside_belong_together(tmp_path):
    logs.set_up(Log(size_mb=1, files=3), tmp_path / "logs")
    logs.seal(KEY)
    say(35, padding="x" * 100_000)
    whole = logs.check(tmp_path / "logs")
    aside = tmp_path / "logs" / f"{logs.FILE}.1"
    kept = aside.read_text()

    rewritten(aside, lambda lines: lines[:-1])
    shortened = logs.check(tmp_path / "logs")
    aside.write_text(kept)
    os.remove(tmp_path / "logs" / f"{logs.FILE}.2")
    missing = logs.check(tmp_path / "logs")
    shown = logs.tail(12)
    logs.close()

    assert (whole.wrong, whole.lines > 30) == ("", True)
    assert shortened.wrong == f"{logs.FILE} does not follow the file before it"
    assert missing.wrong == f"{logs.FILE}.1 does not follow the file before it"
    assert all("number=" in line and "seal" not in line for line in shown)


def test_half_a_line_left_by_a_crash_is_no_tampering(folder):
    say(2)
    logs.close()
    with (folder / logs.FILE).open("a") as file:
        file.write('{"at": "2026-11-21T12:0')

    logs.set_up(Log(), folder)
    logs.seal(KEY)
    say(2)

    assert logs.check(folder) == Checked(5, "")


def test_another_key_fits_no_line(folder):
    say(2)
    logs.set_up(Log(), folder)
    logs.seal(b"another")

    assert "was changed" in logs.check(folder).wrong


def test_two_thousand_changes_of_one_sign_are_all_found(tmp_path):
    dice, seal, path = random.Random(3), Seal(KEY), tmp_path / "log"
    text = "".join(seal.seal(f'{{"event": "x", "number": {n}}}') + "\n" for n in range(12))

    missed = []
    for _ in range(2000):
        place = dice.randrange(len(text))
        other = dice.choice([sign for sign in 'ax0"{}, ' if sign != text[place]])
        path.write_text(text[:place] + other + text[place + 1 :])
        if not check([path], KEY, seal.state).wrong:
            missed.append((place, other))

    assert missed == []
