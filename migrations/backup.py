"""A copy of a SQLite database, made before its tables change."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from trading.domain.errors import SettingsError


def copy_of(path: Path, revision: str, now: datetime) -> Path:
    """A checked copy beside the database, named by revision and time, or SettingsError."""
    target = path.with_name(f"{path.name}.{revision}-{now:%Y%m%dT%H%M%S}.bak")
    partial = target.with_suffix(".part")
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
        _copy(path, partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise SettingsError(
            f"No copy of the database {path} could be made before its migration ({error}), "
            "so nothing was changed; free some space or make the folder writable."
        ) from error
    return target


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as old:
        with closing(sqlite3.connect(target)) as new:
            old.backup(new)
            verdict = new.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged: {verdict}")
