"""A key is read from standard input or an echo-less prompt, and never from the command line."""

import io

import pytest

from bot.platforms import terminal, terminal_keys
from bot.platforms.terminal_keys import asks_for_a_key, read_key

PEM = ["-----BEGIN PRIVATE KEY-----", "MIGHAgEAMBMGByqGSM49", "-----END PRIVATE KEY-----"]


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (["keys", "add", "main"], True),
        (["/keys", "add", "main"], True),
        (["keys-add", "main"], True),
        (["keys", "add", "main", "--read-only"], True),
        (["keys", "add", "main", "!"], True),
        (["keys", "add"], False),
        (["keys", "add", "main", "KEY", "SECRET"], False),
        (["keys"], False),
        (["keys", "remove", "main"], False),
        ([], False),
    ],
)
def test_it_asks_only_when_all_but_the_key_is_there(words, asks):
    assert asks_for_a_key(words) is asks


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("key\nsecret\n", ("key", "secret", "")),
        (" key \r\n secret \r\npass phrase\r\n", ("key", "secret", "pass phrase")),
        ("key\n" + "\n".join(PEM) + "\n", ("key", "\n".join(PEM), "")),
        ("key\n" + "\n".join(PEM) + "\nphrase", ("key", "\n".join(PEM), "phrase")),
        ("key\n-----BEGIN PRIVATE KEY-----\ncut off", ("key", "-----BEGIN PRIVATE KEY-----\ncut off", "")),
        ("", ("", "", "")),
    ],
)
def test_lines_of_standard_input_are_key_secret_and_passphrase(typed, expected):
    found = read_key(io.StringIO(typed))

    assert (found["key"], found["secret"], found["passphrase"]) == expected


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_without_seeing_what_is_typed(monkeypatch):
    asked, answers = [], iter(["key", *PEM, EOFError])

    def getpass(prompt, stream):
        asked.append(prompt)
        answer = next(answers)
        if answer is EOFError:
            raise EOFError
        return answer

    monkeypatch.setattr(terminal_keys.getpass, "getpass", getpass)

    found = read_key(Tty())

    assert found == {"key": "key", "secret": "\n".join(PEM), "passphrase": ""}
    assert [prompt.split("(")[0] for prompt in asked if prompt] == ["API key ", "Secret ", "Passphrase "]


def test_the_line_carries_the_key_beside_it_and_prints_without_it(monkeypatch):
    monkeypatch.setattr(terminal_keys.sys, "stdin", io.StringIO("thekey\nthesecret\n"))

    line = terminal.line(["keys", "add", "main"])

    assert (line.text, line.secrets["secret"]) == ("/keys add main !", "thesecret")
    assert "thesecret" not in repr(line)
