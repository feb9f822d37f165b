"""When the master key is lost for good: begin anew with another one, and keep what only the lost one opens."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select

from trading.domain.audit import Head
from trading.domain.errors import Refused, SettingsError
from trading.domain.keys import Lost
from trading.store import keyring
from trading.store.audit import MARK, SYSTEM, Chain, newest
from trading.store.store import Store
from trading.store.tables import CredentialRow, FactorRow, MetaRow, table
from trading.store.vault import AUDIT_KEY, Vault
from trading.store.writing import put


async def lost(store: Store, path: Path) -> Lost:
    """What a reset would give up. Refused where nothing is lost: the key is the right one, or none is needed."""
    if await store.meta(AUDIT_KEY) is None:
        raise Refused(
            "Nothing was sealed in this database yet, so there is nothing to reset: start the desk."
        )
    if await _opens(store, path):
        raise Refused(
            f"The master key {path} opens this database, so it is not lost. A new one in its place: "
            "python main.py keys rotate"
        )
    return await store.database.read(_lost)


async def begin_anew(store: Store, path: Path, data_dir: Path) -> list[Path]:
    """Make a new master key, and forget what the lost one sealed; the files in which all of it is kept.

    Done again after a crash, it does the rest. Raises SettingsError when a file cannot be written.
    """
    stamp = store.clock().strftime("%Y%m%d-%H%M%S")
    was = await store.database.read(_sealed)
    kept = data_dir / f"sealed-{stamp}.json"
    _keep(kept, was)
    old = [file for file in (path, data_dir / MARK, data_dir / "logs") if file.exists()]
    aside = [kept, *(_set_aside(file, stamp) for file in old)]
    ring, at = keyring.make(path), store.clock()
    key, vault = secrets.token_hex(32), Vault(store, ring, b"", lambda values: None)
    sealed = {"key": AUDIT_KEY, "value": vault.seal(key, AUDIT_KEY)}
    chain = Chain(bytes.fromhex(key), data_dir / MARK)
    what = f"a new one, {ring.current.id}; the old one is lost, and with it the proof of every row before this one"

    def work(connection: Connection) -> Head:
        for row in (CredentialRow, FactorRow):
            connection.execute(delete(table(row)))
        put(connection, MetaRow, [sealed])
        return chain.begin_behind(connection, at, SYSTEM, "master key", what)

    chain.reached(await store.database.write(work))
    return aside


async def _opens(store: Store, path: Path) -> bool:
    """Whether the file is there and is the right key. A file that is no key at all is not touched: SettingsError."""
    if keyring.read(path) is None:
        return False
    try:
        await Vault.open(store, path, lambda values: None)
    except SettingsError:
        return False
    return True


def _lost(connection: Connection) -> Lost:
    held, factors = table(CredentialRow).c, table(FactorRow).c
    keys = connection.execute(select(held.account, held.purpose, held.exchange).order_by(held.account)).all()
    count = len(connection.execute(select(factors.person_id)).all())
    return Lost(keys=tuple(" ".join(row) for row in keys), factors=count, head=newest(connection))


def _sealed(connection: Connection) -> dict[str, Any]:
    """Every sealed thing as it lies in the database; it opens with the lost key only."""
    found: dict[str, Any] = {}
    for row in (CredentialRow, FactorRow):
        found[row.__tablename__] = [dict(one._mapping) for one in connection.execute(select(table(row)))]
    meta = table(MetaRow).c
    found[AUDIT_KEY] = connection.execute(select(meta.value).where(meta.key == AUDIT_KEY)).scalar()
    return found


def _set_aside(path: Path, stamp: str) -> Path:
    aside = path.with_name(f"{path.name}.{stamp}")
    try:
        path.rename(aside)
    except OSError as error:
        raise SettingsError(f"{path} cannot be set aside ({error.strerror}).") from None
    return aside


def _keep(path: Path, what: dict[str, Any]) -> None:
    """For its owner only, on disk when this returns."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as written:
            json.dump(what, written, default=str, indent=1)
            written.flush()
            os.fsync(written.fileno())
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}).") from None
