"""A lost master key: what it sealed is set aside, a new one takes its place, and the audit goes on behind its rows."""

import json
import stat

import pytest
from sqlalchemy import text

from tests.trading.store.test_people import an_owner
from trading.domain.errors import Refused, SettingsError
from trading.domain.keys import Credentials, Purpose
from trading.safe import Safe
from trading.store import reset
from trading.store.people import PeopleStore

KEY = Credentials(account="main", exchange="binance", purpose=Purpose.TRADE, key="k" * 20, secret="s" * 20)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys" / "master.key"


@pytest.fixture
async def lived(store, file, tmp_path):
    """A database in which something was sealed, and whose master key is gone."""
    safe = await opened(store, file, tmp_path)
    await safe.vault.add(KEY, "mina")
    people = PeopleStore(store, ring=lambda: safe.vault.ring)
    owner = await an_owner(people)
    await people.begin_factor(owner.id)
    file.unlink()
    return store


async def opened(store, file, folder) -> Safe:
    """What a start of the desk does."""
    safe = Safe(store, lambda account: "binance")
    await safe.open(file, folder, lambda values: None)
    return safe


async def said(store, line):
    await store.audit(
        at=store.clock(), person="mina", place="web:1", account="main", line=line, outcome="done"
    )


async def test_a_desk_without_its_master_key_says_what_can_be_done(lived, file, tmp_path):
    with pytest.raises(SettingsError, match=r"put the file back .* Lost for good: python main.py keys reset"):
        await opened(lived, file, tmp_path)

    assert not file.exists()


async def test_what_would_be_given_up_is_said_before(lived, file):
    lost = await reset.lost(lived, file)

    assert lost.keys == ("main trade binance",)
    assert lost.factors == 1
    assert lost.head.seq > 0


async def test_with_a_new_key_the_desk_starts_and_the_audit_goes_on(lived, file, tmp_path):
    before = (await reset.lost(lived, file)).head

    await reset.begin_anew(lived, file, tmp_path)
    safe = await opened(lived, file, tmp_path)
    await said(lived, "/status")
    verdict = await safe.check_audit(before.short)

    assert (verdict.wrong, verdict.unproven, verdict.rows) == ("", before.seq, before.seq + 2)
    assert (await lived.audits(limit=2))[-1].line == "master key"
    assert await safe.keys(["main"]) == []


async def test_everything_the_lost_key_sealed_is_kept_and_nothing_of_it_is_plain(lived, file, tmp_path):
    (tmp_path / "logs").mkdir()
    head = (tmp_path / "audit.head").read_text()

    aside = await reset.begin_anew(lived, file, tmp_path)

    kept = json.loads(aside[0].read_text())
    assert stat.S_IMODE(aside[0].stat().st_mode) == 0o600
    assert [row["hint"] for row in kept["credential"]] == ["…kkkk"]
    assert (len(kept["second_factor"]), "s" * 20 in aside[0].read_text()) == (1, False)
    assert [path.name.rpartition(".")[0] for path in aside[1:]] == ["audit.head", "logs"]
    assert aside[1].read_text() == head


async def test_a_wrong_key_is_set_aside_and_not_overwritten(lived, file, tmp_path):
    other = reset.keyring.make(file)

    await reset.begin_anew(lived, file, tmp_path)

    (kept,) = file.parent.glob("master.key.*")
    assert reset.keyring.read(kept).current == other.current
    assert reset.keyring.read(file).current != other.current


async def test_the_right_key_is_not_reset(store, file, tmp_path):
    await opened(store, file, tmp_path)

    with pytest.raises(Refused, match=r"so it is not lost.*keys rotate"):
        await reset.lost(store, file)


async def test_a_file_that_is_no_key_is_left_to_its_person(lived, file):
    file.write_text("something else\n")
    file.chmod(0o600)

    with pytest.raises(SettingsError, match="should hold 32 random bytes"):
        await reset.lost(lived, file)


async def test_an_empty_database_has_nothing_to_reset(store, file):
    with pytest.raises(Refused, match="nothing to reset"):
        await reset.lost(store, file)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta WHERE key = 'audit.begins'",
        "UPDATE meta SET value = replace(value, '\"seq\": ', '\"seq\": 1') WHERE key = 'audit.begins'",
        "UPDATE audit SET outcome = 'refused' WHERE seq = (SELECT max(seq) FROM audit)",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
    ],
)
async def test_where_the_proof_begins_cannot_be_moved(lived, file, tmp_path, statement):
    await reset.begin_anew(lived, file, tmp_path)
    safe = await opened(lived, file, tmp_path)
    await said(lived, "/status")
    await lived.database.write(lambda connection: connection.execute(text(statement)))

    assert (await safe.check_audit()).wrong


async def test_a_mark_of_the_newest_row_is_no_beginning(lived, file, tmp_path):
    """Whoever can write both could hide all older rows with the mark beside the database, were they alike."""
    await reset.begin_anew(lived, file, tmp_path)
    safe = await opened(lived, file, tmp_path)
    await said(lived, "/kill")
    mark = (tmp_path / "audit.head").read_text()
    await lived.set_meta("audit.begins", mark)

    assert (await safe.check_audit()).wrong
