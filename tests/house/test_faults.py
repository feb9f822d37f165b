"""The table of faults names tests that exist."""

import ast
import re

from tests.house.code import ROOT, tree

TABLE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TABLE)


def found_in(place: str) -> set[str]:
    path = ROOT / place
    if not path.is_file():
        return set()
    found = (
        node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {node.name for node in found}


def test_every_test_that_the_table_of_faults_names_exists():
    assert [f"{place}::{name}" for place, name in NAMED if name not in found_in(place)] == []


def test_every_fault_of_the_table_is_held_by_a_test():
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| fault ")]

    assert len(rows) > 50
    assert [row for row in rows if "::test_" not in row] == []
