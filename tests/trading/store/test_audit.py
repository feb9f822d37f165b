"""The audit's chain: whatever is changed, taken out, put in, moved or cut off is found."""

import asyncio
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.builders import START
from trading.domain.audit import Actor, Head
from trading.domain.errors import Broken
from trading.domain.people import Place, Role
from trading.store.audit import NOTHING, Chain, Entry, first_wrong
from trading.store.changes import keep_limits
from trading.store.people import PeopleStore
from trading.store.store import SleeveOverride, Store

KEY = b"k" * 32
MINA = Actor(person="mina", place="telegram:7", account="main")


@pytest.fixture
async def audited(store, tmp_path) -> Store:
    """A store whose audit is chained, with five rows in it."""
    await store.keep_audit(Chain(KEY, tmp_path / "audit.head", fresh=True))
    for n in range(1, 6):
        await said(store, f"/status {n}")
    return store


async def said(store: Store, line: str) -> None:
    await store.audit(
        at=store.clock(), person="mina", place="telegram:7", account="main", line=line, outcome="done"
    )


async def sql(store: Store, *statements: str) -> None:
    """What somebody does who has the database and not the key."""

    def work(connection):
        for statement in statements:
            connection.execute(text(statement))

    await store.database.write(work)


async def test_an_untouched_audit_is_whole(audited):
    verdict = await audited.check_audit()

    assert (verdict.rows, verdict.head.seq, verdict.wrong) == (5, 5, "")


@pytest.mark.parametrize(
    ("statements", "wrong"),
    [
        (["UPDATE audit SET line = '/kill' WHERE seq = 3"], "row 3 was changed"),
        (["UPDATE audit SET outcome = 'refused' WHERE seq = 5"], "row 5 was changed"),
        (["UPDATE audit SET account = NULL WHERE seq = 1"], "row 1 was changed"),
        (["UPDATE audit SET at = '2001-01-01 00:00:00' WHERE seq = 2"], "row 2 was changed"),
        (["DELETE FROM audit WHERE seq = 3"], "after row 2 comes row 4"),
        (["DELETE FROM audit WHERE seq = 1"], "row 2 was changed, put in or moved"),
        (["DELETE FROM audit WHERE seq >= 4"], "rows 4 to 5 are missing at its end"),
        (["DELETE FROM audit"], "rows 1 to 5 are missing at its end"),
        (["UPDATE audit SET seq = 9 WHERE seq = 2"], "after row 1 comes row 3"),
        (
            [
                "INSERT INTO audit (seq, at, person, place, account, line, outcome, mac)"
                " SELECT 6, at, person, place, account, line, outcome, mac FROM audit WHERE seq = 5"
            ],
            "row 6 was changed, put in or moved",
        ),
        (
            [
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ],
            "row 2 was changed",
        ),
    ],
)
async def test_what_somebody_does_to_the_table_is_found(audited, statements, wrong):
    await sql(audited, *statements)

    assert wrong in (await audited.check_audit()).wrong


@pytest.mark.parametrize(
    "nonsense",
    [
        "line = CAST(x'ff' AS TEXT)",
        "at = 'garbage'",
        "at = x'00'",
        "line = x'00ff'",
        "outcome = 7.5",
        "mac = 5",
    ],
)
async def test_what_sqlite_lets_somebody_write_into_any_column_is_found(
    sqlite_url, clock, tmp_path, nonsense
):
    store = await Store.open(sqlite_url, clock)
    await store.keep_audit(Chain(KEY, tmp_path / "audit.head", fresh=True))
    for n in range(1, 6):
        await said(store, f"/status {n}")
    await sql(store, f"UPDATE audit SET {nonsense} WHERE seq = 3")

    wrong = (await store.check_audit()).wrong
    await store.close()

    assert wrong in (
        "the row after row 2 cannot be read: it was changed",
        "row 3 was changed, put in or moved",
    )


async def test_a_row_written_with_another_key_is_found(audited):
    forger = Chain(b"x" * 32)
    await audited.database.write(lambda c: forger.append(c, START, MINA, "/unkill", "done"))

    assert "row 6 was changed, put in or moved" in (await audited.check_audit()).wrong


async def test_a_cut_tail_stays_found_when_the_desk_goes_on_writing_after_a_restart(audited, tmp_path):
    await sql(audited, "DELETE FROM audit WHERE seq >= 4")
    await audited.keep_audit(Chain(KEY, tmp_path / "audit.head"))

    for n in range(5):
        await said(audited, f"/later {n}")

    assert (await audited.check_audit()).wrong == "row 5 is not the one that was marked"


