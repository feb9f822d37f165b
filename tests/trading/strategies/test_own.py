"""Strategies of one's own: a file in a folder is enough, and a wrong one is refused in one sentence."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trading.strategies as catalogue
from tests.builders import HOUR, a_series, walk
from trading.domain.errors import Broken, Refused, SettingsError
from trading.domain.research import Question
from trading.lab.ask import from_candles
from trading.lab.workers import Workers
from trading.strategies import evaluate, find, own, strategies
from trading.strategies.own import folders, load_folder

GOOD = '''"""Half in, whatever happens."""

from dataclasses import dataclass

import pandas as pd

from trading.strategies import param, strategy


@dataclass(frozen=True, slots=True)
class Params:
    """How much."""

    share: float = param(0.5, low=0.0, high=1.0, help="how much to hold")


@strategy("half", warmup=lambda p: 3)
def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Holds the same share all the time."""
    return candles["close"] * 0 + p.share
'''


@pytest.fixture(autouse=True)
def _forgets_what_tests_load() -> Iterator[None]:
    strategies()
    registered, loaded = dict(catalogue._registered), dict(own._loaded)
    yield
    catalogue._registered.clear()
    catalogue._registered.update(registered)
    own._loaded.clear()
    own._loaded.update(loaded)
    for name in [name for name in sys.modules if name.startswith("own_strategies.")]:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path) -> Path:
    home = tmp_path / "mine"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    return home


def put(folder: Path, text: str, name: str = "half.py", mode: int = 0o644) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(folder: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        load_folder(folder)
    assert "\n" not in refused.value.tell
    return refused.value.tell


def test_a_file_in_the_folder_is_a_strategy_like_any_other(folder):
    put(folder, GOOD)

    load_folder(folder)

    half = find("half")
    assert half.summary == "Holds the same share all the time."
    assert evaluate(half, half.params({"share": "0.25"}), walk(5)).tolist() == [0, 0, 0.25, 0.25, 0.25]


def test_its_parameters_are_checked_like_those_of_the_house(folder):
    put(folder, GOOD)

    load_folder(folder)

    with pytest.raises(Refused, match=r"half: share must be within 0 \.\.\. 1, not 2\."):
        find("half").params({"share": 2})


def test_no_folder_is_nothing_to_load(folder):
    before = strategies()

    load_folder("")
    load_folder(folder)

    assert strategies() == before


def test_a_file_that_begins_with_an_underscore_is_left_alone(folder):
    put(folder, "this is no python", "_notes.py")
    put(folder, "neither is this", "notes.txt")

    load_folder(folder)

    assert "half" not in strategies()


def test_a_folder_that_does_not_exist_is_named(folder):
    assert refusal(folder / "no") == (
        f"strategies_dir: there is no folder {folder / 'no'}; name one, or leave it empty."
    )


# --- who may write it ---------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="mode bits are a POSIX thing")
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_others_can_write_is_not_run(folder, mode):
    path = put(folder, GOOD, mode=mode)

    assert refusal(folder) == (
        f"{path} can be written by others (mode {mode:o}), so its code is not run; "
        f"take that right away: chmod go-w {path}"
    )
    assert "half" not in strategies()


@pytest.mark.skipif(os.name != "posix", reason="mode bits are a POSIX thing")
def test_nothing_is_run_in_a_folder_others_can_write(folder):
    put(folder, GOOD)
    folder.chmod(0o775)

    assert refusal(folder).startswith(f"{folder} can be written by others (mode 775)")


@pytest.mark.skipif(os.name != "posix", reason="mode bits are a POSIX thing")
def test_a_link_is_as_trusted_as_what_it_leads_to(folder, tmp_path):
    shed = tmp_path / "shed"
    shed.mkdir()
    (folder / "half.py").symlink_to(put(shed, GOOD))
    shed.chmod(0o777)

    assert refusal(folder).startswith(f"{shed} can be written by others (mode 777)")


def test_a_link_that_leads_nowhere_is_named(folder):
    (folder / "half.py").symlink_to(folder / "gone")

    assert refusal(folder) == f"{folder / 'half.py'} is not a file; take it out of the folder."


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that opens but cannot be read")
def test_a_file_that_cannot_be_read_is_named(folder):
    path = folder / "half.py"
    path.symlink_to("/proc/self/mem")

    assert refusal(folder) == f"{path} cannot be read: Input/output error."


# --- what is in it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("class Params:", "class Params"), " line 11: expected ':'"),
        ("x = 1\ny = nothing\n", " line 2: NameError: name 'nothing' is not defined"),
        (
            "import nowhere_to_be_found\n",
            " line 1: ModuleNotFoundError: No module named 'nowhere_to_be_found'",
        ),
        ("def f():\n    return 1 / 0\n\nf()\n", " line 2: ZeroDivisionError: division by zero"),
        ("class Odd(Exception):\n    pass\n\nraise Odd('one\\ntwo')\n", " line 4: Odd: one"),
        ("import sys\nsys.exit(3)\n", " line 2: SystemExit: 3"),
        ("x = 1\n", ": it has no strategy (a function under @strategy)"),
        (GOOD.replace('"half"', '"rsi"'), " line 17: Two strategies are called rsi"),
        (GOOD.replace("low=0.0, high=1.0, ", ""), "share needs a range that holds its default 0.5"),
        (GOOD.replace('"""Holds the same share all the time."""', ""), "half needs a docstring"),
        ("x = '\0'", "source code string cannot contain null bytes"),
    ],
)
def test_a_broken_file_is_refused_with_file_line_and_reason(folder, text, said):
    path = put(folder, text)
    before = strategies()

    told = refusal(folder)

    assert told.startswith(str(path))
    assert said in told
    assert told.endswith("; correct the file or take it out of the folder.")
    assert strategies() == before


def test_whoever_interrupts_is_not_held_up(folder):
    put(folder, GOOD + "\nraise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        load_folder(folder)

    assert "half" not in strategies()


def test_two_files_cannot_share_a_name(folder):
    put(folder, GOOD, "a.py")
    path = put(folder, GOOD, "b.py")

    assert refusal(folder).startswith(f"{path} line 17: Two strategies are called half")
    assert find("half").params().share == 0.5


# --- again --------------------------------------------------------------------------------------------------


def test_a_file_is_not_run_again_while_it_is_the_same(folder):
    put(folder, GOOD)
    load_folder(folder)
    first = find("half")

    load_folder(folder)

    assert find("half") is first


def test_a_changed_file_is_run_again(folder):
    put(folder, GOOD)
    load_folder(folder)
    put(folder, GOOD.replace("param(0.5", "param(0.75"))

    load_folder(folder)

    assert find("half").params().share == 0.75


def test_a_change_for_the_worse_leaves_what_was_known(folder):
    put(folder, GOOD)
    load_folder(folder)
    put(folder, GOOD + "\nraise ValueError\n")

    assert "ValueError" in refusal(folder)
    assert find("half").params().share == 0.5


def test_a_file_taken_away_is_forgotten(folder):
    path = put(folder, GOOD)
    load_folder(folder)
    path.unlink()

    load_folder(folder)

    assert "half" not in strategies()


# --- elsewhere ----------------------------------------------------------------------------------------------


def test_another_process_is_told_which_folders_to_load(folder):
    put(folder, GOOD)

    load_folder(folder)

    assert folders() == (str(folder),)


def test_one_that_fails_at_work_is_told_with_its_file_and_line(folder):
    put(folder, GOOD.replace('candles["close"] * 0', 'candles["clsoe"] * 0'))
    load_folder(folder)
    half = find("half")

    with pytest.raises(Broken) as broken:
        evaluate(half, half.params(), walk(1200))

    assert (
        broken.value.tell
        == "The strategy half failed on 1,200 candles, in half.py line 20: KeyError('clsoe')."
    )


async def test_a_backtest_in_the_worker_process_knows_them(folder):
    put(folder, GOOD)
    load_folder(folder)
    workers = Workers()
    question = Question(strategy="half", params={"share": "0.2"})
    recorded = from_candles({"BTC/USDT": a_series([100.0 + n for n in range(30)])}, HOUR)

    answers = [answer async for answer in workers.run("backtest", question, recorded, 0.0)]

    workers.close()
    assert answers[-1].strategy == "half"
