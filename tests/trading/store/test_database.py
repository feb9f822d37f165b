"""How the database is opened, and what it says when something is wrong: a sentence, nothing half-written."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import START, a_fill, at
from tests.trading.store.nobody import a_folder_for_everybody, without_privileges
from trading.domain.errors import Broken, SettingsError
from trading.domain.report import EquityPoint
from trading.store.store import Step, Store

BEFORE = Step(account="main", at=START, fills=(a_fill(),), snapshot={"n": 1})
AFTER = Step(account="main", at=at(1), fills=(a_fill(id="f-2"),), snapshot={"n": 2, "filler": "x" * 200_000})


@pytest.fixture
async def sqlite(sqlite_url, clock):
    store = await Store.open(sqlite_url, clock)
    yield store
    await store.close()


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def asked(run, *pragmas):
    return [await run(lambda c, p=pragma: c.exec_driver_sql(f"PRAGMA {p}").scalar()) for pragma in pragmas]


async def state(store):
    return [fill.id for fill in await store.fills("main")], (await store.snapshot("main"))[1]["n"]


# --- profile ------------------------------------------------------------------------------------------------


async def test_the_writer_is_durable_and_owns_the_checkpoints(sqlite):
    found = await asked(
        sqlite.database.write,
        "journal_mode",
        "synchronous",
        "foreign_keys",
        "busy_timeout",
        "mmap_size",
        "query_only",
        "wal_autocheckpoint",
    )

    assert found == ["wal", 2, 1, 5000, 0, 0, 1000]


async def test_readers_only_ask_and_never_checkpoint(sqlite):
    found = await asked(
        sqlite.database.read, "query_only", "wal_autocheckpoint", "foreign_keys", "busy_timeout", "mmap_size"
    )

    assert found == [1, 0, 1, 5000, 0]


@pytest.mark.parametrize("statement", ["DELETE FROM meta", "CREATE TABLE mine (n)"])
async def test_a_reader_cannot_write(store, statement):
    await store.set_meta("a", "1")

    with pytest.raises(Broken):
        await store.database.read(lambda connection: connection.exec_driver_sql(statement))

    assert await store.meta("a") == "1"


async def test_a_reader_cannot_checkpoint_either(sqlite):
    await sqlite.write([BEFORE])

    with pytest.raises(Broken):
        await sqlite.database.read(lambda c: c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all())

    assert await state(sqlite) == (["f-1"], 1)


async def test_closing_leaves_one_file_with_everything_in_it(sqlite_url, clock):
    store = await Store.open(sqlite_url, clock)
    await store.write([BEFORE])

    await store.close()

    assert [path.name for path in path_of(sqlite_url).parent.iterdir()] == ["tradewind.db"]
    with closing(sqlite3.connect(path_of(sqlite_url))) as connection:
        assert connection.execute("SELECT id FROM fill").fetchall() == [("f-1",)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_many_read_while_one_writes_and_nobody_sees_half_a_tick(store):
    await store.write([BEFORE])

    async def write():
        for n in range(2, 30):
            fills = (a_fill(id=f"f-{n}", at=at(n)), a_fill(id=f"g-{n}", at=at(n)))
            await store.write([Step(account="main", at=at(n), fills=fills)])

    async def read():
        seen = []
        for _ in range(40):
            seen.append(len(await store.fills("main")))
        return seen

    *seen, _ = await asyncio.gather(*(read() for _ in range(5)), write())

    assert all(count % 2 == 1 for counts in seen for count in counts)
    assert all(counts == sorted(counts) for counts in seen)
    assert len(await store.fills("main")) == 57


async def test_cancelled_callers_leave_a_store_that_works(store):
    for n in range(30):
        writing = asyncio.ensure_future(store.set_meta("n", str(n)))
        reading = asyncio.ensure_future(store.meta("n"))
        await asyncio.sleep(0.0005 * (n % 4))
        writing.cancel()
        reading.cancel()
        await asyncio.gather(writing, reading, return_exceptions=True)

    await store.set_meta("n", "last")

    assert await store.meta("n") == "last"


# --- what is wrong at the start -----------------------------------------------------------------------------


async def test_a_database_that_is_not_there_is_not_made(tmp_path, clock):
    with pytest.raises(
        SettingsError, match=r"There is no database at .*/none.db yet; run 'python -m migrations'"
    ):
        await Store.open(f"sqlite:///{tmp_path}/none.db", clock)

    assert list(tmp_path.iterdir()) == []


async def test_a_database_without_tables_says_how_to_make_them(tmp_path, clock):
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()

    with pytest.raises(
        SettingsError, match=r"has no tables of this version yet; run 'python -m migrations' first"
    ):
        await Store.open(f"sqlite:///{tmp_path}/empty.db", clock)


async def test_a_database_of_an_older_version_says_so_too(sqlite_url, clock):
    with closing(sqlite3.connect(path_of(sqlite_url))) as connection:
        connection.execute("ALTER TABLE audit DROP COLUMN outcome")

    with pytest.raises(SettingsError, match="has no tables of this version yet"):
        await Store.open(sqlite_url, clock)


async def test_a_file_that_is_no_database_is_not_touched(tmp_path, clock):
    letter = tmp_path / "letter.db"
    letter.write_text("Dear desk, " * 500)

    with pytest.raises(SettingsError, match="is not a database or is damaged; put a backup in its place"):
        await Store.open(f"sqlite:///{letter}", clock)

    assert letter.read_text() == "Dear desk, " * 500


async def test_a_folder_is_not_a_database(tmp_path, clock):
    with pytest.raises(SettingsError, match="cannot be opened"):
        await Store.open(f"sqlite:///{tmp_path}", clock)


async def test_a_read_only_database_stops_the_start(sqlite_url, clock):
    with a_folder_for_everybody() as folder:
        (folder / "mine.db").write_bytes(path_of(sqlite_url).read_bytes())
        (folder / "mine.db").chmod(0o444)
        folder.chmod(0o555)

        with without_privileges(), pytest.raises(SettingsError) as told:
            await Store.open(f"sqlite:///{folder}/mine.db", clock)

    assert "writable" in told.value.tell
    assert str(folder) in told.value.tell


# --- what goes wrong later ----------------------------------------------------------------------------------


async def test_a_full_disk_is_one_sentence_and_the_last_tick_stays(sqlite):
    await sqlite.write([BEFORE])
    pages = (await asked(sqlite.database.write, "page_count"))[0]
    await asked(sqlite.database.write, f"max_page_count={pages}")

    with pytest.raises(Broken) as told:
        await sqlite.write([AFTER])
    during = await state(sqlite)
    await asked(sqlite.database.write, "max_page_count=1000000")
    await sqlite.write([AFTER])

    where = sqlite.database.where
    assert told.value.tell == (
        f"The disk is full and the database {where} cannot grow; free some space. Nothing was half-written."
    )
    assert during == (["f-1"], 1)
    assert await state(sqlite) == (["f-1", "f-2"], 2)


async def test_of_many_writers_at_a_full_disk_everybody_is_told(sqlite):
    pages = (await asked(sqlite.database.write, "page_count"))[0]
    await asked(sqlite.database.write, f"max_page_count={pages}")

    answers = await asyncio.gather(*(sqlite.write([AFTER]) for _ in range(10)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [Broken] * 10


async def test_a_database_locked_by_another_program_is_one_sentence(sqlite, sqlite_url):
    await sqlite.write([BEFORE])
    await asked(sqlite.database.write, "busy_timeout=20")

    with closing(sqlite3.connect(path_of(sqlite_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Broken, match="is locked by another program; close that program"):
            await sqlite.write([AFTER])
        during = await state(sqlite)
    await sqlite.write([AFTER])

    assert during == (["f-1"], 1)
    assert await state(sqlite) == (["f-1", "f-2"], 2)


async def test_a_damaged_database_is_one_sentence(sqlite_url, clock):
    store = await Store.open(sqlite_url, clock)
    curve = [Step(account="main", at=at(n), equity=EquityPoint(at(n), float(n))) for n in range(9000)]
    await store.write(curve)
    await store.close()
    size = path_of(sqlite_url).stat().st_size
    with path_of(sqlite_url).open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 2))

    store = await Store.open(sqlite_url, clock)
    with pytest.raises(Broken, match="is damaged; put a backup in its place"):
        await store.equity("main")
    await store.close()


async def test_a_reply_says_what_was_wrong_but_never_what_was_written(store):
    secret = {"token": {"hunter2"}}

    with pytest.raises(Broken) as told:
        await store.write([Step(account="main", at=START, snapshot=secret)])

    assert "hunter2" not in told.value.tell
    assert "hunter2" not in str(told.value.__cause__)


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.fixture
async def pg(postgres_url, clock):
    store = await Store.open(postgres_url, clock)
    yield store
    await store.close()


@pytest.mark.postgres
async def test_postgres_commits_to_disk_and_its_readers_only_ask(pg):
    shown = "SELECT current_setting('synchronous_commit'), current_setting('transaction_read_only')"

    writer = await pg.database.write(lambda c: tuple(c.exec_driver_sql(shown).one()))
    reader = await pg.database.read(lambda c: tuple(c.exec_driver_sql(shown).one()))

    assert (writer, reader) == (("on", "off"), ("on", "on"))


@pytest.mark.postgres
async def test_a_connection_lost_in_the_middle_leaves_nothing_half_written(pg, postgres):
    await pg.write([BEFORE])

    def torn(connection):
        connection.exec_driver_sql("DELETE FROM fill")
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        postgres.run(f"SELECT pg_terminate_backend({pid})")
        connection.exec_driver_sql("DELETE FROM snapshot")

    with pytest.raises(Broken, match="Nothing was half-written"):
        await pg.database.write(torn)
    during = await state(pg)
    await pg.write([AFTER])

    assert during == (["f-1"], 1)
    assert await state(pg) == (["f-1", "f-2"], 2)


@pytest.mark.postgres
async def test_a_server_that_was_restarted_is_found_again(pg, postgres):
    await pg.write([BEFORE])
    await state(pg)

    others = "pid <> pg_backend_pid() AND datname = 'shared'"
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    assert await state(pg) == (["f-1"], 1)
    await pg.write([AFTER])


@pytest.mark.postgres
async def test_a_missing_database_is_named_without_the_password(postgres, clock):
    with pytest.raises(SettingsError) as told:
        await Store.open(f"postgresql://tradewind:hunter2@/nowhere?host={postgres.folder}", clock)

    assert told.value.tell == (
        f"The database nowhere on {postgres.folder} does not exist; create it or correct database.url."
    )


@pytest.mark.postgres
async def test_an_empty_database_says_how_to_make_its_tables(postgres, clock):
    url = postgres.new_database()

    with pytest.raises(SettingsError, match="run 'python -m migrations' first"):
        await Store.open(url, clock)

    postgres.drop(url)


@pytest.mark.postgres
async def test_a_database_that_may_only_be_read_stops_the_start(postgres, own_postgres_url, clock):
    name = own_postgres_url.split("@/")[1].split("?")[0]
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    with pytest.raises(SettingsError, match="may only be read; use the primary server"):
        await Store.open(own_postgres_url, clock)


@pytest.mark.postgres
async def test_a_server_that_does_not_answer_is_one_sentence(tmp_path, clock):
    with pytest.raises(SettingsError) as told:
        await Store.open(f"postgresql://tradewind:hunter2@/desk?host={tmp_path}", clock)

    assert told.value.tell == (
        f"The database desk on {tmp_path} cannot be reached; check database.url and that the server runs."
    )
