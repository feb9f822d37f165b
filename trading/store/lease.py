"""One desk per data folder: an operating-system lock that names its holder and dies with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trading.domain.errors import SettingsError


class Held(SettingsError):
    """Another process works on this data folder."""


@dataclass(slots=True)
class Lease:
    """The right to be the only desk on a data folder, held until `release` or the end of the process."""

    def announce(self, web: str) -> None:
        """Write down where this desk can be reached, for the command line."""

    def release(self) -> None: ...
    def __enter__(self) -> "Lease": ...
    def __exit__(self, *_: object) -> None: ...


def hold(data_dir: Path) -> Lease:
    """Take the folder (made when missing), or raise Held, naming the holder's pid and since when."""
    ...


def holder(data_dir: Path) -> dict[str, Any] | None:
    """`pid`, `since`, `host` and `web` of the desk that runs on this folder now, or None."""
    ...
