"""The last column of docs/faults.md: how often the stories met each fault that they know."""

import re
from collections import Counter
from pathlib import Path

TABLE = Path(__file__).parents[2] / "docs" / "faults.md"
README = TABLE.parents[1] / "README.md"
KOREAN = README.with_name("README.ko.md")
NONE = "–"  # a fault that no story makes; the tests beside it do
MET = {  # the fault, as the table has it, and the marks of a story that met it
    "The process dies between any two commits of an order": ("crash",),
    "It dies again while recovering": ("crash while recovering", "crash while taking its seat"),
    "It freezes between commit and request, and goes on later": ("frozen",),
    "No answer, the order was placed": ("met lost answer", "met hangs"),
    "No answer, the order never arrived": ("met lost request",),
    "The request arrives after we gave up": ("met late",),
    "A venue that promises nothing about late requests": ("log order_parked",),
    "“Not found”, and later it is there": ("log adopted late",),
    "Looking it up fails again and again": ("met question without an answer",),
    "A definite no: funds, minimum, precision": ("met denied",),
    "Trades by hand, deposits, withdrawals": ("traded by hand", "deposit or withdrawal"),
    "The disk is full": ("act DISK",),
    "On two hosts with one database": ("taken over", "second desk kept out"),
    "One was frozen, the other took over": ("taken over",),
    "A kill at any step of an order": ("act KILL",),
    "A kill while an order is in doubt": ("kill with orders in doubt",),
    "A kill while the exchange is away": ("met cancel without an answer",),
    "A position larger than the exchange takes in one order": ("met too large",),
    "The exchange fills a stop; the desk sees the same level touched": ("a stop filled at the exchange",),
    "It fills, or fills in part, while it is taken back for a sale": ("a stop filled in part",),
    "Somebody takes a stop back": ("a stop taken back by hand",),
    "A stop is not taken": ("log stop_missing",),
    "Two people press; one presses twice or too late": ("act TWICE", "press refused"),
    "Nobody presses": ("lapsed",),
    "The price has moved": ("card drifted",),
}
_RAN = re.compile(r"^Times hit: .*$", re.MULTILINE)


def rows(text: str) -> list[list[str]]:
    """The cells of every fault."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| fault ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def counted(text: str, marks: Counter[str], ran: str) -> str:
    """The table with the counts of this run."""
    return _RAN.sub(f"Times hit: {ran}.", "\n".join(_line(line, marks) for line in text.split("\n")))


def _line(line: str, marks: Counter[str]) -> str:
    if not line.startswith("|"):
        return line
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")][:3]
    if cells[0] == "fault":
        cells.append("times hit")
    elif set(cells[0]) == {"-"}:
        return "|---|---|---|---:|"
    else:
        found = MET.get(cells[0], ())
        cells.append(f"{sum(marks[mark] for mark in found):,}" if found else NONE)
    return f"| {' | '.join(cells)} |"


def write(marks: Counter[str], ran: str) -> None:
    """Into the file, with what was run; and into the few rows that the README shows."""
    text = counted(TABLE.read_text(encoding="utf-8"), marks, ran)
    TABLE.write_text(text, encoding="utf-8")
    readme = shown(README.read_text(encoding="utf-8"), text)
    README.write_text(readme, encoding="utf-8")
    KOREAN.write_text(in_step(KOREAN.read_text(encoding="utf-8"), readme), encoding="utf-8")


def shown(readme: str, table: str) -> str:
    """The README with the counts of the table."""
    times = {cells[0]: cells[3] for cells in rows(table)}
    return "\n".join(_with_count(line, times) for line in readme.split("\n"))


def in_step(korean: str, readme: str) -> str:
    """The Korean one with the counts of the English one: their rows name the same tests."""
    times = {cells[2]: cells[3] for cells in rows(readme) if len(cells) == 4 and cells[0] in MET}
    return "\n".join(_with_count(line, times, 2) for line in korean.split("\n"))


def _with_count(line: str, times: dict[str, str], column: int = 0) -> str:
    cells = line.removeprefix("| ").split(" | ")
    known = times.get(cells[column]) if len(cells) == 4 else None
    return f"{line.rstrip(' |').rpartition('|')[0]}| {known} |" if known else line
