"""One command of main.py in a process of its own: what it took of the clock, of the processor and of the memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

HOME = Path(__file__).resolve().parent.parent


class Took(NamedTuple):
    """Seconds of the CPU (all cores together) and of the clock, megabytes at most, and what it says of its parts."""

    cpu: float
    wall: float
    peak: float
    parts: dict[str, float]

    @property
    def note(self) -> str:
        parts = "".join(f", {name} {value:.2f}" for name, value in self.parts.items())
        return f"{self.wall * 1e3:.0f} ms by the clock, peak {self.peak:.0f} MB{parts}"


def command(words: list[str], *, data: Path, made: Path) -> Took:
    """Run it with this data folder. What is compiled, bytecode and loops, is looked for and kept in `made`."""
    environment = os.environ | {
        "TRADEWIND__DATA_DIR": str(data),
        "PYTHONPYCACHEPREFIX": str(made),
        "NUMBA_CACHE_DIR": str(made / "loops"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = perf_counter()
    with subprocess.Popen(
        [sys.executable, "main.py", *words, "--json"],
        cwd=HOME,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        said = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = perf_counter() - began
    found: dict[str, float] = {}
    if process.returncode:
        print(f"main.py {words[0]} failed: {said.decode().strip()[-300:]}")
    else:
        seconds = json.loads(said).get("seconds", {})
        found = seconds if isinstance(seconds, dict) else {"search": seconds}
    return Took(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, found)
