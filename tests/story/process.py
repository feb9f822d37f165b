"""The real program: `python main.py` as a process of its own, heard on its two streams, stopped by signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.story.house import PATIENCE, ROOT, environment

PYTHON = sys.executable


class Stream:
    """What a process writes, gathered by a thread of its own so that it never has to wait for us."""

    def __init__(self, pipe: IO[str]) -> None:
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._reader.start()

    def _read(self, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self.lines.append(line.rstrip("\n"))

    def whole(self) -> str:
        """Everything, once the process has ended."""
        self._reader.join(PATIENCE)
        return "\n".join(self.lines)


class Program:
    """One run of the program."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = Stream(self.process.stdout), Stream(self.process.stderr)

    @property
    def pid(self) -> int:
        return self.process.pid

    def heard(self, words: str, within: float = PATIENCE) -> str:
        """Wait until a line with these words is said; that line."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            found = next((line for line in list(self.out.lines) if words in line), None)
            if found is not None:
                return found
            assert self.process.poll() is None, f"it ended before it said {words!r}: {self.err.whole()}"
            time.sleep(0.01)
        raise AssertionError(f"it never said {words!r}; it said {self.out.lines} and {self.err.lines}")

    def ended(self, within: float = PATIENCE) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(within)

    def stop(self, number: int = signal.SIGTERM, within: float = PATIENCE) -> tuple[int, float]:
        """Send a signal; the exit code, and how many seconds the end took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.ended(within), time.monotonic() - begun

    def everything(self) -> str:
        """Both streams, once it has ended."""
        return f"{self.out.whole()}\n{self.err.whole()}"


class Machine:
    """A machine with one data folder, on which the program is called in different ways."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.folder = folder
        mine = {k: v for k, v in os.environ.items() if not k.startswith("TRADEWIND__")}
        self.env = mine | {"COLUMNS": "400"} | environment(folder, **sections)
        self._begun: list[Program] = []

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def begin(self, *words: str, under: Sequence[str] = (), **env: str) -> Program:
        """`python main.py WORDS`, `under` another program that becomes it; it runs on."""
        return self.watch(Program([*under, PYTHON, str(ROOT / "main.py"), *words], self.env | env))

    def run(self, *words: str, under: Sequence[str] = (), **env: str) -> Program:
        """The same, to its end."""
        program = self.begin(*words, under=under, **env)
        program.ended()
        return program

    def a_desk(self, under: Sequence[str] = ()) -> Program:
        """The desk, trading."""
        desk = self.begin(under=under)
        desk.heard("The desk is trading.")
        return desk

    def watch(self, program: Program) -> Program:
        """It ends with the machine."""
        self._begun.append(program)
        return program

    def turn_off(self) -> None:
        """Nothing of ours runs on."""
        for program in self._begun:
            if program.process.poll() is None:
                program.process.kill()
                program.process.wait(PATIENCE)


@contextmanager
def a_machine(folder: Path, **sections: Any) -> Iterator[Machine]:
    machine = Machine(folder, **sections)
    try:
        yield machine
    finally:
        machine.turn_off()


def only_sentence(program: Program) -> str:
    """The one sentence on the error stream of a program that could not do it; mode and account may stand before."""
    assert program.ended() == 1, program.everything()
    assert "Traceback" not in program.everything()
    said = [line for line in program.err.whole().splitlines() if line.strip() and "PAPER ·" not in line]
    assert len(said) == 1, program.everything()
    return said[0]


def after(python: str) -> tuple[str, ...]:
    """To start something `under`: these lines of Python first, in the same process."""
    return (PYTHON, "-c", f"import os, sys\n{python}\nos.execv(sys.argv[1], sys.argv[1:])")
