"""An audit from before there was a chain keeps its rows, is taken up at the next start, and goes back again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations import run
from migrations.run import downgrade_now, upgrade_now
from tests.fakes.postgres import Postgres, postgres
from trading.store.audit import Chain
from trading.store.store import Store

__all__ = ["postgres"]

BEFORE = "0003"  # the last revision without a chain
ROW = "({seq}, '2025-03-10 12:00:00+00:00', 'mina', 'telegram:7', {account}, '/status {seq}', 'done')"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/tradewind.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    made = server.new_database()
    yield made
    server.drop(made)


def an_old_audit(url: str) -> None:
    upgrade_now(url, BEFORE)
    sqlite = url.startswith("sqlite")
    with run._connected(run.Address.parse(url)) as connection:
        for seq, account in (
            (1, "'main'"),
            (2, "NULL"),
            (7, "'main'"),
        ):  # a hole, as a rolled back row leaves
            values = ROW.format(seq=seq, account=account)
            values = values.replace("+00:00", "") if sqlite else values
            connection.exec_driver_sql(f"INSERT INTO audit VALUES {values}")
        connection.commit()


async def test_old_rows_are_taken_up_and_new_ones_follow_them(url, clock, tmp_path):
    an_old_audit(url)

    upgrade_now(url)
    store = await Store.open(url, clock)
    await store.keep_audit(Chain(b"k" * 32, tmp_path / "audit.head", fresh=True))
    await store.audit(at=clock(), person="mina", place="x", account=None, line="/new", outcome="done")
    verdict, rows = await store.check_audit(), await store.audits()
    await store.close()

    assert (verdict.rows, verdict.wrong, verdict.head.seq) == (4, "", 8)
    assert [(row.seq, row.line, row.account) for row in rows] == [
        (8, "/new", None),
        (7, "/status 7", "main"),
        (2, "/status 2", None),
        (1, "/status 1", "main"),
    ]


async def test_going_back_keeps_the_rows(url):
    an_old_audit(url)
    upgrade_now(url)

    downgrade_now(url, BEFORE)

    with run._connected(run.Address.parse(url)) as connection:
        rows = connection.exec_driver_sql("SELECT seq, line FROM audit ORDER BY seq").fetchall()
    assert [tuple(row) for row in rows] == [(1, "/status 1"), (2, "/status 2"), (7, "/status 7")]
