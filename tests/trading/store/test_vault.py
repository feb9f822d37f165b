"""The vault: what is sealed opens in its own place with the right master key, and nowhere else."""

import os
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update

from trading.domain.errors import Broken, Refused, SettingsError
from trading.domain.keys import Credentials, Purpose
from trading.store import keyring
from trading.store.envelope import Envelope, NotOurs, open_, seal
from trading.store.store import Store
from trading.store.tables import CredentialRow, table
from trading.store.vault import Vault

KEY, SECRET = "Kp4vNq8LrT2xWz6YbC1dEf3GhJ5mQs7U", "Zx9yXw8vUt7sRq6pOn5mLk4jIh3gFe2dCb1aAz0Y"
MAIN = Credentials(account="main", exchange="binance", purpose=Purpose.TRADE, key=KEY, secret=SECRET)


@pytest.fixture
def told() -> list[str]:
    """Every secret that was told, so that logs can hide it."""
    return []


@pytest.fixture
async def vault(store, tmp_path, told) -> Vault:
    return await Vault.open(store, tmp_path / "master.key", told.extend)


async def again(vault: Vault, path=None) -> Vault:
    """The same database, opened by another start."""
    return await Vault.open(vault.store, path or vault.ring.path, vault.tell)


async def everything_in(store: Store) -> str:
    """Every row of the tables that have to do with keys, as text."""
    found = [
        await store.database.rows(text(f"SELECT * FROM {name}")) for name in ("credential", "meta", "audit")
    ]
    return str([[tuple(row) for row in rows] for rows in found])


async def test_a_key_comes_back_as_it_was_given(vault):
    await vault.add(replace(MAIN, passphrase="open sesame"), "mina")

    found = await (await again(vault)).credentials("main", Purpose.TRADE)

    assert found.options() == {"apiKey": KEY, "secret": SECRET, "password": "open sesame"}


async def test_neither_the_database_nor_anything_printed_holds_it(vault, told):
    stored = await vault.add(MAIN, "mina")
    found = await vault.credentials("main", Purpose.TRADE)

    written = await everything_in(vault.store) + repr((stored, found, vault.ring))

    assert SECRET not in written
    assert KEY not in written
    assert stored.hint == f"…{KEY[-4:]}"
    assert {KEY, SECRET} <= set(told)


async def test_a_key_for_reading_is_not_one_for_trading(vault):
    await vault.add(replace(MAIN, purpose=Purpose.READ), "mina")

    with pytest.raises(Refused, match=r"There is no trade key for account main; .*keys add main"):
        await vault.credentials("main", Purpose.TRADE)


async def test_a_new_key_takes_the_place_of_the_old_one(vault):
    await vault.add(MAIN, "mina")

    second = await vault.add(replace(MAIN, secret="another one"), "mina")
    await vault.remove("main", Purpose.TRADE)

    assert second.version == 2
    assert await vault.stored() == []
    with pytest.raises(Refused, match="nothing to remove"):
        await vault.remove("main", Purpose.TRADE)


async def test_adding_and_removing_are_in_the_audit_without_the_key(vault):
    await vault.add(MAIN, "mina")
    await vault.remove("main", Purpose.TRADE)

    removed, added = await vault.store.audits(limit=2)

    assert (added.line, added.outcome) == ("trade key of main at binance", f"kept, ends in …{KEY[-4:]}")
    assert (removed.line, removed.outcome) == ("trade key of main", "removed")


@pytest.mark.parametrize(
    "column", ["account", "exchange", "purpose", "version", "wrapped", "sealed", "key_id"]
)
async def test_a_row_that_was_changed_or_moved_does_not_open(vault, column):
    await vault.add(MAIN, "mina")
    held = table(CredentialRow)
    row = (await vault.store.database.rows(select(held)))[0]
    before = getattr(row, column)
    flipped = f"{'A' if str(before)[30:31] != 'A' else 'B'}".join((str(before)[:30], str(before)[31:]))
    other = {"account": "other", "exchange": "kraken", "purpose": "read", "version": 2, "key_id": "00000000"}

    await vault.store.database.write(
        lambda c: c.execute(update(held).values(**{column: other.get(column, flipped)}))
    )

    with pytest.raises(Broken, match="cannot be opened: its row was changed or moved"):
        await vault.credentials(
            "other" if column == "account" else "main",
            Purpose.READ if column == "purpose" else Purpose.TRADE,
        )


async def test_one_spoiled_key_keeps_nothing_else_from_opening_and_can_be_removed(vault):
    await vault.add(MAIN, "mina")
    await vault.add(replace(MAIN, account="other"), "mina")
    held = table(CredentialRow)
    spoiled = update(held).where(held.c.account == "main").values(exchange="kraken")
    await vault.store.database.write(lambda c: c.execute(spoiled))

    restarted = await again(vault)

    assert (await restarted.credentials("other", Purpose.TRADE)).secret == SECRET
    with pytest.raises(Broken, match="Remove it and add the key again"):
        await restarted.credentials("main", Purpose.TRADE)
    await restarted.remove("main", Purpose.TRADE)
    assert [key.account for key in await restarted.stored()] == ["other"]


