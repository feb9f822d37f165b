"""In continuous integration a missing browser or database is a failure; on a desk it is a skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SKIPPING = """
import pytest

@pytest.mark.browser
def test_needs_a_browser():
    pytest.skip("no chromium here")

@pytest.mark.postgres
@pytest.mark.skipif(True, reason="no server here")
def test_needs_a_server():
    pass

@pytest.mark.skipif(True, reason="for another system")
def test_of_something_else():
    pass
"""

SKIPPED_WHOLE = """
import pytest

pytest.importorskip("a_package_that_nobody_has")
"""


def outcome(folder: Path, ci: str) -> str:
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull, "-W", "ignore"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder)],
        cwd=ROOT,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout


@pytest.mark.parametrize("ci", ["", "false"])
def test_on_a_desk_tests_may_skip(tmp_path, ci):
    (tmp_path / "test_skipping.py").write_text(SKIPPING)

    assert "3 skipped" in outcome(tmp_path, ci)


def test_in_ci_browser_and_database_tests_may_not_skip(tmp_path):
    (tmp_path / "test_skipping.py").write_text(SKIPPING)

    said = outcome(tmp_path, "true")

    assert "1 failed, 1 skipped, 1 error" in said
    assert "needs browser, which must not be missing in CI: Skipped: no chromium here" in said
    assert "needs postgres, which must not be missing in CI: Skipped: no server here" in said


def test_in_ci_no_file_may_skip_itself(tmp_path):
    (tmp_path / "test_whole.py").write_text(SKIPPED_WHOLE)

    said = outcome(tmp_path, "true")

    assert "1 error" in said
    assert "could not import 'a_package_that_nobody_has'" in said
