"""What lies in the repository: small files, and nothing of the machine it was written on."""

import re

import pytest

from tests.house.code import name, tracked

LONGEST, LONGEST_TEST = 400, 560  # lines

# Put together, so that this file does not find itself.
HOSTS = re.compile(
    r"\b(?:files\.)?py" + r"(?:pi\.org|thonhosted\.org)|npm" + r"js\.(?:org|com)|conda\." + r"anaconda\.org"
)
MACHINE = re.compile(
    r"/wo" + r"rk/|/ro" + r"ot/|/fa" + r"rm/|\.py" + r"env|/ho" + r"me/[a-z]+/|/tmp/u" + r"v"
)


def texts(*endings):
    for path in tracked():
        if name(path) != "uv.lock" and (not endings or path.suffix in endings):
            try:
                yield name(path), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture


def test_no_python_file_is_too_long_to_read():
    lengths = {file: text.count("\n") for file, text in texts(".py")}

    limits = {file: LONGEST_TEST if file.startswith("tests/") else LONGEST for file in lengths}
    assert {file: lines for file, lines in lengths.items() if lines > limits[file]} == {}


def test_every_module_begins_with_what_a_reader_finds_in_it():
    silent = [
        file for file, text in texts(".py") if text.strip() and not text.startswith(('"""', 'r"""', "#!"))
    ]

    assert silent == []


@pytest.mark.parametrize("pattern", [HOSTS, MACHINE], ids=["package registries", "paths of one machine"])
def test_no_file_names(pattern):
    found = [(file, match[0]) for file, text in texts() if (match := pattern.search(text))]

    assert found == []


def test_what_is_looked_for_is_found():
    assert HOSTS.search("https://py" + "pi.org/simple")
    assert MACHINE.search("see /wo" + "rk/main and /ho" + "me/me/x")