async def test_a_wrong_master_key_refuses_the_start_in_one_sentence(vault, tmp_path):
    other = keyring.make(tmp_path / "other.key")

    with pytest.raises(
        SettingsError, match="is not the one this database was sealed with: put the right file"
    ):
        await again(vault, other.path)


async def test_a_missing_master_key_is_never_made_anew(vault):
    vault.ring.path.unlink()

    with pytest.raises(SettingsError, match="is missing, and this database was sealed with it"):
        await again(vault)

    assert not vault.ring.path.exists()


async def test_rotation_leaves_everything_readable_and_the_old_key_worthless(vault, tmp_path):
    await vault.add(MAIN, "mina")
    before = vault.ring
    audit_key = vault.audit_key

    name = await vault.rotate()

    keyring.write(keyring.Keyring(tmp_path / "old.key", before.keys))
    assert name != before.current.id
    assert (await vault.credentials("main", Purpose.TRADE)).secret == SECRET
    assert (await (await again(vault)).credentials("main", Purpose.TRADE)).secret == SECRET
    assert vault.audit_key == (await again(vault)).audit_key == audit_key
    with pytest.raises(SettingsError, match="is not the one"):
        await again(vault, tmp_path / "old.key")


async def test_a_rotation_that_was_cut_off_in_the_middle_loses_nothing(vault):
    await vault.add(MAIN, "mina")
    both = keyring.Keyring(vault.ring.path, (keyring.new(), *vault.ring.keys))

    keyring.write(both)  # and here the power went

    restarted = await again(vault)
    assert (await restarted.credentials("main", Purpose.TRADE)).secret == SECRET
    assert await restarted.rotate() not in {key.id for key in both.keys}
    assert (await (await again(vault)).credentials("main", Purpose.TRADE)).secret == SECRET


async def test_a_master_key_of_ones_own_is_taken_up_where_it_was_put_first(vault):
    await vault.add(MAIN, "mina")
    mine, path = keyring.new(), vault.ring.path
    path.write_text(f"{mine.raw.hex()}\n{path.read_text()}")

    name = await vault.rotate()

    assert name == mine.id
    assert [key.id for key in keyring.read(path).keys] == [mine.id]


async def test_other_texts_of_the_house_can_be_sealed_too(vault):
    sealed = vault.seal("JBSWY3DPEHPK3PXP", "second_factor|7")

    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert vault.open_text(sealed, "second_factor|7") == "JBSWY3DPEHPK3PXP"
    with pytest.raises(Broken, match="was changed or moved"):
        vault.open_text(sealed, "second_factor|8")


# --- the envelope and the file ------------------------------------------------------------------------------


def a_ring(path="nowhere") -> keyring.Keyring:
    return keyring.Keyring(path, (keyring.new(),))


def test_no_bit_of_an_envelope_may_change():
    ring = a_ring()
    envelope = seal(ring, "a secret", "here")

    opened = []
    for field in ("wrapped", "sealed"):
        whole = getattr(envelope, field)
        for place in range(len(whole)):
            other = "A" if whole[place] != "A" else "Q"
            changed = replace(envelope, **{field: whole[:place] + other + whole[place + 1 :]})
            try:
                opened.append((field, place, open_(ring, changed, "here")))
            except NotOurs:
                continue

    assert opened == []


def test_sealing_twice_never_gives_the_same():
    ring = a_ring()

    seen = {part for _ in range(2000) for part in _parts(seal(ring, "a secret", "here"))}

    assert len(seen) == 4000


def _parts(envelope: Envelope) -> tuple[str, str]:
    return envelope.wrapped[:16], envelope.sealed[:16]  # the nonces


def test_the_file_is_for_its_owner_only_and_says_what_it_is(tmp_path):
    ring = keyring.make(tmp_path / "deep" / "master.key")

    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert "apart from the database and its backups" in ring.path.read_text()
    assert keyring.read(ring.path) == ring


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o660, 0o602])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    path = keyring.make(tmp_path / "master.key").path
    path.chmod(mode)

    with pytest.raises(SettingsError, match=f"is open to others .mode {mode:o}.; run: chmod 600"):
        keyring.read(path)


@pytest.mark.parametrize("content", ["", "# nothing\n", "hunter2", "AAAA", "ab" * 31, "ключ"])
def test_a_file_that_holds_no_key_is_refused_without_showing_it(tmp_path, content):
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(SettingsError, match="should hold 32 random bytes") as told:
        keyring.read(path)

    assert "hunter2" not in str(told.value)


def test_a_key_may_be_given_in_base64_or_hexadecimal(tmp_path):
    raw, path = os.urandom(32), tmp_path / "master.key"

    path.write_text(raw.hex())
    path.chmod(0o600)

    assert keyring.read(path).current.raw == raw
