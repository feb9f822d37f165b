"""Second factors: a secret shared with the person's authenticator, sealed, and every code of it good once."""

from datetime import datetime
from functools import partial
from typing import Any

import pyotp
from sqlalchemy import Connection, delete, select, update

from trading.domain.errors import Broken, Refused
from trading.store.envelope import Envelope, NotOurs, open_, rewrap, seal
from trading.store.keyring import Keyring
from trading.store.persons import Persons
from trading.store.tables import FactorRow, table
from trading.store.writing import put

STEP = (
    30  # seconds a code is shown; one of the step before and after is good, too, for slow thumbs and clocks
)


class Factors(Persons):
    """Codes of six digits that change every half minute (RFC 6238), one secret for each person."""

    async def begin_factor(self, person_id: int) -> str:
        """A fresh secret, to be shown once; it counts from the first good code on. Refused when one counts already."""
        if await self.has_factor(person_id):
            raise Refused("There is a second factor already; /totp off ends it first.")
        secret = pyotp.random_base32()
        values = {
            "person_id": person_id,
            "sealed": _text(seal(self._key_ring(), secret, _place(person_id))),
            "confirmed_at": None,
            "last_step": 0,
        }
        what = f"second factor of person {person_id}"
        await self._store.note_change(what, "begun", lambda connection: put(connection, FactorRow, [values]))
        return secret

    async def has_factor(self, person_id: int) -> bool:
        """Whether the person has shown that their authenticator knows the secret."""
        factors = table(FactorRow).c
        query = select(factors.person_id).where(
            factors.person_id == person_id, factors.confirmed_at.is_not(None)
        )
        return bool(await self._store.database.rows(query))

    async def use_factor(self, person_id: int, code: str) -> bool:
        """Whether this is a good code, never used before; the first one makes the factor count.

        False for a while after five wrong ones, whatever the code.
        """
        now, sender = self._store.clock(), f"factor {person_id}"
        if self._wrong_codes.too_many(sender, now):
            return False
        self._wrong_codes.note(sender, now)  # wrong until it is known to be right: many may come at once
        factors = table(FactorRow)
        found = await self._store.database.rows(select(factors).where(factors.c.person_id == person_id))
        step = _step_of(self._open(person_id, found[0].sealed), code, now) if found else None
        if step is None or not await self._use_up(person_id, step, now):
            return False
        self._wrong_codes.forgive(sender)
        return True

    async def drop_factor(self, person_id: int) -> None:
        """From now on the person has no second factor."""
        factors = table(FactorRow)
        gone = delete(factors).where(factors.c.person_id == person_id)
        what = f"second factor of person {person_id}"
        await self._store.note_change(what, "given up", lambda connection: connection.execute(gone))

    async def rewrap_factors(self) -> int:
        """Wrap every secret with the current master key, after it was renewed; how many there are."""
        factors, ring = table(FactorRow), self._key_ring()
        rows = await self._store.database.rows(select(factors.c.person_id, factors.c.sealed))
        for row in rows:
            fresh = _text(rewrap(ring, _envelope(row.sealed), _place(row.person_id)))
            change = update(factors).where(factors.c.person_id == row.person_id).values(sealed=fresh)
            await self._store.database.write(partial(_execute, change))
        return len(rows)

    async def _use_up(self, person_id: int, step: int, now: datetime) -> bool:
        """A code is good once, whoever else sends it at the same moment."""
        factors = table(FactorRow)
        mine = (factors.c.person_id == person_id) & (factors.c.last_step < step)
        confirmed = factors.c.confirmed_at.is_(None)

        def use(connection: Connection) -> bool:
            connection.execute(update(factors).where(mine & confirmed).values(confirmed_at=now))
            return connection.execute(update(factors).where(mine).values(last_step=step)).rowcount == 1

        return await self._store.database.write(use)

    def _open(self, person_id: int, sealed: str) -> str:
        try:
            return open_(self._key_ring(), _envelope(sealed), _place(person_id))
        except NotOurs:
            raise Broken(
                "This second factor was sealed with another master key and cannot be opened."
            ) from None

    def _key_ring(self) -> Keyring:
        if self._ring is None:
            raise Refused("Second factors need the master key, and this desk has none.")
        return self._ring()


def _execute(change: Any, connection: Connection) -> None:
    connection.execute(change)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute this code belongs to, or None. Every candidate is compared, and in constant time."""
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    totp, step = pyotp.TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
    good = [at for at in (step - 1, step, step + 1) if pyotp.utils.strings_equal(totp.generate_otp(at), code)]
    return good[-1] if good else None


def _place(person_id: int) -> str:
    return f"second_factor {person_id}"


def _text(envelope: Envelope) -> str:
    return f"{envelope.key_id} {envelope.wrapped} {envelope.sealed}"


def _envelope(text: str) -> Envelope:
    return Envelope(*text.split(" "))
