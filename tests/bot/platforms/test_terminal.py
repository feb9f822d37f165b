"""The command line: which desk is meant, and what is printed for copying."""

import asyncio
import os
import subprocess
import sys

import pytest

import main
from bot.platforms import terminal
from bot.reply import Button, Reply
from trading.settings import load
from trading.store import lease


async def _one(reply):
    yield reply


def test_called_from_another_folder_it_means_the_desk_it_belongs_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    settings_file, _, words = main._options(["kill", "!"])

    assert settings_file == main.HOME / "settings.toml"
    assert words == ["kill", "!"]


def test_a_settings_file_where_one_stands_goes_first(tmp_path, monkeypatch):
    (tmp_path / "settings.toml").write_text("")
    monkeypatch.chdir(tmp_path)

    assert main._options(["status"])[0] is None


def test_help_and_version_are_asked_as_in_other_programs():
    assert main._options(["--help"])[2] == ["help"]
    assert main._options(["-h", "kill"])[2] == ["help", "kill"]
    assert main._options(["--version"])[2] == ["version"]


async def test_a_button_is_printed_so_that_any_shell_takes_it_word_for_word(tmp_path, capsys):
    yes = Reply(title="Sure?", buttons=((Button("Sell everything", "/kill !k3f9"),),))

    code = await terminal.show(_one(yes), terminal.Shown(as_json=False, folder=tmp_path))

    assert code == 0
    assert "[Sell everything] python main.py kill '!k3f9'" in capsys.readouterr().out


async def test_a_refusal_is_printed_on_the_error_stream_with_exit_code_one(tmp_path, capsys):
    no = Reply(title="This account is not paused.", failed=True)

    code = await terminal.show(_one(no), terminal.Shown(as_json=False, folder=tmp_path))

    assert code == 1
    assert "This account is not paused." in capsys.readouterr().err


async def _for_ever(reply):
    yield reply
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (((Button("Stop it", "/stop-job k3f"),),), "The desk goes on with it: Search: 20 of 300 tried …"),
        ((), "Interrupted: Search: 20 of 300 tried …"),
    ],
)
async def test_who_does_not_wait_for_the_end_is_told_what_becomes_of_it(tmp_path, capsys, ends, said):
    begun = Reply(title="Search: 20 of 300 tried …", footer="--join mine", progress=0.07, buttons=ends)
    showing = asyncio.create_task(
        terminal.show(_for_ever(begun), terminal.Shown(as_json=False, folder=tmp_path))
    )
    await asyncio.sleep(0)

    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)

    told = capsys.readouterr().err.splitlines()
    assert told[:2] == [said, "--join mine"]
    assert ("  [Stop it] python main.py stop-job k3f" in told) is bool(ends)


@pytest.mark.parametrize("words", [["help"], ["help", "--json"]])
def test_a_reader_that_has_had_enough_is_no_crash(tmp_path, words):
    with subprocess.Popen(
        [sys.executable, str(main.HOME / "main.py"), *words],
        env=os.environ | {"TRADEWIND__DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as asked:
        asked.stdout.close()
        said = asked.stderr.read()

    assert (said, asked.returncode) == (b"", 0)


async def answers(settings, words, patience):
    return [reply async for reply in main._answers(settings, terminal.line(words), patience)]


async def test_a_command_waits_for_whoever_works_on_the_folder(tmp_path):
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path)})
    held = lease.hold(tmp_path)
    asyncio.get_running_loop().call_later(0.5, held.release)

    replies = await answers(settings, ["version"], patience=20)

    assert not replies[-1].failed


async def test_a_desk_that_does_not_come_up_is_told_as_one_that_is_starting(tmp_path):
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path)})

    with lease.hold(tmp_path):
        replies = await answers(settings, ["status"], patience=0)

    assert [reply.failed for reply in replies] == [True]
    assert replies[0].title.endswith(
        "the desk is still starting, or another command is at work. Ask again in a moment."
    )


async def test_a_kill_waits_for_nobody(tmp_path):
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path)})

    with lease.hold(tmp_path):
        replies = await answers(settings, ["kill", "!"], patience=60)

    assert (tmp_path / "KILL_SWITCH").exists()
    assert not replies[-1].failed


async def test_a_reply_of_a_megabyte_arrives_whole_and_others_as_soon_as_they_end():
    pages = b"x" * 3_000_000

    async def chunks():
        for part in (b"one\ntw", b"o\n\n", pages[:2_000_000], pages[2_000_000:], b"\nlast"):
            yield part

    assert [row async for row in terminal._rows(chunks())] == [b"one", b"two", pages, b"last"]
