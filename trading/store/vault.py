"""The vault: exchange keys, sealed in the database, and the master key that opens them."""

import json
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Connection, delete, select, update

from trading.domain.errors import Broken, Refused, SettingsError
from trading.domain.keys import Credentials, Purpose, StoredKey
from trading.store import keyring
from trading.store.envelope import Envelope, NotOurs, open_, rewrap, seal
from trading.store.keyring import Keyring
from trading.store.store import Store
from trading.store.tables import CredentialRow, MetaRow, table
from trading.store.writing import add_new, put

log = structlog.get_logger("vault")

Tell = Callable[[Collection[str]], None]  # hears every opened secret, so that it can be kept out of logs

AUDIT_KEY: Final = "audit.key"  # the meta row that also proves that the master key is the right one


@dataclass(slots=True)
class Vault:
    """Opened with the right master key, or not at all. Everything that leaves it was told to `tell` before."""

    store: Store
    ring: Keyring
    audit_key: bytes
    tell: Tell
    made: Path | None = None  # the master key's file, when this very start made it
    began: bool = False  # this very start made the audit's key: nothing was sealed with it before
    others: list[Callable[[], Awaitable[object]]] = field(default_factory=list)  # wrap what they sealed anew

    @classmethod
    async def open(cls, store: Store, path: Path, tell: Tell) -> "Vault":
        """Open every sealed thing once, so that all of it is hidden in logs. A wrong key raises SettingsError.

        The file at `path` is made when nothing has been sealed yet.
        """
        ring, known, made = keyring.read(path), await store.meta(AUDIT_KEY), None
        if ring is None and known is None:
            ring, made = keyring.make(path), path
        if ring is None:
            raise SettingsError(
                f"The master key {path} is missing, and this database was sealed with it: put the file back "
                "from its safe copy, or name it in master_key_file. Lost for good: python main.py keys reset"
            )
        tell(ring.secrets)
        vault = cls(store, ring, b"", tell, made)
        vault.audit_key = await vault._audit_key()
        for row in await vault._rows():
            try:
                vault._opened(row)
            except Broken as error:  # the others open; whoever asks for this one is told
                log.error("key_not_opened", account=row.account, purpose=row.purpose, reason=error.tell)
        return vault

    # --- keys -----------------------------------------------------------------------------------------------

    async def credentials(self, account: str, purpose: Purpose) -> Credentials:
        """The key of an account for this purpose, and for no other; Refused when there is none."""
        rows = await self._rows(account, purpose)
        if not rows:
            word = " --read-only" if purpose is Purpose.READ else ""
            raise Refused(
                f"There is no {purpose} key for account {account}; "
                f"add one on the desk's own machine: python main.py keys add {account}{word}"
            )
        return self._opened(rows[0])

    async def stored(self) -> list[StoredKey]:
        """What is there, without opening it."""
        return [
            StoredKey(
                account=row.account,
                purpose=Purpose(row.purpose),
                exchange=row.exchange,
                hint=row.hint,
                version=row.version,
                added_at=row.added_at,
                added_by=row.added_by,
            )
            for row in await self._rows()
        ]

    async def add(self, given: Credentials, by: str) -> StoredKey:
        """Seal a key and keep it in the place of an older one."""
        self.tell(given.secrets)
        at = self.store.clock()

        def work(connection: Connection) -> StoredKey:
            held = table(CredentialRow)
            version = connection.execute(select(held.c.version).where(*_of(given.account, given.purpose)))
            stored = StoredKey(
                account=given.account,
                purpose=given.purpose,
                exchange=given.exchange,
                hint=given.hint,
                version=(version.scalar() or 0) + 1,
                added_at=at,
                added_by=by,
            )
            put(connection, CredentialRow, [self._sealed(stored, given)])
            return stored

        what = f"{given.purpose} key of {given.account} at {given.exchange}"
        return await self.store.note_change(what, f"kept, ends in {given.hint}", work)

    async def remove(self, account: str, purpose: Purpose) -> None:
        """Forget a key; Refused when there is none."""
        gone = delete(table(CredentialRow)).where(*_of(account, purpose))
        if not await self._rows(account, purpose):
            raise Refused(f"There is no {purpose} key for account {account}, so there is nothing to remove.")
        await self.store.note_change(f"{purpose} key of {account}", "removed", lambda c: c.execute(gone))

    # --- the master key -------------------------------------------------------------------------------------

    async def rotate(self) -> str:
        """Let a new master key wrap everything; what is read meanwhile opens with the old one. Its name.

        The file holds both keys until everything is wrapped anew: a crash at any point loses nothing. Where
        the file cannot be written, a person puts the new key in as its first line before calling this.
        """
        fresh = keyring.read(self.ring.path) or self.ring
        if fresh.current == self.ring.current:
            fresh = Keyring(self.ring.path, (keyring.new(), *fresh.keys))
            keyring.write(fresh)
        self.tell(fresh.secrets)
        before, self.ring = self.ring, fresh
        await self.store.note_change("master key", f"{before.current.id} → {fresh.current.id}", self._rewrap)
        for wrap_anew in self.others:
            await wrap_anew()
        if len(fresh.keys) > 1:
            alone = Keyring(fresh.path, (fresh.current,))
            keyring.write(alone)
            self.ring = alone
        return fresh.current.id

    def seal(self, text: str, place: str) -> str:
        """Seal another text of the house to its place, for a column of its own."""
        return json.dumps(asdict(seal(self.ring, text, place)))

    def open_text(self, sealed: str, place: str) -> str:
        """What `seal` was given; Broken when it was changed or moved."""
        try:
            return open_(self.ring, Envelope(**json.loads(sealed)), place)
        except (NotOurs, ValueError, TypeError):
            raise Broken(f"What is sealed for {place} cannot be opened: it was changed or moved.") from None

    # --- inside ---------------------------------------------------------------------------------------------

    async def _rows(self, account: str | None = None, purpose: Purpose | None = None) -> list[Any]:
        held = table(CredentialRow)
        query = select(held).order_by(held.c.account, held.c.purpose)
        if account is not None and purpose is not None:
            query = query.where(*_of(account, purpose))
        return list(await self.store.database.rows(query))

    def _sealed(self, stored: StoredKey, given: Credentials) -> dict[str, Any]:
        text = json.dumps([given.key, given.secret, given.passphrase])
        about = asdict(stored) | {"purpose": stored.purpose.value}
        return about | _columns(seal(self.ring, text, _place(stored)))

    def _opened(self, row: Any) -> Credentials:
        try:
            key, secret, passphrase = json.loads(open_(self.ring, _envelope(row), _place(row)))
        except NotOurs:
            raise Broken(
                f"The stored {row.purpose} key of account {row.account} cannot be opened: its row was changed "
                "or moved. Remove it and add the key again."
            ) from None
        found = Credentials(
            account=row.account,
            exchange=row.exchange,
            purpose=Purpose(row.purpose),
            key=key,
            secret=secret,
            passphrase=passphrase,
        )
        self.tell(found.secrets)
        return found

    async def _audit_key(self) -> bytes:
        """The key of the audit's chain, sealed by the master key; made when the database has none yet."""
        fresh = {"key": AUDIT_KEY, "value": self.seal(secrets.token_hex(32), AUDIT_KEY)}
        if await self.store.meta(AUDIT_KEY) is None:
            self.began = await self.store.database.write(partial(add_new, row=MetaRow, values=fresh))
        try:
            text = self.open_text(await self.store.meta(AUDIT_KEY) or "", AUDIT_KEY)
        except Broken:
            raise SettingsError(
                f"The master key in {self.ring.path} is not the one this database was sealed with: "
                "put the right file back, or name it in master_key_file. Lost for good: python main.py keys reset"
            ) from None
        self.tell([text])
        return bytes.fromhex(text)

    def _rewrap(self, connection: Connection) -> None:
        held, meta = table(CredentialRow), table(MetaRow)
        for row in connection.execute(select(held)).all():
            fresh = _columns(rewrap(self.ring, _envelope(row), _place(row)))
            connection.execute(update(held).where(*_of(row.account, Purpose(row.purpose))).values(**fresh))
        sealed = connection.execute(select(meta.c.value).where(meta.c.key == AUDIT_KEY)).scalar_one()
        fresh_key = json.dumps(asdict(rewrap(self.ring, Envelope(**json.loads(sealed)), AUDIT_KEY)))
        connection.execute(update(meta).where(meta.c.key == AUDIT_KEY).values(value=fresh_key))


def _of(account: str, purpose: Purpose) -> tuple[Any, Any]:
    held = table(CredentialRow)
    return held.c.account == account, held.c.purpose == purpose.value


def _place(of: Any) -> str:
    """What a key is sealed to: another account, exchange, purpose or version does not open it."""
    return f"credential|{of.account}|{of.exchange}|{of.purpose}|{of.version}"


def _envelope(row: Any) -> Envelope:
    return Envelope(row.key_id, row.wrapped, row.sealed)


def _columns(envelope: Envelope) -> dict[str, str]:
    return asdict(envelope)