@pytest.mark.parametrize("cut", ["DELETE FROM audit WHERE seq >= 4", "DELETE FROM audit"])
async def test_a_cut_tail_stays_found_when_its_mark_was_taken_away_with_it(audited, tmp_path, cut):
    await sql(audited, cut)
    (tmp_path / "audit.head").unlink()
    await audited.keep_audit(Chain(KEY, tmp_path / "audit.head"))

    for n in range(5):
        await said(audited, f"/later {n}")

    assert (await audited.check_audit()).wrong.startswith("the mark of its newest row is missing: ")


async def test_nobody_passes_forged_rows_off_as_those_from_before_there_was_a_chain(audited, tmp_path):
    await sql(audited, "UPDATE audit SET line = '/unkill', mac = ''")
    (tmp_path / "audit.head").unlink()

    await audited.keep_audit(Chain(KEY, tmp_path / "audit.head"))

    assert "row 1 was changed" in (await audited.check_audit()).wrong


@pytest.mark.parametrize("content", ["", "{}", '{"seq": 2, "mac": "00", "seal": "00"}', "[1]"])
async def test_a_changed_mark_is_found(audited, tmp_path, content):
    (tmp_path / "audit.head").write_text(content)

    assert (await audited.check_audit()).wrong == "the mark of its newest row was changed"


async def test_a_lost_mark_is_found(audited, tmp_path):
    (tmp_path / "audit.head").unlink()

    assert (await audited.check_audit()).wrong.startswith("the mark of its newest row is missing: ")


async def test_another_host_needs_the_mark_brought_along_and_then_both_find_it_whole(audited, tmp_path):
    there = tmp_path / "there" / "audit.head"
    there.parent.mkdir()

    await audited.keep_audit(Chain(KEY, there))
    without = (await audited.check_audit()).wrong
    there.write_text((tmp_path / "audit.head").read_text())
    await audited.keep_audit(Chain(KEY, there))
    await said(audited, "/said there")
    there_whole = await audited.check_audit()
    await audited.keep_audit(Chain(KEY, tmp_path / "audit.head"))
    here_whole = await audited.check_audit()

    assert without.endswith("or was not brought along to this host")
    assert (there_whole.wrong, here_whole.wrong) == ("", "")
    assert there_whole.rows == here_whole.rows


async def test_the_mark_is_for_its_owner_only_and_goes_forward(audited, tmp_path):
    mark = tmp_path / "audit.head"

    audited.chain.reached(Head(2, "0" * 64))

    assert mark.stat().st_mode & 0o777 == 0o600
    assert audited.chain.marked().seq == 5


async def test_a_crash_between_the_row_and_its_mark_is_no_tampering(audited):
    await audited.database.write(lambda c: audited.chain.append(c, START, MINA, "/status", "done"))

    assert (await audited.check_audit()).wrong == ""


async def test_rows_from_before_there_was_a_chain_are_taken_up_once(store, tmp_path):
    for n in range(3):
        await said(store, f"/old {n}")
    await sql(store, "UPDATE audit SET mac = ''")

    await store.keep_audit(Chain(KEY, tmp_path / "audit.head", fresh=True))
    taken_up = await store.check_audit()
    await sql(store, "UPDATE audit SET line = 'x', mac = ''")
    await store.keep_audit(Chain(KEY, tmp_path / "audit.head"))

    assert (taken_up.rows, taken_up.wrong) == (3, "")
    assert "row 1 was changed" in (await store.check_audit()).wrong


async def test_a_change_and_its_row_are_written_together_on_behalf_of_whoever_asked(audited):
    audited.act_for(MINA)
    await audited.save_sleeve("main", "rsi", SleeveOverride(enabled=False))
    audited.act_for(None)

    newest = (await audited.audits(limit=1))[0]

    assert (newest.person, newest.place, newest.line) == ("mina", "telegram:7", "strategy rsi of main")
    assert "enabled: False" in newest.outcome
    assert (await audited.check_audit()).wrong == ""


async def test_roles_limits_and_delegations_are_changed_together_with_their_rows(audited):
    people = PeopleStore(audited)
    place = Place(platform="telegram", user_id="9", chat_id="9", private=True)
    owner = await people.new_code(None, {Role.OWNER}, timedelta(hours=1))
    person = await people.pair(place, "Mina", owner)
    audited.act_for(MINA)

    await people.give(person.id, "main", Role.TRADER)
    await people.delegate(person, person.id, "main", Decimal(200), START + timedelta(days=700))
    await people.end_delegation(person.id, "main")
    await people.end_delegation(person.id, "main")  # changes nothing
    await keep_limits(audited, "main", {"daily_loss": 0.02})
    audited.act_for(None)

    newest = await audited.audits(limit=4)
    told = [(row.line, row.outcome.split(":")[0]) for row in reversed(newest)]
    assert told[0] == (f"person {person.id}", "made trader of main")
    assert told[1][0] == told[2][0] == f"delegation of main to person {person.id}"
    assert told[2][1] == "ended"
    assert newest[0].line == "account main limits"
    assert newest[0].outcome == "{} → {'daily_loss': 0.02}"
    assert {row.person for row in newest} == {"mina"}
    assert (await audited.check_audit()).wrong == ""


