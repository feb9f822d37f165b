"""Log files whose lines vouch for each other: what was changed, taken out or put in does not fit any more."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START: Final = "0" * 32  # the state of an empty file
_SEALED: Final = re.compile(r'^(\{.*), "seal": "([0-9a-f]{16})"\}$')


@dataclass(slots=True)
class Seal:
    """The state of a log file after its newest line, and the key; without one, lines are counted in unsealed."""

    key: bytes = b""
    state: str = START

    def seal(self, line: str) -> str:
        """The line as it is to be written; the state is that behind it."""
        if self.key and line.endswith("}"):
            line = f'{line[:-1]}, "seal": "{mac(self.key, self.state, line)}"}}'
        self.state = after(self.state, line)
        return line

    def take_up(self, lines: Iterable[str]) -> None:
        """Go on behind these lines."""
        self.state = START
        for line in lines:
            self.state = after(self.state, line)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of log files found; `wrong` is empty when every line fits."""

    lines: int
    wrong: str


def mac(key: bytes, state: str, line: str) -> str:
    return hmac.new(key, f"{state}{line}".encode(), hashlib.sha256).hexdigest()[:16]


def after(state: str, line: str) -> str:
    return hashlib.sha256(f"{state}{line}".encode()).hexdigest()[:32]


def check(files: Iterable[Path], key: bytes, now: str | None = None, size: int | None = None) -> Checked:
    """Read files, oldest first. `now`: the state that the newest must have, when somebody is writing it; `size`:
    how long it was then."""
    count, state, known = 0, START, False
    paths = list(files)
    for path in paths:
        before, state = (state if known else None), START
        for number, line in enumerate(lines_of(path, size if path == paths[-1] else None), 1):
            count += 1
            if not _fits(line, state, key):
                return Checked(count, f"line {number} of {path.name} or one before it was changed")
            if number == 1 and before is not None and not _follows(line, before):
                return Checked(count, f"{path.name} does not follow the file before it")
            state = after(state, line)
        known = True
    if now is not None and state != now:
        return Checked(count, "the newest log file is not as it was written")
    return Checked(count, "")


def lines_of(path: Path, size: int | None = None) -> list[str]:
    """Its lines, or those of its first bytes."""
    content = path.read_bytes()[:size] if path.exists() else b""
    return content.decode("utf-8", "replace").split("\n")[:-1]


def continuing(state: str, at: str) -> str:
    """The first line of a new file: which state the file before it ended in."""
    return json.dumps({"at": at, "level": "info", "logger": "log", "event": "continues", "after": state})


def _fits(line: str, state: str, key: bytes) -> bool:
    """Whether a sealed line is as it was written, and so is all before it; one without a seal says nothing."""
    sealed = _SEALED.match(line)
    return sealed is None or hmac.compare_digest(sealed[2], mac(key, state, sealed[1] + "}"))


def _follows(line: str, before: str) -> bool:
    """Whether a file begins where the one before it ended; one that begins otherwise says nothing."""
    try:
        told = json.loads(line)
    except ValueError:
        return True
    return not isinstance(told, dict) or told.get("after", before) == before
