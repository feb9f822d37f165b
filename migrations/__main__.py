"""`python -m migrations [up|down|new MESSAGE|check]`: the database of the settings, or of --url."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from migrations import run
from trading.domain.errors import TradingError
from trading.settings import load


def main(words: Sequence[str]) -> int:
    """Do it and say what was done; 0 when all is well."""
    asked = _parser().parse_args(words)
    try:
        return _do(asked)
    except TradingError as error:
        print(error.tell, file=sys.stderr)
        return 1


def _do(asked: argparse.Namespace) -> int:
    if asked.what == "new":
        print(f"Written: {run.new(asked.word)}. Read it before you trust it.")
        return 0
    url = asked.url or os.environ.get("TRADEWIND__DATABASE__URL") or load(asked.settings).database_url
    if asked.what == "check":
        return _check(url)
    if asked.what == "down":
        _tell(run.downgrade_now(url, asked.word or "-1"))
    else:
        _tell(run.upgrade_now(url, asked.word or "head"))
    return 0


def _tell(done: run.Migrated) -> None:
    if done.before == done.after:
        print(f"The database {done.where} is at revision {done.after} already.")
        return
    before, after = done.before or "nothing", done.after or "nothing"
    print(f"The database {done.where} went from revision {before} to {after}.")
    if done.copy is not None:
        print(f"A copy from before: {done.copy}")


def _check(url: str) -> int:
    found = run.differences(url)
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print("The database is as the models say.")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m migrations", description=__doc__)
    parser.add_argument("what", nargs="?", default="up", choices=("up", "down", "new", "check"))
    parser.add_argument("word", nargs="?", help="up, down: the revision to go to; new: what it is about")
    parser.add_argument("--url", help="the database; otherwise TRADEWIND__DATABASE__URL, then the settings")
    parser.add_argument("--settings", type=Path, help="the settings file to take the database from")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
