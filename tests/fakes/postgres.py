"""A throw-away PostgreSQL server made of the distribution's own binaries: one per test run, no network."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

USER = "tradewind"
_STARTS_WITHIN = 30.0
_FAST = {  # nothing here outlives the test run, so nothing has to be on disk
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


@dataclass(slots=True)
class Postgres:
    """A running server; `url(name)` is where a database of it is."""

    folder: Path
    process: subprocess.Popen[bytes]
    made: int = 0

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """Do one statement outside of a transaction; what it returned."""
        import psycopg

        with psycopg.connect(
            dbname=database, user=USER, host=str(self.folder), autocommit=True
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template: str = "template1") -> str:
        """The url of a database that nobody has used."""
        self.made += 1
        name = f"t{self.made}"
        self.run(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {url.split('@/')[1].split('?')[0]} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for this run; skips, and says why, where there is none to start."""
    bins, account = _binaries(), _account()
    folder = Path(tempfile.mkdtemp(prefix="tw-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        with _server(bins, account, folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    pytest.skip(
        "no PostgreSQL server here: neither /usr/lib/postgresql/*/bin/initdb nor an initdb on the PATH"
    )


def _account() -> pwd.struct_passwd | None:
    """The server refuses to run as root; root becomes `postgres` for it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres' here to run it as")


@contextlib.contextmanager
def _server(bins: Path, account: pwd.struct_passwd | None, folder: Path) -> Iterator[Postgres]:
    who: dict[str, Any] = {}
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "log"
    quiet: dict[str, Any] = {
        "cwd": folder,
        "env": {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "")},
        **who,
    }
    initdb = [
        bins / "initdb",
        "-D",
        data,
        "-U",
        USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--no-instructions",
    ]
    made = subprocess.run(initdb, capture_output=True, text=True, **quiet)
    if made.returncode:
        pytest.fail(f"initdb failed: {made.stderr.strip()}")
    options = [word for name, value in _FAST.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [bins / "postgres", "-D", data, "-k", folder, *options], stdout=out, stderr=out, **quiet
        )
        try:
            server = Postgres(folder, process)
            _wait(server, log)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(20)


def _wait(server: Postgres, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        else:
            return
