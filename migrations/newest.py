"""Whether a database is up to date, found out without loading what would bring it there."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from migrations.matching import VERSION_TABLE
from trading.store.address import Address

VERSIONS = Path(__file__).parent / "versions"


async def bring_up(url: str) -> None:
    """As `migrations.run.upgrade`, which is loaded only where there is something to do."""
    if await asyncio.to_thread(is_newest, url):
        return
    from migrations.run import upgrade

    await upgrade(url)


def is_newest(url: str) -> bool:
    """True for a SQLite file at the newest revision; False for everything else, which is the migration's to judge."""
    path = Address.parse(url).path
    if path is None:
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            rows = database.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall()  # noqa: S608 - our own word
    except sqlite3.Error:
        return False
    return rows == [(newest(),)]


def newest() -> str:
    """The last step of the stairway: files are called after their revision, one follows the other."""
    return max(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py"))
