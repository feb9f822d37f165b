"""What others on this machine could read: a settings file that holds a secret, and the desk's own environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.exposed import forget, warning
from trading.settings import load

TOKEN = "123456789:AAHunter2hunter2hunter2hunter2hunt"
PROGRAM = """
import os, pathlib, subprocess, sys
from bot.exposed import forget
forgot = forget(["the-secret", "another"])
shown = pathlib.Path("/proc/self/environ").read_bytes().split(b"\\0")
child = subprocess.run([sys.executable, "-c", "import os; print(os.environ)"], capture_output=True, text=True).stdout
print(forgot, b"the-secret" in b"".join(shown), "the-secret" in child)
print(os.environ.get("TRADEWIND__LANGUAGE"), b"TRADEWIND__LANGUAGE=ko" in shown)
"""


def a_file(folder: Path, text: str, mode: int) -> Path:
    path = folder / "my.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f'[telegram]\ntoken = "{TOKEN}"',
        '[database]\nurl = "postgresql://ann:a-password@host/name"',
        '[accounts.main]\nexchange = "binance"\nexchange_options = {apiKey = "a-key", secret = "a-secret"}',
    ],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_secret_in_a_file_that_everybody_can_read_is_warned_about(tmp_path, text, language):
    path = a_file(tmp_path, f'language = "{language}"\n{text}', 0o644)

    said = warning(load(path, {}))

    assert f"chmod o-rwx {path}" in said
    assert "644" in said
    assert ("everybody on this machine" in said) == (language == "en")


@pytest.mark.parametrize(
    ("text", "mode", "environ"),
    [
        (f'[telegram]\ntoken = "{TOKEN}"', 0o640, {}),
        (f'[telegram]\ntoken = "{TOKEN}"', 0o600, {}),
        ("", 0o644, {"TRADEWIND__TELEGRAM__TOKEN": TOKEN}),
    ],
    ids=["a group may", "its owner may", "it stands elsewhere"],
)
def test_nothing_is_said_where_nothing_is_open(tmp_path, text, mode, environ):
    assert warning(load(a_file(tmp_path, text, mode), environ)) == ""


def test_without_a_file_there_is_nothing_to_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert warning(load(None, {})) == ""


def test_whoever_starts_from_here_does_not_inherit_a_secret():
    environ = {
        "TRADEWIND__TELEGRAM__TOKEN": TOKEN,
        "TRADEWIND__DISCORD": f'{{"token": "{TOKEN}"}}',
        "TRADEWIND__LANGUAGE": "ko",
        "MINE": TOKEN,
    }

    forget([TOKEN], environ)

    assert environ == {"TRADEWIND__LANGUAGE": "ko", "MINE": TOKEN}


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="only Linux shows a process's environment as a file"
)
def test_what_the_system_shows_of_the_environment_holds_no_secret():
    env = os.environ | {
        "TRADEWIND__TELEGRAM__TOKEN": "the-secret",
        "TRADEWIND__NOTIFY": '{"services": {"x": "the-secret"}}',
        "TRADEWIND__LANGUAGE": "ko",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }

    ran = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines() == ["True False False", "ko True"]
