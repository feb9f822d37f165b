"""What this house has done at least, remembered outside of the database: a copy put back is noticed."""

import json
import os
from pathlib import Path

from trading.domain.errors import Broken

NAME = "epochs.json"


class HighWater:
    """The highest epoch of each exchange account, in a file beside the database."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self, identity: str) -> int:
        """0 when nothing is known. Raises Broken when the file cannot be understood: then nobody can know."""
        return int(self._all().get(identity, 0))

    def write(self, identity: str, epoch: int) -> None:
        """On disk when this returns."""
        known = self._all() | {identity: epoch}
        fresh = self._path.with_suffix(".new")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(known, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise Broken(f"The file {self._path} cannot be written ({error.strerror}).") from error

    def _all(self) -> dict[str, int]:
        try:
            found = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise Broken(
                f"The file {self._path} cannot be read; put it back from a copy, or delete it when you are sure that "
                "the database is the newest."
            ) from error
        if not isinstance(found, dict):
            raise Broken(f"The file {self._path} should hold a table; found something else.")
        return found