async def test_a_change_that_fails_leaves_no_row(audited):
    def breaks(connection):
        connection.execute(text("UPDATE nowhere SET x = 1"))

    with pytest.raises(Broken):
        await audited.note_change("something", "done", breaks)

    assert [row.line for row in await audited.audits(limit=1)] == ["/status 5"]


async def test_rows_that_are_written_at_the_same_moment_follow_each_other(audited):
    await asyncio.gather(*(said(audited, f"/at once {n}") for n in range(50)))

    verdict = await audited.check_audit()
    assert (verdict.rows, verdict.wrong) == (55, "")


async def test_tampering_with_the_file_itself_is_found(tmp_path: Path, sqlite_url, clock):
    store = await Store.open(sqlite_url, clock)
    await store.keep_audit(Chain(KEY, tmp_path / "audit.head", fresh=True))
    for n in range(20):
        await said(store, f"/status {n}")
    await store.close()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as hands:
        hands.execute("UPDATE audit SET person = 'eve' WHERE seq = 7")
        hands.commit()

    again = await Store.open(sqlite_url, clock)
    await again.keep_audit(Chain(KEY, tmp_path / "audit.head"))
    verdict = await again.check_audit()
    await again.close()

    assert verdict.wrong == "row 7 was changed, put in or moved"


# --- ten thousand of them -----------------------------------------------------------------------------------


def rows(count: int) -> list[Entry]:
    """An audit as the chain writes it."""
    written, before = [], NOTHING.mac
    for seq in range(1, count + 1):
        one = Entry(
            seq=seq,
            at=START + timedelta(seconds=seq),
            person=f"p{seq % 3}",
            place="telegram:7",
            account=None if seq % 5 == 0 else "main",
            line=f"/status {seq}",
            outcome="done",
        )
        before = one.sealed_after(before, KEY)
        written.append(replace(one, mac=before))
    return written


def changed(one: Entry, dice: random.Random) -> Entry:
    field = dice.choice(["seq", "at", "person", "place", "account", "line", "outcome", "mac"])
    other = {
        "seq": one.seq + dice.choice([-1, 1, 1000]),
        "at": one.at + timedelta(microseconds=dice.choice([-1, 1, 10**9])),
        "account": "main" if one.account is None else dice.choice([None, "", "Main"]),
    }
    turned = dice.randrange(64)
    flipped = "0" if one.mac[turned] != "0" else "1"
    other["mac"] = one.mac[:turned] + flipped + one.mac[turned + 1 :]
    for name in ("person", "place", "line", "outcome"):
        other[name] = getattr(one, name) + dice.choice([" ", "x", "\n"])
    return replace(one, **{field: other[field]})


def tampered(written: list[Entry], dice: random.Random) -> list[Entry]:
    """One row changed, taken out, copied, moved, or the tail cut off."""
    found, place = list(written), dice.randrange(len(written))
    match dice.choice(["change", "delete", "copy", "swap", "cut", "shift"]):
        case "change":
            found[place] = changed(found[place], dice)
        case "delete":
            del found[place]
        case "copy":
            found.insert(place, dice.choice(found))
        case "swap":
            other = dice.choice([n for n in range(len(found)) if n != place])
            found[place], found[other] = found[other], found[place]
        case "cut":
            del found[place:]
        case "shift":  # the numbers are mended, as somebody would who hopes that only they are looked at
            del found[place]
            found[place:] = [replace(one, seq=one.seq - 1) for one in found[place:]]
    return found


def test_ten_thousand_tamperings_are_all_found():
    dice, written = random.Random(7), rows(24)
    marked = Head(written[-1].seq, written[-1].mac)

    missed = []
    for _ in range(10_000):
        found = tampered(written, dice)
        wrong, reached = first_wrong(found, KEY)
        if not wrong and reached == marked:
            missed.append(found)

    assert first_wrong(written, KEY) == ("", marked)
    assert missed == []


def test_a_hundred_thousand_rows_are_checked_in_seconds():
    written = rows(20_000)
    began = time.thread_time()

    wrong, _ = first_wrong(written, KEY)

    assert wrong == ""
    assert time.thread_time() - began < 2.0  # of work: 10 s for 100,000 rows
