"""Every command explains itself and is in the README, and the README names no command that does not exist."""

import re

import pytest

from bot.registry import discover
from tests.house.code import ROOT

COMMANDS = discover()
README = ROOT / "README.md"
TABLE = re.compile(r"^\|.*\|$", re.MULTILINE)
WORD = re.compile(r"`/([a-z][a-z-]*)[^`]*`")


def named_in_tables(text: str) -> set[str]:
    """The commands that the tables of a text name: `/status`."""
    return {word for row in TABLE.findall(text) for word in WORD.findall(row)}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_every_command_explains_itself_in_a_line(command):
    assert 8 <= len(command.help) <= 100  # Discord shows 100 characters, Telegram's menu cuts earlier
    assert command.help.endswith(".")
    assert [parameter.name for parameter in command.parameters if not parameter.help] == []


@pytest.mark.parametrize("name", COMMANDS.keys())
def test_every_command_is_in_the_readme(name):
    assert name in named_in_tables(README.read_text())


def test_the_readme_names_no_command_that_does_not_exist():
    assert named_in_tables(README.read_text()) - set(COMMANDS) == set()
