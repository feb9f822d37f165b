"""The table of faults names tests that exist."""

import ast
import re
from collections import Counter

from tests.house.code import ROOT, tree
from tests.simulation import faults
from trading.exchange.facts_global import BINANCE, BYBIT, COINBASE, KRAKEN, OKX
from trading.exchange.facts_korea import BITHUMB, UPBIT
from trading.execution.resting import can_rest

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


def test_what_the_stories_count_is_in_the_table_with_its_number():
    counts = {cells[0]: cells[3] for cells in faults.rows(TABLE)}

    assert {fault for fault in faults.MET if fault not in counts} == set()
    assert {
        fault: times for fault, times in counts.items() if (times == faults.NONE) == (fault in faults.MET)
    } == {}
    assert {
        fault: counts[fault] for fault in faults.MET if not re.fullmatch(r"[1-9][\d,]*", counts[fault])
    } == {}


def test_counting_again_changes_nothing_but_the_counts():
    marks = Counter(dict.fromkeys(sum(faults.MET.values(), ()), 1234))

    once = faults.counted(TABLE, marks, "in a test")

    assert faults.counted(once, marks, "in a test") == once
    assert [cells[:3] for cells in faults.rows(once)] == [cells[:3] for cells in faults.rows(TABLE)]
    assert (
        dict(zip(faults.MET, ("1,234",), strict=False)).items()
        <= {c[0]: c[3] for c in faults.rows(once)}.items()
    )
    assert "Times hit: in a test." in once


def test_the_readme_shows_ten_of_them_as_the_table_has_them():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = {cells[0]: cells for cells in faults.rows(TABLE)}

    ten = [cells for cells in faults.rows(readme) if cells[0] in faults.MET]

    assert len(ten) == 10
    assert faults.shown(readme, TABLE) == readme
    assert [cells for cells in ten if cells[1] != table[cells[0]][1]] == []
    assert [name.strip("`") for _, _, name, _ in ten if name.strip("`") not in {n for _, n in NAMED}] == []


def test_the_korean_readme_counts_what_the_english_one_counts():
    english, korean = ((ROOT / file).read_text(encoding="utf-8") for file in ("README.md", "README.ko.md"))
    more = english.replace(f"| {counts_of(english)[0]} |", "| 1,234,567 |")

    assert counts_of(korean) == counts_of(english)
    assert faults.in_step(korean, english) == korean
    assert "1,234,567" in faults.in_step(korean, more)


def counts_of(readme: str) -> list[str]:
    names = {name for _, name in NAMED}
    return [cells[3] for cells in faults.rows(readme) if len(cells) == 4 and cells[2].strip("`") in names]


def test_where_stops_rest_and_where_the_desk_watches_is_told_as_it_is():
    known = (BINANCE, BYBIT, OKX, KRAKEN, COINBASE, UPBIT, BITHUMB)
    rest = {facts.profile.name for facts in known if can_rest(facts.profile)}

    (there,) = re.findall(r"^Where stops rest: at (.*?)\. The desk", TABLE, re.MULTILINE)
    (here,) = re.findall(r"at the close of each candle, at\n\n(.*?)\n\n", TABLE, re.DOTALL)

    assert bold(there) == rest
    assert bold(here) == {facts.profile.name for facts in known} - rest


def bold(text: str) -> set[str]:
    return set(re.findall(r"\*\*(\w+)\*\*", text.lower()))
