"""Up, down and up again; models and migrations agree; a copy is kept; failing half-way changes nothing."""

import logging
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Text, create_engine

from migrations import run
from migrations.__main__ import main
from migrations.newest import is_newest
from migrations.run import downgrade_now, upgrade, upgrade_now
from tests.builders import START, a_fill
from tests.fakes.postgres import Postgres, postgres
from tests.trading.store.nobody import a_folder_for_everybody, files_no_larger_than, without_privileges
from trading.domain.errors import SettingsError
from trading.domain.people import Place, Role
from trading.store.columns import Money, PlainText, UtcTime
from trading.store.lease import hold
from trading.store.people import PeopleStore
from trading.store.store import Step, Store
from trading.store.tables import Row

__all__ = ["postgres"]

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
HEAD = sorted(path.name[:4] for path in (run.HERE / "versions").glob("0*.py"))[-1]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/tradewind.db"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop(url)


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def schema(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def an_extra_migration(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrations as they are, and one more."""
    shutil.copytree(run.HERE, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "migrations" / "versions" / "9999_extra.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision = '9999'\ndown_revision = '{HEAD}'\nbranch_labels = depends_on = None\n"
        f"def upgrade():\n    {body}\ndef downgrade():\n    pass\n"
    )
    monkeypatch.setattr(run, "HERE", folder / "migrations")


def test_up_down_up_ends_where_it_began(url):
    first = upgrade_now(url)
    there = run.tables(url)
    down = downgrade_now(url, "base")
    gone = run.tables(url)
    again = upgrade_now(url)

    assert (first.before, first.after) == (None, HEAD)
    assert (down.before, down.after) == (HEAD, None)
    assert there == run.tables(url) == {*Row.metadata.tables, "tradewind_alembic_version"}
    assert gone == {"tradewind_alembic_version"}
    assert again.after == HEAD


def test_every_step_of_the_stairway_goes_down_and_up(url):
    for revision in sorted(path.name[:4] for path in (run.HERE / "versions").glob("0*.py")):
        upgrade_now(url, revision)
        downgrade_now(url)
        assert upgrade_now(url, revision).after == revision


def test_the_models_are_what_the_migrations_make(url):
    upgrade_now(url)

    assert run.differences(url) == []


def test_sqlite_tables_are_the_models_to_the_letter(sqlite_url, tmp_path):
    upgrade_now(sqlite_url)
    engine = create_engine(f"sqlite:///{tmp_path}/models.db")
    Row.metadata.create_all(engine)
    engine.dispose()

    made, modelled = schema(path_of(sqlite_url)), schema(tmp_path / "models.db")

    assert modelled <= made  # WITHOUT ROWID and AUTOINCREMENT, too, which a comparison of models does not see
    assert [sql for sql in made - modelled if "tradewind_alembic_version" not in sql] == []


def models_with(*more: Column[Any]) -> MetaData:
    """The models as they are, with other columns in the table `meta`."""
    changed = MetaData(naming_convention=Row.metadata.naming_convention)
    for table in Row.metadata.sorted_tables:
        table.to_metadata(changed)
    for column in more:
        changed.tables["meta"].append_column(column)
    return changed


def test_a_column_the_migrations_do_not_know_is_found(url, monkeypatch):
    upgrade_now(url)
    monkeypatch.setattr(Row, "metadata", models_with(Column("colour", Text())))

    found = run.differences(url)

    assert [line.split()[0] for line in found] == ["add_column"]
    assert "colour" in found[0]


def test_a_database_that_is_behind_is_not_as_the_models_say(url):
    upgrade_now(url)
    downgrade_now(url, "base")

    found = run.differences(url)

    assert found[0] == f"the database is at revision None, the newest is {HEAD}"
    assert len(found) > len(Row.metadata.tables)


def test_tables_of_other_programs_are_left_alone(url):
    upgrade_now(url)
    with run._connected(run.Address.parse(url)) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('v3.2.0.a')")
        connection.exec_driver_sql("CREATE TABLE studies (id INTEGER)")
        connection.commit()

    downgrade_now(url, "base")
    upgrade_now(url)

    assert run.differences(url) == []
    assert {"alembic_version", "studies"} <= run.tables(url)


async def test_a_running_loop_can_upgrade_and_then_open_the_store(url, clock):
    done = await upgrade(url)
    store = await Store.open(url, clock)
    await store.close()

    assert done.after == HEAD


def test_loggers_stay_as_they_were(url):
    mine = logging.getLogger("dispatcher")
    before = mine.disabled, logging.getLogger().level, list(logging.getLogger().handlers)

    upgrade_now(url)

    assert (mine.disabled, logging.getLogger().level, list(logging.getLogger().handlers)) == before


def test_nothing_to_do_changes_nothing_and_copies_nothing(sqlite_url):
    upgrade_now(sqlite_url)
    before = path_of(sqlite_url).read_bytes()

    done = upgrade_now(sqlite_url)

    assert (done.before, done.after, done.copy) == (HEAD, HEAD, None)
    assert path_of(sqlite_url).read_bytes() == before
    assert [path.name for path in path_of(sqlite_url).parent.iterdir()] == ["tradewind.db"]


def test_only_a_file_at_the_newest_step_needs_no_migration(sqlite_url):
    before = is_newest(sqlite_url)
    upgrade_now(sqlite_url)
    at_the_top = is_newest(sqlite_url)
    downgrade_now(sqlite_url)

    assert (before, at_the_top, is_newest(sqlite_url)) == (False, True, False)
    assert not is_newest("postgresql://somebody@nowhere/else")


def test_a_new_database_is_for_its_owner_only(sqlite_url):
    upgrade_now(sqlite_url)

    assert stat.S_IMODE(path_of(sqlite_url).stat().st_mode) == 0o600
    assert stat.S_IMODE(path_of(sqlite_url).parent.stat().st_mode) == 0o700


def test_a_file_may_be_called_anything(tmp_path):
    upgrade_now(f"sqlite:///{tmp_path}/öl 50%25 & #1.db")

    assert (tmp_path / "öl 50% & #1.db").exists()
    assert run.differences(f"sqlite:///{tmp_path}/öl 50%25 & #1.db") == []


async def test_what_was_there_is_copied_before_tables_change(sqlite_url, clock, tmp_path, monkeypatch):
    upgrade_now(sqlite_url)
    store = await Store.open(sqlite_url, clock)
    await store.write([Step(account="main", at=START, fills=(a_fill(),))])
    await store.close()
    an_extra_migration(tmp_path, "op.drop_table('fill')", monkeypatch)

    done = await upgrade(sqlite_url)

    assert done.copy.name.startswith(f"tradewind.db.{HEAD}-")
    assert stat.S_IMODE(done.copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(done.copy)) as copy:
        assert copy.execute("SELECT id FROM fill").fetchall() == [("f-1",)]
    assert "fill" not in run.tables(sqlite_url)


@pytest.mark.parametrize(
    "body",
    [
        "op.drop_table('fill'); op.execute('SELECT * FROM no_such_table')",
        "op.create_table('one', sa.Column('n', sa.Integer())); op.execute('nonsense')",
    ],
)
def test_a_migration_that_fails_half_way_changes_nothing(url, tmp_path, monkeypatch, body):
    upgrade_now(url)
    before = run.tables(url)
    an_extra_migration(tmp_path, body, monkeypatch)

    with pytest.raises(SettingsError, match=r"^Nothing was migrated: the database .* refused \("):
        upgrade_now(url)

    monkeypatch.undo()
    assert run.tables(url) == before
    assert run.differences(url) == []


def test_rows_that_would_point_nowhere_undo_the_migration(sqlite_url, tmp_path, monkeypatch):
    upgrade_now(sqlite_url)
    an_extra_migration(tmp_path, "op.execute(\"INSERT INTO grants VALUES (5, '*', 'owner')\")", monkeypatch)

    with pytest.raises(SettingsError, match="would leave rows of 'grants' that point nowhere"):
        upgrade_now(sqlite_url)

    monkeypatch.undo()
    assert upgrade_now(sqlite_url).after == HEAD


def test_a_database_of_a_newer_version_is_left_alone(url, tmp_path, monkeypatch):
    upgrade_now(url)
    an_extra_migration(tmp_path, "pass", monkeypatch)
    upgrade_now(url)
    monkeypatch.undo()

    with pytest.raises(SettingsError, match=r"cannot be migrated .*'9999'.*needs that version"):
        upgrade_now(url)


def test_without_a_copy_nothing_is_changed(sqlite_url, tmp_path, monkeypatch):
    upgrade_now(sqlite_url)
    before = schema(path_of(sqlite_url))
    an_extra_migration(tmp_path, "op.drop_table('fill')", monkeypatch)

    with files_no_larger_than(64 * 1024):
        with pytest.raises(SettingsError, match=r"No copy of the database .* so nothing was changed"):
            upgrade_now(sqlite_url)

    assert schema(path_of(sqlite_url)) == before
    assert [path.name for path in path_of(sqlite_url).parent.iterdir() if path.suffix == ".part"] == []


def test_a_running_desk_is_not_pulled_from_under_its_feet(sqlite_url, tmp_path, monkeypatch):
    upgrade_now(sqlite_url)
    an_extra_migration(tmp_path, "op.drop_table('fill')", monkeypatch)

    with hold(path_of(sqlite_url).parent) as desk:
        desk.facts["pid"] += 1
        desk.announce("")
        with pytest.raises(SettingsError, match=r"is running .* stop it before migrating"):
            upgrade_now(sqlite_url)

    assert "fill" in run.tables(sqlite_url)


def test_a_desk_may_migrate_its_own_database(sqlite_url):
    with hold(path_of(sqlite_url).parent):
        assert upgrade_now(sqlite_url).after == HEAD


def test_a_desk_that_is_just_starting_is_left_alone_too(sqlite_url, tmp_path, monkeypatch):
    upgrade_now(sqlite_url)
    an_extra_migration(tmp_path, "op.drop_table('fill')", monkeypatch)

    with hold(path_of(sqlite_url).parent) as desk:
        desk.path.write_text("")
        with pytest.raises(SettingsError, match=r"is running; stop it before migrating"):
            upgrade_now(sqlite_url)


def test_a_folder_that_cannot_be_written_is_one_sentence():
    with a_folder_for_everybody() as folder:
        folder.chmod(0o555)

        with without_privileges(), pytest.raises(SettingsError) as told:
            upgrade_now(f"sqlite:///{folder}/data/tradewind.db")

    assert told.value.tell == f"The database {folder}/data/tradewind.db cannot be opened (Permission denied)."


@pytest.mark.parametrize("what", [downgrade_now, run.differences])
def test_a_database_that_is_not_there_cannot_go_down_or_be_checked(tmp_path, what):
    with pytest.raises(SettingsError, match="There is no database at"):
        what(f"sqlite:///{tmp_path}/none.db")


# --- python -m migrations -----------------------------------------------------------------------------------


def test_without_words_the_database_goes_up(sqlite_url, capsys):
    assert main(["--url", sqlite_url]) == 0
    assert main(["--url", sqlite_url, "up"]) == 0

    path = path_of(sqlite_url)
    assert capsys.readouterr().out.splitlines() == [
        f"The database {path} went from revision nothing to {HEAD}.",
        f"The database {path} is at revision {HEAD} already.",
    ]


def test_down_and_check_and_their_exit_codes(sqlite_url, capsys):
    main(["--url", sqlite_url])
    well = main(["check", "--url", sqlite_url])
    down = main(["down", "base", "--url", sqlite_url])
    behind = main(["check", "--url", sqlite_url])

    told = capsys.readouterr()
    assert (well, down, behind) == (0, 0, 1)
    assert "The database is as the models say." in told.out
    assert f"went from revision {HEAD} to nothing." in told.out
    assert "A copy from before: " in told.out
    assert "the database is at revision None" in told.err


def test_the_database_of_the_environment_and_then_of_the_settings_is_used(tmp_path, monkeypatch, capsys):
    (tmp_path / "settings.toml").write_text(f'data_dir = "{tmp_path}/mine"\n')
    monkeypatch.chdir(tmp_path)

    assert main([]) == 0
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", f"sqlite:///{tmp_path}/other.db")
    assert main([]) == 0

    assert (tmp_path / "mine" / "tradewind.db").exists()
    assert (tmp_path / "other.db").exists()


def test_what_is_wrong_is_one_sentence_and_an_exit_code(capsys):
    assert main(["--url", "mysql://mina:hunter2@host/desk"]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("database.url starts with 'mysql', which is not supported; write sqlite:///")
    assert told.err.count("\n") == 1


def test_a_new_migration_is_written_in_types_that_never_change_and_works(url, tmp_path, monkeypatch, capsys):
    shutil.copytree(run.HERE, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(run, "HERE", tmp_path / "migrations")
    monkeypatch.setattr(
        Row,
        "metadata",
        models_with(Column("price", Money()), Column("seen_at", UtcTime()), Column("note", PlainText())),
    )
    upgrade_now(url)

    assert main(["new", "Add colours"]) == 0

    (written,) = (tmp_path / "migrations" / "versions").glob("*_add_colours.py")
    assert written.name == f"{int(HEAD) + 1:04d}_add_colours.py"
    assert "trading" not in written.read_text()
    assert upgrade_now(url).after == written.name[:4]
    assert run.differences(url) == []
    assert downgrade_now(url).after == HEAD


async def test_people_of_an_older_database_keep_who_they_are_and_what_they_may(url, clock):
    upgrade_now(url, "0001")
    with run._connected(run.Address.parse(url)) as connection:
        for line in (
            "INSERT INTO person VALUES (7, 'Mina', 'ko', 'Asia/Seoul', 'main', '2026-01-01 00:00:00')",
            "INSERT INTO grants VALUES (7, '*', 'owner')",
            "INSERT INTO identity VALUES ('telegram', '42', 7, '2026-01-01 00:00:00')",
        ):
            connection.exec_driver_sql(line)
        connection.commit()

    upgrade_now(url)
    store = await Store.open(url, clock)
    mina = await PeopleStore(store).find(Place(platform="telegram", user_id="42", chat_id="42", private=True))
    await store.close()

    assert (mina.id, mina.name, mina.zone, mina.roles) == (7, "Mina", "Asia/Seoul", {Role.OWNER})
