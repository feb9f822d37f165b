"""One desk per data folder: an operating-system lock that names its holder and dies with it."""

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trading.domain.errors import SettingsError

NAME = "tradewind.lock"
_TRIES, _PAUSE = 5, 0.05  # somebody may be looking at the lock at this very moment


class Held(SettingsError):
    """Another process works on this data folder."""


@dataclass(slots=True)
class Lease:
    """The right to be the only desk on a data folder, held until `release` or the end of the process."""

    path: Path
    facts: dict[str, Any]
    _file: int

    def announce(self, web: str) -> None:
        """Write down where this desk can be reached, for the command line."""
        self.facts = {**self.facts, "web": web}
        self._write()

    def release(self) -> None:
        """Let somebody else be the desk. Done twice, it does nothing."""
        if self._file < 0:
            return
        file, self._file = self._file, -1
        os.ftruncate(file, 0)
        os.close(file)

    def _write(self) -> None:
        content = json.dumps(self.facts).encode()
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))

    def _close_in_child(self) -> None:
        """A worker process must not keep the lock alive when the desk itself is gone."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def hold(data_dir: Path) -> Lease:
    """Take the folder (made when missing), or raise Held, naming the holder's pid and since when."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    try:
        if not _locked(file, fcntl.LOCK_EX):
            raise _held(data_dir)
        lease = Lease(data_dir / NAME, _facts(), file)
        lease._write()
    except OSError as error:
        os.close(file)
        raise _unusable(data_dir, error) from error
    except Held:
        os.close(file)
        raise
    os.register_at_fork(after_in_child=lease._close_in_child)
    return lease


def _facts() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": socket.gethostname(),
        "web": "",
    }


def holder(data_dir: Path) -> dict[str, Any] | None:
    """`pid`, `since`, `host` and `web` of the desk that runs on this folder now, or None."""
    try:
        file = os.open(data_dir / NAME, os.O_RDONLY)
    except OSError:
        return None  # nobody ever held it, or we may not look
    try:
        if _take(file, fcntl.LOCK_SH):
            return None
        facts = json.loads(os.pread(file, 4096, 0) or b"{}")
    except ValueError:
        return {}  # it is being written
    finally:
        os.close(file)
    return facts if isinstance(facts, dict) else {}


def _locked(file: int, kind: int) -> bool:
    for _ in range(_TRIES):
        if _take(file, kind):
            return True
        time.sleep(_PAUSE)
    return False


def _take(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held(data_dir: Path) -> Held:
    facts = holder(data_dir) or {}
    who = f"process {facts['pid']} on {facts['host']} since {facts['since']}" if "pid" in facts else "another"
    return Held(
        f"The data folder {data_dir} is in use by {who}; stop that desk first, "
        "or set data_dir to another folder."
    )


def _unusable(data_dir: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"The data folder {data_dir} cannot be written ({error.strerror}); make it writable for this user, "
        "or set data_dir to a folder that is."
    )
