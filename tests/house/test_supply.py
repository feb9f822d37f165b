"""What is installed is what was locked, and `make audit` never says "fine" about what it could not ask."""

import base64
import hashlib
import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.code import ROOT

SPEC = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

LOCKED = "alpha==1.0 --hash=sha256:00\nbeta==2.0 --hash=sha256:11\n"


class Tools:
    """uv and pip-audit, as they answer with a network, without one, or in between."""

    def __init__(self, canary=None, answers=None, synced=0) -> None:
        self.canary, self.answers, self.synced = canary, answers, synced

    def __call__(self, words):
        name = Path(words[0]).name
        if name == "uv":
            return done(words, "" if words[1] == "sync" else LOCKED, self.synced if words[1] == "sync" else 0)
        said = self.canary if "--no-deps" in words else self.answers
        return done(words, "" if said is None else json.dumps({"dependencies": said, "fixes": []}))


def done(words, out, code=0):
    return subprocess.CompletedProcess(words, code, out, "would change: alpha")


def known(name, version, *vulns):
    return {"name": name, "version": version, "vulns": [{"id": one} for one in vulns]}


WEAK_CANARY = [known("pyyaml", "5.3", "CVE-2020-14343")]
ALL_WELL = [known("alpha", "1.0"), known("beta", "2.0")]
UNKNOWN_TO_IT = [{"name": "pyyaml", "skip_reason": "not found"}]


def test_the_lock_names_every_file_by_its_hash():
    verdict, sentence = audit.lock_is_whole()

    assert (verdict, sentence) == (audit.GOOD, sentence)
    assert "every file with its SHA-256" in sentence


def test_installing_keeps_to_the_lock_and_builds_nothing():
    makefile = (ROOT / "Makefile").read_text()

    installs = [line for line in makefile.splitlines() if "$(UV) sync" in line]
    assert installs
    assert [line for line in installs if "--frozen" not in line or "--no-build" not in line] == []


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (('hash = "sha256:', 'hash = "md5:'), "without a SHA-256"),
        (('source = { registry = "https://', 'source = { registry = "http://'), "not over https"),
    ],
)
def test_a_spoiled_lock_is_found(tmp_path, spoiled, why):
    text = (ROOT / "uv.lock").read_text().replace(*spoiled, 1)
    (tmp_path / "uv.lock").write_text(text)

    verdict, sentence = audit.lock_is_whole(tmp_path / "uv.lock")

    assert (verdict, why in sentence) == (audit.BAD, True)


@pytest.mark.parametrize(
    ("tools", "verdict", "said"),
    [
        (Tools(WEAK_CANARY, ALL_WELL), audit.GOOD, "nothing is known against 2 packages"),
        (Tools(None, None), audit.UNKNOWN, "no database could be asked"),
        (Tools(UNKNOWN_TO_IT, ALL_WELL), audit.UNKNOWN, "no database could be asked"),
        (Tools([known("pyyaml", "5.3")], ALL_WELL), audit.UNKNOWN, "no database could be asked"),
        (Tools(WEAK_CANARY, None), audit.UNKNOWN, "nothing was said about the locked packages"),
        (Tools(WEAK_CANARY, []), audit.UNKNOWN, "nothing was said about the locked packages"),
        (Tools(WEAK_CANARY, [*ALL_WELL, UNKNOWN_TO_IT[0]]), audit.UNKNOWN, "nothing was said about pyyaml"),
        (Tools(WEAK_CANARY, [known("alpha", "1.0", "CVE-1")]), audit.BAD, "alpha 1.0 (CVE-1)"),
    ],
)
def test_silence_is_not_innocence(tools, verdict, said):
    found, sentence = audit.no_known_weakness("uv", tools)

    assert (found, said in sentence) == (verdict, True), sentence


def test_an_environment_that_is_not_as_locked_is_found():
    assert audit.is_as_locked("uv", Tools(synced=1))[0] == audit.BAD
    assert audit.is_as_locked("uv", Tools())[0] == audit.GOOD


def test_the_exit_code_is_that_of_the_worst_answer(capsys, monkeypatch):
    monkeypatch.setattr(audit, "files_are_untouched", lambda: (audit.GOOD, "files"))

    codes = [
        audit.main("uv", tools)
        for tools in (Tools(WEAK_CANARY, ALL_WELL), Tools(None), Tools(None, synced=1))
    ]

    assert codes == [0, 2, 1]
    assert "NOT AUDITED" in capsys.readouterr().out


# --- installed files ----------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path) -> Path:
    """A folder with one small package in it, installed from a wheel."""
    content = b"def sign():\n    return 'honest'\n"
    record = f"gamma/__init__.py,sha256={digest(content)},{len(content)}\ngamma-1.0.dist-info/METADATA,,\n"
    wheel = tmp_path / "gamma.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("gamma/__init__.py", content)
        packed.writestr("gamma-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: gamma\nVersion: 1.0\n")
        packed.writestr("gamma-1.0.dist-info/RECORD", record)
    folder = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def test_untouched_files_are_counted(site):
    assert audit.files_are_untouched([str(site)]) == (
        audit.GOOD,
        "files: 1 are as their wheels recorded them",
    )


def test_a_changed_file_is_found(site):
    (site / "gamma" / "__init__.py").write_text("def sign():\n    return 'and send it elsewhere'\n")

    verdict, sentence = audit.files_are_untouched([str(site)])

    assert (verdict, "gamma" in sentence) == (audit.BAD, True)


def test_a_missing_file_is_found(site):
    (site / "gamma" / "__init__.py").unlink()

    assert audit.files_are_untouched([str(site)])[0] == audit.BAD


def test_a_file_that_runs_at_every_start_and_is_nobodys_is_found(site):
    (site / "zzz.pth").write_text("import os\n")

    verdict, sentence = audit.files_are_untouched([str(site)])

    assert (verdict, "zzz.pth, which runs at every start" in sentence) == (audit.BAD, True)


def test_what_runs_these_tests_is_as_recorded():
    verdict, sentence = audit.files_are_untouched()

    assert verdict == audit.GOOD, (sentence, sys.prefix)
