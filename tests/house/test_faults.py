"""The tables of faults and of checks name tests that exist."""

import ast
import re

import pytest

from tests.house.code import ROOT, tree

FAULTS = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
CHECKS = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def found_in(place: str) -> set[str]:
    path = ROOT / place
    if not path.is_file():
        return set()
    found = (
        node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {node.name for node in found}


@pytest.mark.parametrize("table", [FAULTS, CHECKS], ids=["faults", "checks"])
def test_every_test_that_a_table_names_exists(table):
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", table)

    assert len(named) > 50
    assert [f"{place}::{name}" for place, name in named if name not in found_in(place)] == []


def test_every_fault_of_the_table_is_held_by_a_test():
    rows = [line for line in FAULTS.splitlines() if line.startswith("| ") and not line.startswith("| fault ")]

    assert len(rows) > 50
    assert [row for row in rows if "::test_" not in row] == []


def test_every_check_is_held_by_a_test_or_says_why_it_is_not_built():
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", CHECKS, re.MULTILINE)

    assert [int(number) for number, *_ in rows] == list(range(1, 77))
    assert [
        number for number, _, what, held in rows if "::test_" not in held and "Not built: " not in what
    ] == []


def test_every_module_that_the_table_of_checks_names_exists():
    named = re.findall(r"`((?:bot|trading|tests)/[\w/]+(?:\.py)?)`", CHECKS)

    assert [place for place in named if not (ROOT / place).exists()] == []
