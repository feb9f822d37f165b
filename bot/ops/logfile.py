"""Where log lines go: a terminal that may go away, and files that only their owner reads, line by line sealed."""

import contextlib
import io
import logging
import logging.handlers
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.ops.redact import one_line
from bot.ops.seal import START, Checked, Seal, check, continuing, lines_of

SEAL_LENGTH = 30  # bytes that a seal adds to a line


class Careful(logging.Handler):
    """A line that cannot be written costs nothing but the line, and its content is shown nowhere else."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        kind = type(sys.exc_info()[1]).__name__
        if sys.__stderr__ is not None:
            with contextlib.suppress(OSError):  # a terminal that has gone, or a full disk under 2>file
                sys.__stderr__.write(
                    f"A log line of {one_line(record.name)} could not be written ({kind}).\n"
                )


class Stderr(Careful, logging.StreamHandler[Any]):
    pass


class File(Careful, logging.handlers.RotatingFileHandler):
    """Readable by its owner only, from the first byte on, after every rotation; its lines are sealed."""

    def __init__(self, path: Path, most_bytes: int, files: int) -> None:
        self._seal, self._ready, self._unsure = Seal(), "", False
        super().__init__(path, maxBytes=most_bytes, backupCount=files, encoding="utf-8")
        self._take_up()

    def begin(self, key: bytes) -> None:
        """Seal every line from here on."""
        with self._alone():
            self._seal.key = key

    def check(self) -> Checked:
        """Whether all files are as they were written, to the newest line. Writing goes on meanwhile."""
        newest = Path(self.baseFilename)
        with self._alone():
            self.flush()
            files, key, state, size = (
                files_of(newest),
                self._seal.key,
                self._seal.state,
                newest.stat().st_size,
            )
        checked = check(files, key, state, size)
        if not checked.wrong:
            return checked
        with self._alone():  # a file may have been set aside in between, so once more, and nobody writes
            self.flush()
            return check(files_of(newest), key, self._seal.state)

    # The base class asks first whether the line still fits, then puts it into words, then writes it.

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - the name is logging's
        self._ready = super().format(record)
        size = len(self._ready.encode("utf-8", "replace")) + SEAL_LENGTH
        return int(self.stream is not None and self.stream.tell() + size >= self.maxBytes)

    def format(self, record: logging.LogRecord) -> str:
        """Once for each line: what vouches for it depends on all before it."""
        if self._unsure:
            self._take_up()
        return self._seal.seal(self._ready)

    def doRollover(self) -> None:  # noqa: N802
        before = self._seal.state
        super().doRollover()
        self._seal.state = START
        self._write(self._seal.seal(continuing(before, datetime.now(UTC).isoformat())))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self._unsure = True  # the line may be there, or half of it
        super().handleError(record)

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def _take_up(self) -> None:
        """Go on behind what is there; half a line, left by a crash or a full disk, is ended first."""
        path = Path(self.baseFilename)
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            self._write("")
        self._seal.take_up(lines_of(path))
        self._unsure = False

    def _write(self, line: str) -> None:
        if self.stream is not None:
            self.stream.write(line + self.terminator)
            self.stream.flush()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody writes meanwhile."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


def files_of(newest: Path) -> list[Path]:
    """The files that were set aside, oldest first, and the newest."""
    aside = [path for path in newest.parent.glob(f"{newest.name}.*") if path.suffix[1:].isdecimal()]
    return [*sorted(aside, key=lambda path: -int(path.suffix[1:])), newest]
